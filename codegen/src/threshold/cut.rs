//! A comparison of a mantissa with a constant.

use std::fmt;

use crate::real::Dyadic;

/// Which mantissas pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// This one and all above.
    AtLeast(i64),
    /// This one and all below.
    AtMost(i64),
}

impl Cut {
    /// The mantissas of `f` fractional bits whose value is at least this one.
    pub(super) fn reaches(value: Dyadic, f: i32) -> Self {
        let shift = f - value.f;
        let wide = i128::from(value.m);
        let least = match shift {
            64.. => wide.signum() << 64,
            0.. => wide << shift,
            // Rounded up.
            -63..0 => -((-wide) >> -shift),
            _ => i128::from(value.m > 0),
        };
        Self::AtLeast(least.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }

    /// Whether a mantissa passes.
    pub fn passes(self, m: i64) -> bool {
        match self {
            Self::AtLeast(least) => m >= least,
            Self::AtMost(most) => m <= most,
        }
    }

    /// The last mantissa that passes.
    pub fn at(self) -> i64 {
        match self {
            Self::AtLeast(m) | Self::AtMost(m) => m,
        }
    }

    /// The comparison that the mantissas `lo..=hi` which pass make, if they are
    /// one side of a cut and neither all nor none; `passes` says which do, and
    /// is known to change at most once.
    pub(super) fn between(lo: i64, hi: i64, passes: impl Fn(i64) -> bool) -> Option<Self> {
        let rises = passes(hi);
        if passes(lo) == rises {
            return None;
        }
        let (mut below, mut above) = (i128::from(lo), i128::from(hi));
        while above - below > 1 {
            let middle = (below + above) >> 1;
            match passes(middle as i64) == rises {
                true => above = middle,
                false => below = middle,
            }
        }
        Some(match rises {
            true => Self::AtLeast(above as i64),
            false => Self::AtMost(below as i64),
        })
    }

    /// Whether both compare in the same direction.
    pub(super) fn like(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::AtLeast(_), Self::AtLeast(_)) | (Self::AtMost(_), Self::AtMost(_))
        )
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(m) => write!(out, "m >= {m}"),
            Self::AtMost(m) => write!(out, "m <= {m}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::encode;

    #[test]
    fn a_real_threshold_is_rounded_up_to_a_mantissa() {
        let reaches = |value: f64, f| encode(value).map(|real| Cut::reaches(real, f).at());
        assert_eq!(reaches(0.7, 4), Some(12));
        assert_eq!(reaches(0.75, 4), Some(12));
        assert_eq!(reaches(-0.7, 4), Some(-11));
        assert_eq!(reaches(3.0, -1), Some(2));
        assert_eq!(reaches(0.0, 10), Some(0));
        assert_eq!(reaches(1e-300, 10), Some(1));
        assert_eq!(reaches(-1e-300, 10), Some(0));
        assert_eq!(reaches(1e300, 10), Some(i64::MAX));
        assert_eq!(reaches(-1e300, 10), Some(i64::MIN));
    }

    #[test]
    fn the_boundary_is_found_in_either_direction() {
        let at_least = Cut::between(-10, 10, |m| m >= 3);
        assert_eq!(at_least, Some(Cut::AtLeast(3)));
        assert_eq!(Cut::between(-10, 10, |m| m <= -9), Some(Cut::AtMost(-9)));
        assert_eq!(Cut::between(0, 1, |m| m > 0), Some(Cut::AtLeast(1)));
        assert_eq!(Cut::between(0, 5, |_| true), None);
        let widest = Cut::between(i64::MIN, i64::MAX, |m| m > 7);
        assert_eq!(widest, Some(Cut::AtLeast(8)));
    }
}
