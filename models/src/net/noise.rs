//! Random numbers of a training step.
//!
//! They are drawn outside of the network's forward pass, of each row by itself: a function of seed,
//! step and row, so that it does not matter how a batch is cut.

use burn::tensor::{Device, Tensor, TensorData};

use crate::seed::{Purpose, Stream};

/// Number of a noise in a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoiseId(pub(super) usize);

/// Random numbers that a training step feeds into a network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// Normal ones of mean 0 and width 1, while weights are drawn anew in each step.
    Normal {
        /// How many for one event.
        elements: usize,
    },
    /// 0 with probability `drop`, else `1 / (1 - drop)`.
    Kept {
        /// How many for one event.
        elements: usize,
        /// Probability of 0.
        drop: f32,
    },
}

impl Noise {
    /// How many numbers for one event.
    pub fn elements(&self) -> usize {
        match self {
            Self::Normal { elements } | Self::Kept { elements, .. } => *elements,
        }
    }

    /// Appends the numbers of one event.
    fn draw(&self, stream: &mut Stream, out: &mut Vec<f32>) {
        match *self {
            Self::Normal { elements } => {
                let end = out.len() + elements;
                while out.len() < end {
                    let [a, b] = stream.normal_pair();
                    out.push(a);
                    if out.len() < end {
                        out.push(b);
                    }
                }
            }
            Self::Kept { elements, drop } => {
                let one = |_| {
                    if stream.uniform() < drop {
                        0.0
                    } else {
                        1.0 / (1.0 - drop)
                    }
                };
                out.extend((0..elements).map(one));
            }
        }
    }
}

/// The random numbers of some rows in a step: those of each noise, or nothing for the normal ones
/// where weights are `frozen`.
pub(crate) fn draw(
    noises: &[Noise],
    frozen: bool,
    seed: u64,
    step: u64,
    rows: &[usize],
    device: &Device,
) -> Vec<Option<Tensor<2>>> {
    let one = |(number, noise): (usize, &Noise)| {
        if frozen && matches!(noise, Noise::Normal { .. }) {
            return None;
        }
        let mut values = Vec::with_capacity(rows.len() * noise.elements());
        for row in rows {
            let purpose = Purpose::Draw {
                number,
                step,
                row: *row,
            };
            noise.draw(&mut Stream::new(seed, purpose), &mut values);
        }
        let data = TensorData::new(values, [rows.len(), noise.elements()]);
        Some(Tensor::from_data(data, device))
    };
    noises.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(noises: &[Noise], rows: &[usize]) -> Vec<f32> {
        let drawn = draw(noises, false, 3, 5, rows, &Device::flex());
        let tensor = drawn[0].clone().expect("drawn");
        tensor.try_to_vec_as().expect("values")
    }

    #[test]
    fn a_row_has_its_numbers_however_a_batch_is_cut() {
        for noise in [
            Noise::Normal { elements: 5 },
            Noise::Kept {
                elements: 40,
                drop: 0.25,
            },
        ] {
            let whole = values(&[noise], &[4, 9, 2]);
            let cut = [values(&[noise], &[4, 9]), values(&[noise], &[2])].concat();
            assert_eq!(whole, cut);
            let n = noise.elements();
            assert_ne!(whole[..n], whole[n..2 * n]);
        }
        assert!(
            draw(
                &[Noise::Normal { elements: 1 }],
                true,
                1,
                0,
                &[0],
                &Device::flex()
            )[0]
            .is_none()
        );
    }

    #[test]
    fn the_numbers_are_distributed_as_they_say() {
        let rows: Vec<usize> = (0..2000).collect();
        let normal = values(&[Noise::Normal { elements: 10 }], &rows);
        let count = normal.len() as f32;
        let mean = normal.iter().sum::<f32>() / count;
        let square = normal.iter().map(|v| v * v).sum::<f32>() / count;
        assert!(
            mean.abs() < 0.03 && (square - 1.0).abs() < 0.04,
            "{mean} {square}"
        );
        let kept = values(
            &[Noise::Kept {
                elements: 10,
                drop: 0.3,
            }],
            &rows,
        );
        let mean = kept.iter().sum::<f32>() / count;
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
        assert!(
            kept.iter()
                .all(|v| *v == 0.0 || (*v - 1.0 / 0.7).abs() < 1e-6)
        );
    }
}
