//! Whether a particle is charged, from its number in the PDG's Monte Carlo numbering scheme.

/// Three times the charge of a quark or diquark digit 1 (d) to 6 (t).
fn quark(digit: u32) -> Option<i32> {
    match digit {
        1 | 3 | 5 => Some(-1),
        2 | 4 | 6 => Some(2),
        _ => None,
    }
}

/// Whether the particle with this PDG number carries charge; `None` for numbers without a meaning.
///
/// Hadrons are read from their quark digits, so no list of species can be incomplete (Review of
/// Particle Physics, "Monte Carlo particle numbering scheme").
pub(super) fn is_charged(pid: f32) -> Option<bool> {
    // Single precision holds all integers to 2^24, which covers every particle but the nuclei.
    if pid.fract() != 0.0 || pid.abs() > 16_777_216.0 {
        return None;
    }
    let number = pid.abs() as u32;
    let digit = |place: u32| number / 10u32.pow(place) % 10;
    let (nq1, nq2, nq3) = (digit(3), digit(2), digit(1));
    match number {
        1..=6 | 11 | 13 | 15 | 24 | 37 => Some(true),
        12 | 14 | 16 | 21 | 22 | 23 | 25 => Some(false),
        // Mixtures of K0 and its antiparticle, whose digits are not those of a quark pair.
        130 | 310 => Some(false),
        0..100 => None,
        // A meson is a quark and an antiquark.
        _ if nq1 == 0 => Some(quark(nq2)? != quark(nq3)?),
        _ => Some(quark(nq1)? + quark(nq2)? + quark(nq3)? != 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_of_what_jets_are_made_of() {
        let charged = [
            11, -11, 13, 211, -211, 321, -321, 2212, -2212, 3112, 3222, 3312, 3334, 411, 431, 521,
            4122, 5132, 323, 213, 2224, 10211,
        ];
        let neutral = [
            22, 12, -14, 111, 130, 310, 311, 2112, -2112, 3122, 3212, 3322, 421, 511, 531, 4132,
            5122, 221, 331, 333, 443, 553, 113,
        ];
        for pid in charged {
            assert_eq!(is_charged(pid as f32), Some(true), "{pid}");
        }
        for pid in neutral {
            assert_eq!(is_charged(pid as f32), Some(false), "{pid}");
        }
    }

    #[test]
    fn numbers_without_a_meaning() {
        for pid in [0.0, 0.5, 99.0, 911.0, f32::NAN, 3.0e9] {
            assert_eq!(is_charged(pid), None, "{pid}");
        }
    }
}
