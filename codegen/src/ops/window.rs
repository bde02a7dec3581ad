//! Windows that slide over the spatial axes of `[n, c, s..]`: what `conv`,
//! `max_pool` and `sum_pool` share.
//!
//! On each spatial axis with `s` elements and a window of `k` taps, output
//! position o and tap t read the input at
//!
//! o * stride + t * dilation - before,
//!
//! which is padding if it is negative or not below `s`. The axis has
//!
//! floor((before + s + after - (k - 1) * dilation - 1) / stride) + 1
//!
//! output positions; a window larger than the padded axis is refused. Elements
//! behind the last whole window are read by none.

use std::ops::Range;

use super::{Attribute, Attributes};
use crate::ir::check_size;

/// Most elements that all windows of a node read together: some minutes of the
/// interpreter's time, and far beyond what a trigger has time for.
const MOST_READS: usize = 1 << 36;

/// How a window moves, one entry per spatial axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Input elements from one position to the next.
    pub strides: Vec<usize>,
    /// Input elements from one tap to the next.
    pub dilations: Vec<usize>,
    /// Padding in front of the first element.
    pub before: Vec<usize>,
    /// Padding behind the last element.
    pub after: Vec<usize>,
}

/// A window on one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Elements of the input.
    pub input: usize,
    /// Positions of the window.
    pub output: usize,
    /// Taps of the window.
    pub taps: usize,
    /// Input elements from one position to the next.
    pub stride: usize,
    /// Input elements from one tap to the next.
    pub dilation: usize,
    /// Padding in front of the first element.
    pub before: usize,
    /// Padding behind the last element.
    pub after: usize,
}

/// A window on a plane; of one spatial axis, the rows are a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plane {
    /// The first of two spatial axes.
    pub rows: Axis,
    /// The last spatial axis.
    pub columns: Axis,
}

impl Window {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        Ok(Self {
            strides: attributes.take_list("strides")?,
            dilations: attributes.take_list("dilations")?,
            before: attributes.take_list("before")?,
            after: attributes.take_list("after")?,
        })
    }

    pub(super) fn attributes(&self) -> [Attribute; 4] {
        [
            Attribute::list("strides", &self.strides),
            Attribute::list("dilations", &self.dilations),
            Attribute::list("before", &self.before),
            Attribute::list("after", &self.after),
        ]
    }

    /// The window of `taps` over an operand of shape `[n, c, s..]`.
    ///
    /// # Errors
    ///
    /// Says which rule the shape or an attribute breaks.
    pub fn over(&self, shape: &[usize], taps: &[usize]) -> Result<Plane, String> {
        let Some(spatial @ ([_] | [_, _])) = shape.get(2..) else {
            return Err(format!(
                "the operand has shape {shape:?}, expected [n, c, s] or [n, c, s, s]"
            ));
        };
        if shape.contains(&0) {
            return Err(format!("the operand has no element: shape {shape:?}"));
        }
        let lists = [
            ("window", taps),
            ("strides", &self.strides),
            ("dilations", &self.dilations),
            ("before", &self.before),
            ("after", &self.after),
        ];
        for (name, list) in lists {
            if list.len() != spatial.len() {
                return Err(format!(
                    "{name} {list:?} must have one entry for each of the {} spatial axes",
                    spatial.len()
                ));
            }
        }
        let axes = (0..spatial.len())
            .map(|axis| self.axis(axis, spatial[axis], taps[axis]))
            .collect::<Result<Vec<_>, _>>()?;
        let plane = match axes[..] {
            [rows, columns] => Plane { rows, columns },
            _ => Plane {
                rows: Axis::SINGLE,
                columns: axes[0],
            },
        };
        // Kernels hold the padded operand in an array.
        let padded = [plane.rows.padded(), plane.columns.padded()];
        check_size(&[shape[0], shape[1], padded[0], padded[1]])?;
        let reads = [
            plane.rows.output,
            plane.rows.taps,
            plane.columns.output,
            plane.columns.taps,
        ];
        let reads = reads
            .iter()
            .try_fold(shape[0] * shape[1], |reads, &n| reads.checked_mul(n));
        if reads.is_none_or(|reads| reads > MOST_READS) {
            return Err(format!(
                "its windows read more than {MOST_READS} elements in all"
            ));
        }
        Ok(plane)
    }

    fn axis(&self, axis: usize, input: usize, taps: usize) -> Result<Axis, String> {
        let [stride, dilation, before, after] =
            [&self.strides, &self.dilations, &self.before, &self.after].map(|list| list[axis]);
        if stride == 0 || dilation == 0 || taps == 0 {
            return Err(format!(
                "spatial axis {axis} has {taps} taps, stride {stride} and dilation {dilation}, \
                 expected at least 1 of each"
            ));
        }
        let padded = before.checked_add(input).and_then(|n| n.checked_add(after));
        let reach = (taps - 1).checked_mul(dilation);
        match (padded, reach) {
            (Some(padded), Some(reach)) if reach < padded => Ok(Axis {
                input,
                output: (padded - reach - 1) / stride + 1,
                taps,
                stride,
                dilation,
                before,
                after,
            }),
            _ => Err(format!(
                "a window of {taps} taps, {dilation} apart, does not fit spatial axis {axis} with \
                 {input} elements padded by {before} and {after}"
            )),
        }
    }
}

