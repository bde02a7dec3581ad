//! Numbers as people read them.

use crate::metrics::{Estimate, Rejection};

/// A value to the digits that its error allows: two of the error.
pub(super) fn measured(found: Estimate) -> String {
    match found.error {
        Some(error) if error > 0.0 => {
            let decimals = 1 - error.log10().floor() as i32;
            // An error like 0.00996 rounds up to three digits of which the last says nothing.
            let decimals = usize::try_from(decimals).unwrap_or(0);
            format!("{} ± {error:.decimals$}", signed(found.value, decimals))
        }
        _ => plain(found.value),
    }
}

/// The same with a sign in front, also of what is above zero.
pub(super) fn difference(found: Estimate) -> String {
    let text = measured(found);
    match found.value > 0.0 {
        true => format!("+{text}"),
        false => text,
    }
}

/// A value whose error is not known: four significant digits.
pub(super) fn plain(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let decimals = 3 - value.abs().log10().floor() as i32;
    signed(value, usize::try_from(decimals).unwrap_or(0).min(8))
}

fn signed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        // No minus sign in front of zero.
        Some(digits) if digits.chars().all(|c| c == '0' || c == '.') => digits.to_owned(),
        Some(digits) => format!("\u{2212}{digits}"),
        None => text,
    }
}

/// A rejection with its error, or its limit.
pub(super) fn rejection(found: &Rejection) -> String {
    match (found.value, found.above) {
        (Some(value), _) => measured(Estimate {
            value,
            error: found.error,
        }),
        (None, Some(limit)) => format!("> {limit:.0} (95 %)"),
        (None, None) => String::new(),
    }
}

/// A share of a whole in percent.
pub(super) fn percent(part: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

/// A count with spaces between its thousands.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && digits.len() > 4 {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_decides_the_digits() {
        let text = |value, error| measured(Estimate { value, error });
        assert_eq!(text(0.636_81, Some(0.005_58)), "0.6368 ± 0.0056");
        assert_eq!(text(130.42, Some(19.4)), "130 ± 19");
        assert_eq!(text(12345.6, Some(321.0)), "12346 ± 321");
        assert_eq!(text(-0.000_01, Some(0.001)), "0.0000 ± 0.0010");
        assert_eq!(text(-0.02, Some(0.001)), "\u{2212}0.0200 ± 0.0010");
        assert_eq!(text(0.5, None), "0.5000");
        let gain = Estimate {
            value: 0.01,
            error: Some(0.002),
        };
        assert_eq!(difference(gain), "+0.0100 ± 0.0020");
        assert_eq!(
            (plain(0.0), plain(12.3456)),
            ("0".to_owned(), "12.35".to_owned())
        );
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            (count(1234), count(1_234_567)),
            ("1234".into(), "1 234 567".into())
        );
        assert_eq!(percent(1, 8), "12.5 %");
    }
}
