//! What plotters does not write into its SVG: high and low characters, a title, no fixed size.

use super::canvas::LETTERS;

/// Turns `_{low}` and `^{high}` of texts into spans, and the head of the SVG into one that names
/// the picture and takes the width of its place.
pub(super) fn finish(svg: &str, title: &str, (width, height): (u32, u32)) -> String {
    let body = svg.find('>').map_or(svg, |end| &svg[end + 1..]);
    let mut out = format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\"><title>{}</title>",
        escape(title)
    );
    for line in body.lines() {
        match line.starts_with('<') {
            true => out.push_str(line),
            false => out.push_str(&spans(line)),
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

/// Characters that are markup, as entities.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A line of text with spans; what follows a span returns to the line, for which at least one
/// character must stand between two spans.
fn spans(text: &str) -> String {
    let (mut out, mut rest, mut back) = (String::new(), text, 0);
    loop {
        let start = match (rest.find("_{"), rest.find("^{")) {
            (Some(a), Some(b)) => a.min(b),
            (Some(a), None) | (None, Some(a)) => a,
            (None, None) => break,
        };
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        push(&mut out, &rest[..start], back);
        let low = rest.as_bytes()[start] == b'_';
        let inside = &rest[start + 2..start + length];
        let (shift, size) = (if low { 8 } else { -11 }, LETTERS * 7 / 10);
        let span = format!("<tspan dy=\"{shift}\" font-size=\"{size}\">{inside}</tspan>");
        out.push_str(&span);
        back = -shift;
        rest = &rest[start + length + 1..];
    }
    push(&mut out, rest, back);
    out
}

fn push(out: &mut String, text: &str, back: i32) {
    match (text, back) {
        ("", _) => {}
        (text, 0) => out.push_str(text),
        (text, back) => out.push_str(&format!("<tspan dy=\"{back}\">{text}</tspan>")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_and_high_characters_return_to_the_line() {
        let low = "1/ε<tspan dy=\"8\" font-size=\"18\">B</tspan><tspan dy=\"-8\"> at</tspan>";
        assert_eq!(spans("1/ε_{B} at"), low);
        let high = "10<tspan dy=\"-11\" font-size=\"18\">4</tspan>";
        assert_eq!(spans("10^{4}"), high);
        assert_eq!(spans("a_{b"), "a_{b");
        assert_eq!(spans("plain"), "plain");
    }
}
