//! Where an axis has its marks and what stands beside them.

use super::{Axis, Scale};

/// Marks of an axis.
pub(super) struct Ticks {
    /// Long marks with their label.
    pub(super) major: Vec<(f64, String)>,
    /// Short marks.
    pub(super) minor: Vec<f64>,
}

pub(super) fn ticks(axis: &Axis, most: usize) -> Ticks {
    match axis.scale {
        Scale::Linear => linear(axis.range, most),
        Scale::Log => log(axis.range),
    }
}

fn linear((low, high): (f64, f64), most: usize) -> Ticks {
    let rough = (high - low) / most as f64;
    let power = rough.log10().floor();
    let (factor, parts) = match rough / 10f64.powf(power) {
        r if r <= 1.0 => (1.0, 5),
        r if r <= 2.0 => (2.0, 4),
        r if r <= 5.0 => (5.0, 5),
        _ => (10.0, 5),
    };
    let step = factor * 10f64.powf(power);
    let decimals = (-(step.log10() + 1e-9).floor()).max(0.0) as usize;
    let within = |v: &f64| *v >= low - 1e-9 * step && *v <= high + 1e-9 * step;
    let every = |step: f64| {
        let first = (low / step - 1e-9).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        (first..=last).map(move |n| n as f64 * step)
    };
    let label = |v: f64| {
        // No minus sign in front of zero.
        let v = if v.abs() < step / 2.0 { 0.0 } else { v };
        match v.abs() >= 1e5 {
            true => power_label(v),
            false => format!("{v:.decimals$}").replace('-', "\u{2212}"),
        }
    };
    Ticks {
        major: every(step).filter(within).map(|v| (v, label(v))).collect(),
        minor: every(step / f64::from(parts)).filter(within).collect(),
    }
}

/// A large number as `2.5·10^{6}`.
fn power_label(value: f64) -> String {
    let power = value.abs().log10().floor();
    let factor = value / 10f64.powf(power);
    let factor = format!("{factor:.1}")
        .trim_end_matches(".0")
        .replace('-', "\u{2212}");
    match factor.as_str() {
        "1" => format!("10^{{{power}}}"),
        _ => format!("{factor}\u{b7}10^{{{power}}}"),
    }
}

fn log((low, high): (f64, f64)) -> Ticks {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let within = |v: &f64| *v >= low * (1.0 - 1e-9) && *v <= high * (1.0 + 1e-9);
    let powers = first..=last;
    let plain = first >= -2 && last <= 5;
    let label = |factor: i32, power: i32| match plain {
        true => {
            let decimals = usize::try_from(-power).unwrap_or(0);
            format!("{:.decimals$}", f64::from(factor) * 10f64.powi(power))
        }
        false => power_label(f64::from(factor) * 10f64.powi(power)).replace("^{-", "^{\u{2212}"),
    };
    // Fewer than two decades would show too few numbers.
    let factors: &[i32] = match (high / low).log10() {
        decades if decades < 0.7 => &[1, 2, 3, 4, 5, 6, 7, 8],
        decades if decades < 2.0 => &[1, 2, 5],
        _ => &[1],
    };
    let all = |factors: Vec<i32>| {
        let powers = powers.clone();
        powers.flat_map(move |power| factors.clone().into_iter().map(move |f| (f, power)))
    };
    let value = |(factor, power): (i32, i32)| f64::from(factor) * 10f64.powi(power);
    // Of more than eight decades, each second, third, ... has a label.
    let step = (last - first) / 8 + 1;
    Ticks {
        major: all(factors.to_vec())
            .filter(|mark| within(&value(*mark)) && (mark.1 - first) % step == 0)
            .map(|mark| (value(mark), label(mark.0, mark.1)))
            .collect(),
        minor: match step {
            1 => all((2..10).collect()).map(value).filter(within).collect(),
            _ => all(vec![1]).map(value).filter(within).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        ticks(axis, 6)
            .major
            .into_iter()
            .map(|(_, label)| label)
            .collect()
    }

    #[test]
    fn round_numbers() {
        let zero_to_one = labels(&Axis::linear("", 0.0, 1.0));
        assert_eq!(zero_to_one, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        let narrow = labels(&Axis::linear("", -0.013, 0.012));
        assert_eq!(
            narrow,
            ["\u{2212}0.010", "\u{2212}0.005", "0.000", "0.005", "0.010"]
        );
        assert_eq!(labels(&Axis::linear("", 0.0, 4e5))[1], "10^{5}");
    }

    #[test]
    fn decades() {
        assert_eq!(
            labels(&Axis::log("", 1.0, 1000.0)),
            ["1", "10", "100", "1000"]
        );
        assert_eq!(
            labels(&Axis::log("", 1.0, 1e6)).last().map(String::as_str),
            Some("10^{6}")
        );
        assert_eq!(labels(&Axis::log("", 3.0, 60.0)), ["5", "10", "20", "50"]);
        assert_eq!(labels(&Axis::log("", 1e-6, 1e-3))[0], "10^{\u{2212}6}");
        assert!(labels(&Axis::log("", 1e-30, 1.0)).len() < 10);
    }
}
