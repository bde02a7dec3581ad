//! Random numbers that are a pure function of a seed and a purpose.
//!
//! Everything random in the trainer (splits, initial weights, the order of the rows in an epoch) is
//! drawn from a [`Stream`] keyed by the user's seed and by what it is for. There is no generator
//! state to save: a run resumed in epoch 17 shuffles as the undisturbed run did. The generator is
//! written here so that no update of a dependency can change a split or a trained model.

/// What a stream is drawn for; the same seed gives unrelated streams for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The train, validation and test parts.
    Split,
    /// The initial weights of layer `n`.
    Initialise(usize),
    /// The order of the rows in epoch `epoch` of stage `stage`.
    Shuffle {
        /// Number of the stage.
        stage: usize,
        /// Number of the epoch in the stage.
        epoch: usize,
    },
    /// Which rows of a class of a part go to which of two mixed samples.
    Mixture {
        /// Number of the part.
        part: usize,
        /// The class.
        class: usize,
    },
    /// The copies of each row in a replica of a bootstrap.
    Bootstrap {
        /// Number of the replica.
        replica: usize,
    },
    /// The values of a trial of a sweep.
    Sweep {
        /// Number of the trial.
        trial: usize,
    },
    /// Random numbers that layers are fed with in a training step.
    Draw {
        /// Which of the network's.
        number: usize,
        /// Number of the step.
        step: u64,
        /// The row.
        row: usize,
    },
    /// The noise that is added to target `target` in row `row` of all rows.
    TargetNoise {
        /// The row.
        row: u64,
        /// Number of the target.
        target: usize,
    },
    /// The part of all rows with this number, where rows are not permuted.
    Part(u64),
    /// Whether the row with this number is used of a part that is too large to be held.
    Thinning(u64),
    /// The order in which the pieces of a streamed file are read in this epoch.
    Pieces(usize),
    /// The choice of values that quantiles are estimated from.
    Sample(u64),
    /// A view of a row for a network that learns from symmetries.
    View {
        /// Number of the pass over the events.
        pass: u64,
        /// Which of the views of one event.
        view: usize,
        /// Number of the row in its chunk.
        row: usize,
    },
    /// The noise that a step of the training adds to a row.
    Noise {
        /// Number of the step.
        step: u64,
        /// Number of the row in its chunk.
        row: usize,
    },
}

impl Purpose {
    fn key(self) -> [u64; 3] {
        match self {
            Self::Split => [1, 0, 0],
            Self::Initialise(layer) => [2, layer as u64, 0],
            Self::Shuffle { stage, epoch } => [3, stage as u64, epoch as u64],
            Self::Mixture { part, class } => [12, part as u64, class as u64],
            Self::Bootstrap { replica } => [9, replica as u64, 0],
            Self::Sweep { trial } => [10, trial as u64, 0],
            Self::Draw { number, step, row } => [23 + ((number as u64) << 8), step, row as u64],
            Self::TargetNoise { row, target } => [22, row, target as u64],
            Self::Part(number) => [4, number, 0],
            Self::Thinning(number) => [11, number, 0],
            Self::Pieces(epoch) => [5, epoch as u64, 0],
            Self::Sample(row) => [6, row, 0],
            Self::View { pass, view, row } => [24 + ((view as u64) << 8), pass, row as u64],
            Self::Noise { step, row } => [21, step, row as u64],
        }
    }
}

/// A SplitMix64 stream.
#[derive(Debug, Clone)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// Starts the stream of `purpose` under `seed`.
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        let mut stream = Self { state: seed };
        for word in purpose.key() {
            stream.state = stream.bits() ^ word.wrapping_mul(0xd6e8_feb8_6659_fd93);
        }
        stream
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number in `0..bound` (0 for an empty range).
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.bits()) * bound as u128) >> 64) as usize
    }

    /// A number in `[0, 1)` on a grid of 2^-24.
    pub fn uniform(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u32 << 24) as f32
    }

    /// Two standard normal numbers (G. E. P. Box and M. E. Muller, Ann. Math. Stat. 29 (1958) 610).
    pub fn normal_pair(&mut self) -> [f32; 2] {
        // In (0, 1]: the logarithm is finite.
        let radius = (-2.0 * libm::log(1.0 - f64::from(self.uniform()))).sqrt();
        let angle = 2.0 * std::f64::consts::PI * f64::from(self.uniform());
        [libm::cos(angle), libm::sin(angle)].map(|part| (radius * part) as f32)
    }

    /// The numbers `0..count` in random order (Fisher-Yates).
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permutation_holds_every_number_once() {
        let mut order = Stream::new(7, Purpose::Split).permutation(1000);
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn purposes_and_seeds_give_different_streams() {
        let first = |seed, purpose| Stream::new(seed, purpose).bits();
        let shuffle = |stage, epoch| Purpose::Shuffle { stage, epoch };
        let all = [
            first(1, Purpose::Split),
            first(2, Purpose::Split),
            first(1, Purpose::Initialise(0)),
            first(1, shuffle(0, 1)),
            first(1, shuffle(1, 0)),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|b| a != b));
        }
        assert_eq!(first(1, shuffle(0, 1)), first(1, shuffle(0, 1)));
    }

    #[test]
    fn uniform_stays_in_its_range() {
        let mut stream = Stream::new(3, Purpose::Initialise(2));
        let mean = (0..10_000).map(|_| stream.uniform()).sum::<f32>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
    }
}
