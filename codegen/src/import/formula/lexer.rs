//! Cuts a line into tokens.

/// A piece of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    Number(f64),
    Name(&'a str),
    Plus,
    Minus,
    Times,
    Over,
    Power,
    Open,
    Close,
    Comma,
    Equals,
}

/// Whether a name may start with this character.
pub(super) fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

/// Whether this character may follow in a name.
pub(super) fn continues_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Tokens and their columns, from 1; or the column of what is none, and why.
pub(super) fn tokens(line: &str) -> Result<Vec<(usize, Token<'_>)>, (usize, String)> {
    let mut tokens = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        let column = line.len() - rest.len() + 1;
        let Some(first) = rest.chars().next() else {
            return Ok(tokens);
        };
        let (token, length) = match first {
            '+' => (Token::Plus, 1),
            '-' => (Token::Minus, 1),
            '*' if rest.starts_with("**") => (Token::Power, 2),
            '^' => (Token::Power, 1),
            '*' => (Token::Times, 1),
            '/' if rest.starts_with("//") => {
                return Err((column, "`//` is not taken: write floor(a/b)".to_owned()));
            }
            '/' => (Token::Over, 1),
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '=' => (Token::Equals, 1),
            c if starts_name(c) => {
                let length = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
                (Token::Name(&rest[..length]), length)
            }
            c if c.is_ascii_digit() || c == '.' => {
                let length = number_length(rest.as_bytes());
                let text = &rest[..length];
                let follows = rest[length..].chars().next();
                if follows.is_some_and(|c| continues_name(c) || c == '.') {
                    let reason = format!("the number `{text}` runs into a name or a number");
                    return Err((column, reason));
                }
                match text.parse::<f64>() {
                    Ok(value) if value.is_finite() => (Token::Number(value), length),
                    _ => return Err((column, format!("`{text}` is no finite number"))),
                }
            }
            other => {
                let shown = other.escape_debug();
                return Err((column, format!("`{shown}` is not of the grammar")));
            }
        };
        tokens.push((column, token));
        rest = &rest[length..];
    }
}

/// `12`, `1.5`, `.5`, `1.`, each with an exponent such as `e-3` or none.
fn number_length(bytes: &[u8]) -> usize {
    let digits = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let mut length = digits(0);
    if bytes.get(length) == Some(&b'.') {
        length += 1;
        length += digits(length);
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits((length + 1 + sign).min(bytes.len()));
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}
