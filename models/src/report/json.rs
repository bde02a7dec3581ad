//! JSON that people can read, too.

/// Lists of numbers stand on one line whatever their length, other innermost lists and objects if
/// that is not longer than this.
const WIDTH: usize = 160;

/// Puts innermost lists and objects of pretty JSON on one line each.
pub(super) fn compact(pretty: &str) -> String {
    let mut out = String::with_capacity(pretty.len());
    let mut rest = pretty;
    while let Some(start) = rest.find(['[', '{', '"']) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let (length, short) = match rest.as_bytes()[0] {
            b'"' => (string_length(rest), None),
            _ => innermost(rest).unwrap_or((1, None)),
        };
        out.push_str(short.as_deref().unwrap_or(&rest[..length]));
        rest = &rest[length..];
    }
    out + rest
}

/// Length of the string at the beginning of the text, with its quotes.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return at + 1,
            _ => escaped = byte == b'\\' && !escaped,
        }
    }
    text.len()
}

/// The list or object at the beginning of the text, if it holds no other one: its length, and its
/// short form if that is short enough.
fn innermost(text: &str) -> Option<(usize, Option<String>)> {
    let (mut at, mut strings) = (1, false);
    loop {
        at += text[at..].find(['[', ']', '{', '}', '"'])?;
        match text.as_bytes()[at] {
            b'"' => {
                strings = true;
                at += string_length(&text[at..]);
            }
            b']' | b'}' => break,
            _ => return None,
        }
    }
    let lines: Vec<&str> = text[..=at].lines().map(str::trim).collect();
    let inside = lines
        .get(1..lines.len().max(2) - 1)
        .unwrap_or_default()
        .join(" ");
    let short = match text.as_bytes()[0] {
        b'[' => format!("[{inside}]"),
        _ => format!("{{ {inside} }}"),
    };
    let fits = inside.is_empty() || (!strings && short.starts_with('[')) || short.len() <= WIDTH;
    // An empty one is short already.
    let short = (fits && !inside.is_empty()).then_some(short);
    Some((at + 1, short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn innermost_lists_and_objects_stand_on_a_line_and_strings_stay() {
        let value = serde_json::json!({
            "a": [1, 2.5, null], "b": [[1], ["x [1,\n 2]", "\\\"[ 1, 2 ]\\"]], "c": [], "f": {},
            "d": [{"e": 1, "g": "{"}], "long": (0..100).collect::<Vec<_>>(),
            "words": vec!["a word"; 40],
        });
        let pretty = serde_json::to_string_pretty(&value).expect("pretty");
        let short = compact(&pretty);
        let back: serde_json::Value = serde_json::from_str(&short).expect("JSON");
        assert_eq!(back, value);
        assert!(short.contains("\"a\": [1, 2.5, null]"), "{short}");
        assert!(short.contains("{ \"e\": 1, \"g\": \"{\" }"), "{short}");
        assert!(
            short.contains("98, 99]") && short.contains("\"a word\",\n"),
            "{short}"
        );
        assert!(
            short.contains("\"c\": []") && short.contains("\"f\": {}"),
            "{short}"
        );
    }
}
