//! Layers that make each element of one element of each operand.

use super::{Array, Config, Layers};
use crate::emit::hls::integer::Integer;
use crate::exact::{shift_left, shift_left_wrapping};
use crate::ir::{Interval, NodeId, broadcast_indices};
use crate::ops::{Op, Table};

/// An operand with the members of a configuration that speak of it.
struct Side {
    array: Array,
    /// What its elements range over with their fractional bits appended.
    range: (i128, i128),
}

impl Layers<'_> {
    /// Operands of a node that are brought to common fractional bits.
    fn sides(
        &mut self,
        id: NodeId,
        operands: [usize; 2],
        config: &mut Config,
    ) -> Result<[Side; 2], String> {
        let module = self.module;
        let node = module.node(id);
        let args = operands.map(|operand| node.args[operand]);
        let places = args.map(|arg| -> Vec<usize> {
            broadcast_indices(&module.node(arg).ty.shape, &node.ty.shape).collect()
        });
        let bits = args.map(|arg| module.node(arg).ty.fractional_bits());
        let shifts = [0, 1].map(|side| -> Vec<i32> {
            let pairs = places[0].iter().zip(&places[1]);
            pairs
                .map(|(&i, &j)| {
                    let [a, b] = [bits[0].at(i), bits[1].at(j)];
                    a.max(b) - [a, b][side]
                })
                .collect()
        });
        let first = self.side(id, args[0], "a", &places[0], &shifts[0], config)?;
        let second = self.side(id, args[1], "b", &places[1], &shifts[1], config)?;
        Ok([first, second])
    }

    fn side(
        &mut self,
        id: NodeId,
        arg: NodeId,
        name: &str,
        places: &[usize],
        shifts: &[i32],
        config: &mut Config,
    ) -> Result<Side, String> {
        let ranges = &self.ranges[arg.index()];
        let shape = self.module.node(id).ty.shape.clone();
        let mut range = (i128::MAX, i128::MIN);
        let mut kept = Vec::with_capacity(shifts.len());
        for (&i, &shift) in places.iter().zip(shifts) {
            let zero = ranges[i] == Interval::point(0);
            // What is always zero need not move, however far it would.
            let shift = if zero { 0 } else { shift };
            if shift >= 64 {
                return Err(format!("an operand needs {shift} fractional bits more"));
            }
            range.0 = range.0.min(shift_left(ranges[i].lo.into(), shift));
            range.1 = range.1.max(shift_left(ranges[i].hi.into(), shift));
            kept.push(i64::from(shift));
        }
        let shift_name = format!("{name}_shift");
        let array = match &self.module.node(arg).op {
            Op::Constant(constant) => {
                // Constants are shifted here.
                let values: Vec<_> = places
                    .iter()
                    .zip(&kept)
                    .map(|(&i, &shift)| shift_left_wrapping(constant.mantissas[i], shift as i32))
                    .collect();
                let stored = match kept.iter().all(|&shift| shift == kept[0]) {
                    // As few as the model has.
                    true => {
                        self.indices(config, id, name, places, &shape);
                        let all = constant.mantissas.iter();
                        all.map(|&m| shift_left_wrapping(m, kept[0] as i32))
                            .collect()
                    }
                    false => {
                        let own: Vec<_> = (0..values.len()).collect();
                        self.indices(config, id, name, &own, &shape);
                        values
                    }
                };
                self.numbers(config, id, &shift_name, &[0]);
                let about = self.about(id, "constants");
                self.constants(&format!("operand{}{name}", id.index()), &about, &stored)
            }
            _ => {
                self.indices(config, id, name, places, &shape);
                self.numbers(config, id, &shift_name, &kept);
                self.operand(arg)?
            }
        };
        config.size(&format!("n_{name}"), array.len);
        Ok(Side { array, range })
    }

    /// Two operands combined by a struct of `elementwise.h`.
    pub(super) fn merge(&mut self, id: NodeId, operator: &str) -> Result<(), String> {
        let mut config = Config::default();
        config.size("n_out", self.module.node(id).ty.len());
        let [a, b] = self.sides(id, [0, 1], &mut config)?;
        let result = self.result(id);
        let wide = match operator {
            // Modulo the width of the result.
            "sum" | "difference" => result.integer.to_signed(),
            _ => Integer::of(a.range.0.min(b.range.0), a.range.1.max(b.range.1)).to_signed(),
        };
        config.alias("wide_t", wide);
        let operators = [format!("trigforge::{operator}")];
        self.emit(
            id,
            "merge",
            &operators,
            &[&a.array, &b.array, &result],
            &config,
        );
        Ok(())
    }

    /// A product of two operands, whose fractional bits add up.
    pub(super) fn multiply(&mut self, id: NodeId) -> Result<(), String> {
        let module = self.module;
        let node = module.node(id);
        let mut config = Config::default();
        config.size("n_out", node.ty.len());
        let mut arrays = Vec::new();
        for (name, &arg) in ["a", "b"].into_iter().zip(&node.args) {
            let places: Vec<_> =
                broadcast_indices(&module.node(arg).ty.shape, &node.ty.shape).collect();
            self.indices(&mut config, id, name, &places, &node.ty.shape);
            let array = self.operand(arg)?;
            config.size(&format!("n_{name}"), array.len);
            arrays.push(array);
        }
        let result = self.result(id);
        let widest = arrays.iter().map(|array| array.integer.to_signed().bits);
        config.alias(
            "wide_t",
            Integer {
                bits: widest.max().unwrap_or(1),
                signed: true,
            },
        );
        let mut arrays: Vec<_> = arrays.iter().collect();
        arrays.push(&result);
        self.emit(id, "multiply", &[], &arrays, &config);
        Ok(())
    }

    /// One of two operands, by a third.
    pub(super) fn select(&mut self, id: NodeId) -> Result<(), String> {
        let module = self.module;
        let node = module.node(id);
        let mut config = Config::default();
        config.size("n_out", node.ty.len());
        let condition = node.args[0];
        let places: Vec<_> =
            broadcast_indices(&module.node(condition).ty.shape, &node.ty.shape).collect();
        self.indices(&mut config, id, "c", &places, &node.ty.shape);
        let c = self.operand(condition)?;
        config.size("n_c", c.len);
        let [a, b] = self.sides(id, [1, 2], &mut config)?;
        let result = self.result(id);
        config.alias("wide_t", result.integer.to_signed());
        self.emit(
            id,
            "select",
            &[],
            &[&c, &a.array, &b.array, &result],
            &config,
        );
        Ok(())
    }

    /// A function of one operand.
    pub(super) fn unary(&mut self, id: NodeId, function: &str) -> Result<(), String> {
        let data = self.operand(self.module.node(id).args[0])?;
        let mut config = Config::default();
        config.size("n_out", data.len);
        let result = self.result(id);
        self.emit(id, function, &[], &[&data, &result], &config);
        Ok(())
    }

    /// A function by its values.
    pub(super) fn table(&mut self, id: NodeId, table: &Table) -> Result<(), String> {
        let module = self.module;
        let node = module.node(id);
        let entries = self.mantissas(node.args[1])?;
        let data = self.operand(node.args[0])?;
        let about = self.about(id, "values of the function");
        // Equal tables of one node's constant are one array.
        let name = format!("table{}", node.args[1].index());
        let entries = self.constants(&name, &about, entries);
        let mut config = Config::default();
        config.size("n_out", data.len);
        config.size("n_entries", entries.len);
        config.number("first", table.first);
        let result = self.result(id);
        self.emit(id, "table", &[], &[&data, &entries, &result], &config);
        Ok(())
    }
}