impl Axis {
    /// One element, read by one tap.
    const SINGLE: Self = Self {
        input: 1,
        output: 1,
        taps: 1,
        stride: 1,
        dilation: 1,
        before: 0,
        after: 0,
    };

    /// Elements with the padding.
    pub fn padded(&self) -> usize {
        self.before + self.input + self.after
    }

    /// The input element that a tap reads at a position; none if it is padding.
    pub fn source(&self, position: usize, tap: usize) -> Option<usize> {
        (position * self.stride + tap * self.dilation)
            .checked_sub(self.before)
            .filter(|&at| at < self.input)
    }

    /// The positions at which a tap reads no padding.
    pub fn inside(&self, tap: usize) -> Range<usize> {
        let offset = tap * self.dilation;
        let first = self.before.saturating_sub(offset).div_ceil(self.stride);
        let end = (self.before + self.input)
            .saturating_sub(offset)
            .div_ceil(self.stride)
            .min(self.output);
        first.min(end)..end
    }

    /// Whether a tap reads padding at some position.
    fn reads_padding(&self) -> bool {
        (0..self.taps).any(|tap| self.inside(tap).len() < self.output)
    }

    /// Whether all taps read padding at some position.
    fn reads_nothing_else(&self) -> bool {
        (0..self.output).any(|o| (0..self.taps).all(|tap| self.source(o, tap).is_none()))
    }
}

impl Plane {
    /// Input elements of a channel.
    pub fn input(&self) -> usize {
        self.rows.input * self.columns.input
    }

    /// Positions of the window.
    pub fn output(&self) -> usize {
        self.rows.output * self.columns.output
    }

    /// Taps of the window.
    pub fn taps(&self) -> usize {
        self.rows.taps * self.columns.taps
    }

    /// The result's spatial axes, of `rank` spatial axes.
    pub fn output_shape(&self, rank: usize) -> Vec<usize> {
        [self.rows.output, self.columns.output][2 - rank.min(2)..].to_vec()
    }

    /// Whether a tap reads padding at some position.
    pub fn reads_padding(&self) -> bool {
        self.rows.reads_padding() || self.columns.reads_padding()
    }

    /// Whether all taps read padding at some position.
    pub fn reads_nothing_else(&self) -> bool {
        self.rows.reads_nothing_else() || self.columns.reads_nothing_else()
    }

