//! Layers that make one element of several.

use super::{Config, Layers};
use crate::emit::hls::integer::Integer;
use crate::exact::shift_left;
use crate::ir::{Interval, NodeId};
use crate::ops::contraction::{largest_f, shifts};
use crate::ops::{Lanes, Plane, groups};

impl Layers<'_> {
    /// Members with the fractional bits that each element of an operand lacks,
    /// and the range of all after that.
    fn shifted(
        &mut self,
        config: &mut Config,
        id: NodeId,
        source: NodeId,
        lacks: &[i32],
    ) -> Result<(i128, i128), String> {
        let ranges = &self.ranges[source.index()];
        let mut range = (i128::MAX, i128::MIN);
        let mut kept = Vec::with_capacity(lacks.len());
        for (ends, &shift) in ranges.iter().zip(lacks) {
            // What is always zero need not move, however far it would.
            let shift = if *ends == Interval::point(0) {
                0
            } else {
                shift
            };
            range.0 = range.0.min(shift_left(ends.lo.into(), shift));
            range.1 = range.1.max(shift_left(ends.hi.into(), shift));
            if shift >= 64 {
                return Err(format!("an element needs {shift} fractional bits more"));
            }
            kept.push(i64::from(shift));
        }
        self.numbers(config, id, "shift", &kept);
        Ok(range)
    }

    /// Fractional bits that the elements along an axis lack.
    fn lacks(&self, source: NodeId, axis: usize) -> Vec<i32> {
        let ty = &self.module.node(source).ty;
        let f = ty.fractional_bits();
        let mut lacks = vec![0; ty.len()];
        for group in groups(&ty.shape, axis) {
            let to = group.largest_f(&f);
            for i in group.indices() {
                lacks[i] = to - f.at(i);
            }
        }
        lacks
    }

    fn lanes(&self, config: &mut Config, source: NodeId, axis: usize) {
        let lanes = Lanes::new(self.shape(source), axis);
        config.size("n_outer", lanes.outer);
        config.size("n_axis", lanes.length);
        config.size("n_inner", lanes.inner);
    }

    /// Elements along an axis, combined by a struct of `elementwise.h`.
    pub(super) fn reduce(&mut self, id: NodeId, axis: usize, operator: &str) -> Result<(), String> {
        let source = self.module.node(id).args[0];
        let mut config = Config::default();
        self.lanes(&mut config, source, axis);
        let lacks = self.lacks(source, axis);
        let (lo, hi) = self.shifted(&mut config, id, source, &lacks)?;
        let data = self.operand(source)?;
        let result = self.result(id);
        let wide = match operator {
            // Modulo the width of the result.
            "sum" => result.integer.to_signed(),
            _ => Integer::of(lo, hi).to_signed(),
        };
        config.alias("wide_t", wide);
        let operators = [format!("trigforge::{operator}")];
        self.emit(id, "reduce", &operators, &[&data, &result], &config);
        Ok(())
    }

    /// The position of an extreme element along an axis.
    pub(super) fn arg(
        &mut self,
        id: NodeId,
        axis: usize,
        largest: bool,
        last: bool,
    ) -> Result<(), String> {
        let source = self.module.node(id).args[0];
        let mut config = Config::default();
        self.lanes(&mut config, source, axis);
        let lacks = self.lacks(source, axis);
        let (lo, hi) = self.shifted(&mut config, id, source, &lacks)?;
        config.alias("wide_t", Integer::of(lo, hi).to_signed());
        config.truth("largest", largest);
        config.truth("last", last);
        let data = self.operand(source)?;
        let result = self.result(id);
        self.emit(id, "arg", &[], &[&data, &result], &config);
        Ok(())
    }

    /// Members of a window over rows and columns.
    pub(super) fn plane(&self, config: &mut Config, plane: &Plane) {
        for (axis, side) in [(&plane.rows, "height"), (&plane.columns, "width")] {
            let sizes = [
                ("in", axis.input),
                ("out", axis.output),
                ("taps", axis.taps),
                ("stride", axis.stride),
                ("dilation", axis.dilation),
                ("before", axis.before),
            ];
            for (name, value) in sizes {
                config.number(&format!("{name}_{side}"), value as i64);
            }
        }
    }

    /// Windows over each channel, combined by a struct of `elementwise.h`.
    pub(super) fn pool(&mut self, id: NodeId, plane: &Plane, operator: &str) -> Result<(), String> {
        let source = self.module.node(id).args[0];
        let ty = &self.module.node(source).ty;
        let channels = ty.shape[1];
        let f = largest_f(ty, plane.input(), channels);
        let lacks = shifts(ty, plane.input(), &f).unwrap_or_else(|| vec![0; ty.len()]);
        let mut config = Config::default();
        config.size("n_channels", ty.shape[0] * channels);
        self.plane(&mut config, plane);
        let (lo, hi) = self.shifted(&mut config, id, source, &lacks)?;
        let data = self.operand(source)?;
        let result = self.result(id);
        let wide = match operator {
            "sum" => result.integer.to_signed(),
            _ => Integer::of(lo, hi).to_signed(),
        };
        config.alias("wide_t", wide);
        let operators = [format!("trigforge::{operator}")];
        self.emit(id, "pool", &operators, &[&data, &result], &config);
        Ok(())
    }
}
