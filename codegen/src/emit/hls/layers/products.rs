//! Layers of multiply-accumulates.

use super::{Array, Config, Layers};
use crate::emit::hls::integer::Integer;
use crate::exact::shift_left;
use crate::ir::{Interval, NodeId};
use crate::ops::contraction::{aligned_bias, shifts};
use crate::ops::{Conv, ConvSizes, Dense, MatMulSizes, Op};

impl Layers<'_> {
    /// How often a multiplier is used: over the elements of a sum first, then
    /// over the sums. Returns how many weights one step reads.
    fn reuse(&self, config: &mut Config, inputs: usize, columns: usize) -> usize {
        let asked = self.options.reuse;
        let rows = asked.min(inputs);
        let sums = asked.div_ceil(inputs).min(columns);
        config.size("reuse_factor", asked);
        config.size("row_steps", rows);
        config.size("column_steps", sums);
        inputs.div_ceil(rows) * columns.div_ceil(sums)
    }

    /// How weights and a bias are stored: in logic, or in as many memories as one
    /// step reads weights.
    fn store(&mut self, weights: &Array, bias: &Array, at_once: usize) {
        let how = match self.options.reuse {
            1 => "complete".to_owned(),
            _ => format!("cyclic factor={at_once}"),
        };
        self.body.push_str(&format!(
            "    #pragma HLS ARRAY_PARTITION variable={} {how}\n    \
             #pragma HLS ARRAY_PARTITION variable={} complete\n",
            weights.name, bias.name
        ));
    }

    /// An operand with the fractional bits that the class of each element is
    /// given (see [`crate::ops::contraction`]): shifted here if it is constant,
    /// else by a layer.
    fn aligned(
        &mut self,
        id: NodeId,
        operand: usize,
        inner: usize,
        to: &[i32],
    ) -> Result<Array, String> {
        let source = self.module.node(id).args[operand];
        let ty = &self.module.node(source).ty;
        let Some(shifts) = shifts(ty, inner, to) else {
            return self.operand(source);
        };
        let ranges = &self.ranges[source.index()];
        let mut range = (0, 0);
        let mut kept = Vec::with_capacity(shifts.len());
        for (ends, &shift) in ranges.iter().zip(&shifts) {
            // What is always zero need not move, however far it would.
            let shift = if *ends == Interval::point(0) {
                0
            } else {
                shift
            };
            let [lo, hi] = [ends.lo, ends.hi].map(|m| shift_left(m.into(), shift));
            range = (range.0.min(lo), range.1.max(hi));
            kept.push(i64::from(shift));
        }
        let integer = Integer::of(range.0, range.1);
        if integer.bits > 64 {
            return Err("an aligned operand needs more than 64 bits".to_owned());
        }
        let name = format!("aligned{}_{operand}", id.index());
        if let Op::Constant(constant) = &self.module.node(source).op {
            let values: Vec<_> = constant
                .mantissas
                .iter()
                .zip(&kept)
                .map(|(&m, &shift)| m << shift)
                .collect();
            let about = self.about(source, "constants with common fractional bits");
            return Ok(self.constants(
                &format!("c{}for{}", source.index(), id.index()),
                &about,
                &values,
            ));
        }
        let data = self.operand(source)?;
        let mut config = Config::default();
        config.size("n_out", data.len);
        let mut table = Config::default();
        self.numbers(&mut table, id, &format!("shift_{operand}"), &kept);
        // The member has one name, the table that of the operand.
        let member = table
            .0
            .concat()
            .replacen(&format!(" shift_{operand}("), " shift(", 1);
        config.0.push(member);
        let label = self.module.node(source).name.clone();
        let result = self.declare(&name, &label, integer, source);
        let config_name = format!("config{}_{operand}", id.index());
        self.configure(&config_name, &format!("{label} aligned"), &config);
        self.statement(id, "align", &[], &[&data, &result], &[config_name]);
        Ok(result)
    }

    /// Aligned weights, as 64 bits.
    fn weights(&self, aligned: impl Iterator<Item = i128>) -> Result<Vec<i64>, String> {
        aligned
            .map(i64::try_from)
            .collect::<Result<_, _>>()
            .map_err(|_| "an aligned weight needs more than 64 bits".to_owned())
    }

    /// The bias, the third operand, with `f` fractional bits, modulo the width
    /// of the sums; zeros if there is none.
    fn bias(&mut self, id: NodeId, f: i32, outputs: usize, sums: Integer) -> Result<Array, String> {
        let stated = match self.module.node(id).args.get(2) {
            Some(&bias) => Some((&self.module.node(bias).ty, self.mantissas(bias)?)),
            None => None,
        };
        let spare = 64 - sums.bits.min(64);
        let bias = aligned_bias(stated, f, outputs);
        let bias: Vec<_> = bias.iter().map(|m| m << spare >> spare).collect();
        let about = self.about(id, "bias");
        Ok(self.constants(&format!("b{}", id.index()), &about, &bias))
    }

    /// A product with a constant matrix.
    pub(super) fn dense(&mut self, id: NodeId) -> Result<(), String> {
        let module = self.module;
        let node = module.node(id);
        let (x, w) = (module.node(node.args[0]), module.node(node.args[1]));
        let (inputs, outputs) = (w.ty.shape[0], w.ty.shape[1]);
        let bias = node.args.get(2).map(|&id| &module.node(id).ty);
        let (x_f, f) = Dense::fractions(&x.ty, &w.ty, bias);
        let aligned = Dense::aligned_weights((&x_f, f), &w.ty, self.mantissas(node.args[1])?);
        let weights = self.weights(aligned)?;
        let data = self.aligned(id, 0, 1, &x_f)?;
        let about = self.about(id, "weights [inputs][outputs]");
        let weights = self.constants(&format!("w{}", id.index()), &about, &weights);
        let result = self.result(id);
        let sums = result.integer.to_signed();
        let bias = self.bias(id, f, outputs, sums)?;
        let mut config = Config::default();
        config.size("n_positions", x.ty.len() / inputs);
        config.size("n_in", inputs);
        config.size("n_columns", outputs);
        let at_once = self.reuse(&mut config, inputs, outputs);
        self.store(&weights, &bias, at_once);
        config.alias("accum_t", sums);
        let arrays = [&data, &weights, &bias, &result];
        self.emit(id, "dense", &[], &arrays, &config);
        Ok(())
    }

    /// The same weights at every position.
    pub(super) fn conv(&mut self, id: NodeId, conv: &Conv) -> Result<(), String> {
        let module = self.module;
        let node = module.node(id);
        let (x, w) = (&module.node(node.args[0]).ty, &module.node(node.args[1]).ty);
        let sizes = conv.sizes(&x.shape, &w.shape)?;
        let bias = node.args.get(2).map(|&id| &module.node(id).ty);
        let (x_f, f) = Conv::fractions(&sizes, x, w, bias);
        let mantissas = self.mantissas(node.args[1])?;
        let aligned = Conv::aligned_weights(&sizes, (&x_f, f), w, mantissas);
        let weights = by_input(&sizes, &self.weights(aligned)?);
        let data = self.aligned(id, 0, sizes.plane.input(), &x_f)?;
        let about = self.about(id, "weights [group][channel and tap][output]");
        let weights = self.constants(&format!("w{}", id.index()), &about, &weights);
        let result = self.result(id);
        let sums = result.integer.to_signed();
        let bias = self.bias(id, f, sizes.outputs, sums)?;
        let inputs = sizes.group_channels * sizes.plane.taps();
        let mut config = Config::default();
        config.size("n_data", data.len);
        config.size("n_out", result.len);
        config.size("n_images", sizes.images);
        config.size("n_groups", sizes.outputs / sizes.group_outputs);
        config.size("group_channels", sizes.group_channels);
        config.size("n_in", inputs);
        config.size("n_columns", sizes.group_outputs);
        let at_once = self.reuse(&mut config, inputs, sizes.group_outputs);
        self.store(&weights, &bias, at_once);
        self.plane(&mut config, &sizes.plane);
        config.alias("accum_t", sums);
        let arrays = [&data, &weights, &bias, &result];
        self.emit(id, "conv", &[], &arrays, &config);
        Ok(())
    }

    /// The product of two operands' matrices.
    pub(super) fn matmul(&mut self, id: NodeId) -> Result<(), String> {
        let module = self.module;
        let node = module.node(id);
        let (a, b) = (&module.node(node.args[0]).ty, &module.node(node.args[1]).ty);
        let sizes = MatMulSizes::new(&a.shape, &b.shape)?;
        let (a_f, b_f, _) = sizes.fractions(a, b);
        let a = self.aligned(id, 0, 1, &a_f)?;
        let b = self.aligned(id, 1, sizes.columns, &b_f)?;
        let result = self.result(id);
        let mut config = Config::default();
        config.size("n_a", a.len);
        config.size("n_b", b.len);
        config.size("n_out", result.len);
        config.size("n_pairs", sizes.pairs.len());
        config.size("n_rows", sizes.rows);
        config.size("n_in", sizes.inner);
        config.size("n_columns", sizes.columns);
        self.reuse(&mut config, sizes.inner, sizes.columns);
        let (a_at, b_at): (Vec<_>, Vec<_>) = sizes.pairs.iter().copied().unzip();
        let batch = [sizes.pairs.len()];
        self.indices(&mut config, id, "a", &a_at, &batch);
        self.indices(&mut config, id, "b", &b_at, &batch);
        config.alias("accum_t", result.integer.to_signed());
        self.emit(id, "matmul", &[], &[&a, &b, &result], &config);
        Ok(())
    }
}

/// Weights `[output][channel and tap]` as `[group][channel and tap][output]`.
fn by_input(sizes: &ConvSizes, weights: &[i64]) -> Vec<i64> {
    let inputs = sizes.group_channels * sizes.plane.taps();
    let group = inputs * sizes.group_outputs;
    let groups = weights.chunks(group);
    groups
        .flat_map(|group| {
            (0..inputs).flat_map(move |input| group.iter().skip(input).step_by(inputs))
        })
        .copied()
        .collect()
}