    /// The input element of a channel that a tap reads at a position, both in
    /// C order; none if it is padding.
    pub fn source(&self, position: usize, tap: usize) -> Option<usize> {
        let columns = &self.columns;
        let row = (self.rows).source(position / columns.output, tap / columns.taps)?;
        let column = columns.source(position % columns.output, tap % columns.taps)?;
        Some(row * columns.input + column)
    }

    /// How many positions read no padding with a tap.
    pub fn inside(&self, tap: usize) -> usize {
        let columns = self.columns.inside(tap % self.columns.taps).len();
        self.rows.inside(tap / self.columns.taps).len() * columns
    }

    /// Calls `combine` with each result of one channel and each input that a
    /// tap reads for it.
    pub(super) fn each_read(
        &self,
        tap: usize,
        x: &[i64],
        y: &mut [i64],
        combine: impl Fn(&mut i64, i64),
    ) {
        let columns = &self.columns;
        let across = columns.inside(tap % columns.taps);
        let Some(first) = columns.source(across.start, tap % columns.taps) else {
            return;
        };
        for row in self.rows.inside(tap / columns.taps) {
            let Some(from) = self.rows.source(row, tap / columns.taps) else {
                continue;
            };
            let x = &x[from * columns.input + first..(from + 1) * columns.input];
            let y = &mut y[row * columns.output..][across.clone()];
            if columns.stride == 1 {
                for (y, x) in y.iter_mut().zip(x) {
                    combine(y, *x);
                }
            } else {
                for (y, x) in y.iter_mut().zip(x.iter().step_by(columns.stride)) {
                    combine(y, *x);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(input: usize, taps: usize, [stride, dilation, before, after]: [usize; 4]) -> Axis {
        let one = |value| vec![value];
        let window = Window {
            strides: one(stride),
            dilations: one(dilation),
            before: one(before),
            after: one(after),
        };
        window.over(&[1, 1, input], &[taps]).unwrap().columns
    }

    #[test]
    fn positions_inside_are_those_that_read_no_padding() {
        for input in 1..7 {
            for taps in 1..4 {
                for code in 0..3 * 2 * 4 * 3usize {
                    let how = [1 + code % 3, 1 + code / 3 % 2, code / 6 % 4, code / 24 % 3];
                    if (taps - 1) * how[1] >= how[2] + input + how[3] {
                        continue;
                    }
                    let axis = axis(input, taps, how);
                    for tap in 0..taps {
                        let slow: Vec<_> = (0..axis.output)
                            .filter(|&o| axis.source(o, tap).is_some())
                            .collect();
                        let fast: Vec<_> = axis.inside(tap).collect();
                        assert_eq!(fast, slow, "{axis:?}, tap {tap}");
                    }
                }
            }
        }
    }

    #[test]
    fn windows_that_do_not_fit_are_refused() {
        let window = |strides: &[usize], dilations: &[usize], before: &[usize]| Window {
            strides: strides.to_vec(),
            dilations: dilations.to_vec(),
            before: before.to_vec(),
            after: vec![0; before.len()],
        };
        let cases = [
            (window(&[1], &[1], &[0]), vec![1, 1, 2], "does not fit"),
            (window(&[0], &[1], &[0]), vec![1, 1, 9], "at least 1"),
            (
                window(&[1], &[usize::MAX], &[0]),
                vec![1, 1, 9],
                "does not fit",
            ),
            (
                window(&[1], &[1], &[usize::MAX]),
                vec![1, 1, 9],
                "does not fit",
            ),
            (window(&[1], &[1], &[1 << 40]), vec![1, 1, 9], "elements"),
            (window(&[1, 1], &[1], &[0]), vec![1, 1, 9], "one entry"),
            (window(&[1], &[1], &[0]), vec![1, 9], "expected [n, c, s]"),
            (window(&[1], &[1], &[0]), vec![0, 1, 9], "no element"),
        ];
        for (window, shape, expected) in cases {
            let error = window.over(&shape, &[3]).unwrap_err();
            assert!(error.contains(expected), "{window:?}: {error}");
        }
    }
}
