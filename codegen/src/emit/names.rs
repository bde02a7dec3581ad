//! Names of a model in emitted code. They are hostile: nothing of them may
//! reach code but through here.

/// Longest part of a name that is kept.
const LONGEST: usize = 40;

/// A name as the tail of an identifier: lower-case ASCII letters, digits and
/// single underscores; empty if nothing is left. The caller puts something
/// unique and valid in front of it.
pub(crate) fn identifier_tail(name: &str) -> String {
    let mut tail = String::new();
    for c in name.chars() {
        match c {
            'a'..='z' | '0'..='9' => tail.push(c),
            'A'..='Z' => tail.push(c.to_ascii_lowercase()),
            _ if !tail.ends_with('_') && !tail.is_empty() => tail.push('_'),
            _ => {}
        }
        if tail.len() >= LONGEST {
            break;
        }
    }
    tail.trim_end_matches('_').to_owned()
}

/// A name inside a comment, in letters, digits and harmless punctuation; all
/// else is written as a hexadecimal code, which no target language reads.
pub(crate) fn comment(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '.' | '_' | '-' | ':' | '+' => text.push(c),
            _ => text.push_str(&format!("<{:x}>", u32::from(c))),
        }
        if text.len() >= 2 * LONGEST {
            text.push_str("...");
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_a_language_could_read() {
        assert_eq!(identifier_tail("fc1/MatMul:0"), "fc1_matmul_0");
        assert_eq!(identifier_tail("\u{202e}*/ {} \"fn\""), "fn");
        assert_eq!(identifier_tail("\n"), "");
        assert_eq!(identifier_tail(&"x".repeat(10_000)).len(), LONGEST);
        assert_eq!(comment("a*/\nb"), "a<2a><2f><a>b");
        assert!(comment(&"\u{202e}".repeat(10_000)).is_ascii());
        assert!(comment(&"y".repeat(10_000)).len() < 100);
    }
}
