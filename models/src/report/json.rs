//! JSON that people can read, too.

/// Puts every list of plain numbers, true, false or null on one line.
pub(super) fn short_lists(pretty: &str) -> String {
    let mut out = String::with_capacity(pretty.len());
    let (mut rest, mut quoted, mut escaped) = (pretty, false, false);
    while let Some(c) = rest.chars().next() {
        let list = (c == '[' && !quoted).then(|| plain_list(rest)).flatten();
        if let Some(list) = list {
            let items: Vec<&str> = list[1..list.len() - 1].split(',').map(str::trim).collect();
            out.push('[');
            out.push_str(&items.join(", "));
            out.push(']');
            rest = &rest[list.len()..];
            continue;
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// The list at the beginning of the text, if it holds no list, object or string.
fn plain_list(text: &str) -> Option<&str> {
    let end = text[1..].find(['[', ']', '{', '"'])? + 1;
    (text.as_bytes()[end] == b']').then(|| &text[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_in_a_row_and_strings_stay() {
        let value = serde_json::json!({
            "a": [1, 2.5, null], "b": [[1], ["x [1,\n 2]", "\\\"[ 1, 2 ]"]], "c": [], "d": [{"e": 1}]
        });
        let pretty = serde_json::to_string_pretty(&value).expect("pretty");
        let short = short_lists(&pretty);
        let back: serde_json::Value = serde_json::from_str(&short).expect("JSON");
        assert_eq!(back, value);
        assert!(
            short.contains("[1, 2.5, null]") && short.contains("[1],"),
            "{short}"
        );
        assert!(short.lines().count() < pretty.lines().count());
    }
}
