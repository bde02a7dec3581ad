//! Which values of each operation get a quantiser.
//!
//! | operation | quantisers |
//! |---|---|
//! | products: `MatMul`, `Conv`, `Mul`, a square | in front of each operand with many bits |
//! | `Add`, `Sub` | behind a constant: for a bias with the bits of the product |
//! | `Min`, `Max`, comparisons, `Where`, `Concat` | behind a constant with many bits |
//! | a mean, an average, a quotient by a constant | behind the result |
//! | a function, a power | in front, of at most [`INDEX_BITS`] bits, and behind |
//! | a quotient by a computed value | as a product with the reciprocal, a function |
//! | reductions, orders, softmax | in front, where formats differ between elements |
//!
//! A value that the model itself holds as integers behind a scale keeps it, and
//! so do the constants that meet it.

use ndarray::Axis;
use trigforge::{Format, Overflow, Rounding};

use super::constant;
use super::functions::INDEX_BITS;
use super::profile::{Profile, covering, largest, smallest};
use super::sites::{Bits, Role, Site, SiteBits, Widths};
use super::trees;
use crate::ir::Formats;
use crate::real::{Function, Graph, Id, Node, Op, PoolKind, Quantizer, Reduction, Tensor};

/// Inputs of more elements have one format.
const MOST_FORMATS: usize = 1024;

/// What is known of a value.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// It has few bits already.
    narrow: bool,
    /// Its elements may differ in their fractional bits.
    mixed: bool,
    /// It is integers behind a scale that the model states.
    scaled: bool,
}

/// Rewrites a graph with quantisers.
pub(super) struct Writer<'a> {
    pub(super) old: &'a Graph,
    pub(super) profiles: &'a [Profile],
    pub(super) widths: &'a Widths,
    pub(super) new: Graph,
    /// For each old node, the new one with its value.
    pub(super) renamed: Vec<Id>,
    pub(super) sites: Vec<Site>,
    users: Vec<usize>,
    known: Vec<Known>,
    /// Quantisers by what they round.
    placed: Vec<(Id, Formats, Id)>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(old: &'a Graph, profiles: &'a [Profile], widths: &'a Widths) -> Self {
        Self {
            old,
            profiles,
            widths,
            new: Graph {
                name: old.name.clone(),
                source_sha256: old.source_sha256.clone(),
                ..Graph::default()
            },
            renamed: Vec::with_capacity(old.nodes.len()),
            sites: Vec::new(),
            users: old.use_counts(),
            known: Vec::with_capacity(old.nodes.len()),
            placed: Vec::new(),
        }
    }

    pub(super) fn node(&mut self, id: Id) -> Result<(), String> {
        let old = self.old.node(id);
        let (new, known) = match &old.op {
            Op::Input => self.input(id, old)?,
            Op::Constant(_) => (self.copy(old), Known::default()),
            Op::Quantize(quantizer) => {
                let known = Known {
                    narrow: true,
                    mixed: quantizer.formats.uniform_f().is_none(),
                    scaled: false,
                };
                (self.copy(old), known)
            }
            Op::ScaledQuantize(_) => (self.copy(old), NARROW),
            Op::MatMul => {
                let channels = self.old.node(old.args[1]).shape.len().saturating_sub(1);
                self.contraction(old, channels)?
            }
            Op::Conv { .. } => self.contraction(old, 0)?,
            Op::Mul => self.product(old)?,
            Op::Div => self.quotient(id, old)?,
            Op::Pow => self.power(id, old)?,
            Op::Unary(function) => self.unary(id, old, *function)?,
            Op::Add | Op::Sub => self.sum(old)?,
            Op::Min
            | Op::Max
            | Op::Less
            | Op::LessEqual
            | Op::Equal
            | Op::Where
            | Op::Concat { .. } => self.choice(old)?,
            Op::Reduce {
                kind: Reduction::Mean,
                ..
            }
            | Op::Pool {
                kind: PoolKind::Average { .. },
                ..
            } => {
                let new = self.even(old)?;
                self.rounded(id, new)?
            }
            Op::Reduce { kind, .. } => {
                let narrow = *kind != Reduction::Sum && self.known[old.args[0].0].narrow;
                let scaled = self.known[old.args[0].0].scaled;
                let known = Known {
                    narrow,
                    scaled,
                    mixed: false,
                };
                (self.even(old)?, known)
            }
            Op::Softmax { .. } | Op::Arg { .. } => (self.even(old)?, NARROW),
            Op::TopK { .. } => {
                let known = Known {
                    mixed: false,
                    ..self.known[old.args[1].0]
                };
                (self.even(old)?, known)
            }
            Op::Trees(forest) => {
                let new = self.copy(old);
                self.new.nodes[new.0].op = trees::rounded(forest, self.widths.of(id));
                (new, Known::default())
            }
            Op::Lookup => {
                let rows = self.narrowed(old.args[1], Role::Weights { axis: 1 })?;
                (
                    self.copied(old, vec![self.renamed[old.args[0].0], rows]),
                    NARROW,
                )
            }
            _ => {
                let known = old.args.first().map(|arg| self.known[arg.0]);
                (self.copy(old), known.unwrap_or_default())
            }
        };
        self.renamed.push(new);
        self.known.push(known);
        Ok(())
    }

    fn copy(&mut self, old: &Node) -> Id {
        let args = old.args.iter().map(|arg| self.renamed[arg.0]).collect();
        self.copied(old, args)
    }

    fn copied(&mut self, old: &Node, args: Vec<Id>) -> Id {
        self.new.nodes.push(Node {
            args,
            ..old.clone()
        });
        Id(self.new.nodes.len() - 1)
    }

    fn input(&mut self, id: Id, old: &Node) -> Result<(Id, Known), String> {
        let new = self.copy(old);
        let users = || self.old.nodes.iter().filter(|user| user.args.contains(&id));
        if users().any(|user| matches!(user.op, Op::Quantize(_) | Op::ScaledQuantize(_))) {
            return Ok((new, Known::default()));
        }
        // Formats that differ from element to element would have to be aligned
        // again in front of most operations.
        let alone =
            users().all(|user| matches!(user.op, Op::Add | Op::Sub | Op::Mul | Op::Trees(_)));
        let few = crate::ir::element_count(&old.shape) <= MOST_FORMATS;
        let role = match alone && few {
            true => Role::Elementwise,
            false => Role::Activation,
        };
        let known = Known {
            narrow: true,
            mixed: role == Role::Elementwise,
            scaled: false,
        };
        Ok((self.quantizer(id, new, role)?, known))
    }

    fn contraction(&mut self, old: &Node, channels: usize) -> Result<(Id, Known), String> {
        let args = vec![
            self.narrowed(old.args[0], Role::Activation)?,
            self.narrowed(old.args[1], Role::Weights { axis: channels })?,
        ];
        let scaled = old.args.iter().any(|arg| self.known[arg.0].scaled);
        let known = Known {
            scaled,
            ..Known::default()
        };
        Ok((self.copied(old, args), known))
    }

    /// The other operand and the constant of a pair, if one is a constant.
    fn with_constant(&self, old: &Node) -> Option<(Id, Id)> {
        let [a, b] = [old.args[0], old.args[1]];
        match (self.old.constant(a), self.old.constant(b)) {
            (None, Some(_)) => Some((a, b)),
            (Some(_), None) => Some((b, a)),
            _ => None,
        }
    }

    fn product(&mut self, old: &Node) -> Result<(Id, Known), String> {
        if let Some((value, _)) = self.with_constant(old) {
            let known = self.known[value.0];
            // A dequantiser, or a change of the scale of what has one.
            let integers = matches!(self.old.node(value).op, Op::ScaledQuantize(_))
                || self.offsets_integers(value);
            if known.scaled || integers {
                let known = Known {
                    scaled: true,
                    ..known
                };
                return Ok((self.copy(old), known));
            }
        }
        let args: Vec<_> = old
            .args
            .iter()
            .map(|&arg| self.narrowed(arg, Role::Elementwise))
            .collect::<Result<_, _>>()?;
        let known = Known {
            narrow: false,
            mixed: self.mixes(old),
            scaled: old.args.iter().any(|arg| self.known[arg.0].scaled),
        };
        Ok((self.copied(old, args), known))
    }

    /// Whether a value is a zero point's difference from integers.
    fn offsets_integers(&self, id: Id) -> bool {
        let node = self.old.node(id);
        node.op == Op::Sub
            && matches!(self.old.node(node.args[0]).op, Op::ScaledQuantize(_))
            && self.old.constant(node.args[1]).is_some()
    }

    /// Whether a result's elements may differ in their formats, for an operand
    /// does, or a constant of several elements.
    fn mixes(&self, old: &Node) -> bool {
        old.args.iter().any(|&arg| {
            let several = self
                .old
                .constant(arg)
                .is_some_and(|tensor| tensor.len() > 1);
            several || self.known[arg.0].mixed
        })
    }

    fn sum(&mut self, old: &Node) -> Result<(Id, Known), String> {
        let mut args = [self.renamed[old.args[0].0], self.renamed[old.args[1].0]];
        let mut mixed = old.args.iter().any(|arg| self.known[arg.0].mixed);
        if let Some((value, constant)) = self.with_constant(old) {
            let known = self.known[value.0];
            if known.scaled || matches!(self.old.node(value).op, Op::ScaledQuantize(_)) {
                return Ok((self.copy(old), known));
            }
            let at = usize::from(constant == old.args[1]);
            args[at] = match self.product_f(self.renamed[value.0]) {
                Some(f) => self.bias(constant, args[at], f)?,
                None => {
                    mixed = mixed || self.mixes(old);
                    self.quantizer(constant, args[at], Role::Elementwise)?
                }
            };
        }
        let known = Known {
            narrow: false,
            mixed,
            scaled: old.args.iter().all(|arg| self.known[arg.0].scaled),
        };
        Ok((self.copied(old, args.to_vec()), known))
    }

    /// Operations that choose among their operands.
    fn choice(&mut self, old: &Node) -> Result<(Id, Known), String> {
        let condition = usize::from(old.op == Op::Where);
        let values = old.args[condition..].to_vec();
        let scaled = values.iter().any(|arg| self.known[arg.0].scaled);
        let mut args: Vec<_> = old.args.iter().map(|arg| self.renamed[arg.0]).collect();
        let mut narrow = true;
        for (arg, &value) in args[condition..].iter_mut().zip(&values) {
            match self.old.constant(value) {
                Some(tensor) if !scaled && constant::exact(tensor, true).is_err() => {
                    *arg = self.quantizer(value, *arg, Role::Elementwise)?;
                }
                Some(_) => {}
                None => narrow &= self.known[value.0].narrow,
            }
        }
        let compares = matches!(old.op, Op::Less | Op::LessEqual | Op::Equal);
        let joins = matches!(old.op, Op::Concat { .. });
        let known = Known {
            narrow: compares || (narrow && !joins),
            mixed: !compares && (joins || self.mixes(old)),
            scaled: !compares && scaled,
        };
        Ok((self.copied(old, args), known))
    }

    /// A division by a constant, or a product with a table of reciprocals.
    fn quotient(&mut self, id: Id, old: &Node) -> Result<(Id, Known), String> {
        if self.old.constant(old.args[1]).is_some() {
            let new = self.copy(old);
            return self.rounded(id, new);
        }
        let name = format!("{}.reciprocal", old.name);
        let reciprocal = self.reciprocal(&name, old.args[1])?;
        let Profile { lo, hi } = &self.profiles[old.args[1].0];
        let ends = [smallest(lo.iter()), largest(hi.iter())].map(f64::recip);
        let bits = self.bits(id);
        // A divisor that reaches 0 has no largest reciprocal.
        let [a, b] = ends.map(|end| match end.is_finite() {
            true => end,
            false => 1.0,
        });
        let format = covering(a.min(b), a.max(b), bits).ok_or("no format for its reciprocal")?;
        let reciprocal = self.quantize(&name, reciprocal, Formats::Uniform(format))?;
        let value = self.narrowed(old.args[0], Role::Elementwise)?;
        let new = self.new.op_node(&old.name, Op::Mul, &[value, reciprocal])?;
        let known = Known {
            mixed: self.known[old.args[0].0].mixed,
            ..Known::default()
        };
        Ok((new, known))
    }

    /// A table of reciprocals, or of reciprocal square roots of what a value
    /// that nothing else uses is the root of.
    fn reciprocal(&mut self, name: &str, value: Id) -> Result<Id, String> {
        let node = self.old.node(value);
        if node.op != Op::Unary(Function::Sqrt) || self.users[value.0] != 1 {
            let index = self.index(value)?;
            let op = Op::Unary(Function::Reciprocal);
            return self.new.op_node(name, op, &[index]);
        }
        let index = self.index(node.args[0])?;
        let exponent = Tensor::from_elem(ndarray::IxDyn(&[]), -0.5);
        let exponent = self.new.constant_node(format!("{name}.power"), exponent);
        self.new.op_node(name, Op::Pow, &[index, exponent])
    }

    fn power(&mut self, id: Id, old: &Node) -> Result<(Id, Known), String> {
        let exponent = self.renamed[old.args[1].0];
        let square = |tensor: &Tensor| tensor.iter().all(|&exponent| exponent == 2.0);
        if self.old.constant(old.args[1]).is_some_and(square) {
            let x = self.narrowed(old.args[0], Role::Activation)?;
            let mixed = self.known[old.args[0].0].mixed;
            let known = Known {
                mixed,
                ..Known::default()
            };
            return Ok((self.copied(old, vec![x, exponent]), known));
        }
        let index = self.index(old.args[0])?;
        let new = self.copied(old, vec![index, exponent]);
        self.rounded(id, new)
    }

    fn unary(&mut self, id: Id, old: &Node, function: Function) -> Result<(Id, Known), String> {
        let x = self.known[old.args[0].0];
        match function {
            Function::Abs | Function::Neg => return Ok((self.copy(old), x)),
            Function::Sign => return Ok((self.copy(old), NARROW)),
            Function::Reciprocal => {
                let new = self.reciprocal(&old.name, old.args[0])?;
                return self.rounded(id, new);
            }
            Function::Floor
            | Function::Ceil
            | Function::Round
            | Function::Truncate
            | Function::Float16
            | Function::Float32
            | Function::Minifloat(_)
            | Function::Integer { .. } => {
                let known = Known { scaled: false, ..x };
                return Ok((self.copy(old), known));
            }
            _ => {}
        }
        let index = self.index(old.args[0])?;
        let new = self.copied(old, vec![index]);
        self.rounded(id, new)
    }

    /// A copy whose operands have one format each.
    fn even(&mut self, old: &Node) -> Result<Id, String> {
        let mut args = Vec::with_capacity(old.args.len());
        for &arg in &old.args {
            let new = self.renamed[arg.0];
            args.push(match self.known[arg.0].mixed {
                true => self.quantizer(arg, new, Role::Activation)?,
                false => new,
            });
        }
        Ok(self.copied(old, args))
    }

    /// A result behind a quantiser.
    fn rounded(&mut self, id: Id, new: Id) -> Result<(Id, Known), String> {
        Ok((self.quantizer(id, new, Role::Activation)?, NARROW))
    }

    /// An operand as the index of a table.
    fn index(&mut self, old: Id) -> Result<Id, String> {
        let Profile { lo, hi } = &self.profiles[old.0];
        let (lo, hi) = (smallest(lo.iter()), largest(hi.iter()));
        let bits = self.bits(old);
        let narrow = Bits {
            width: bits.width.min(INDEX_BITS),
            ..bits
        };
        let known = self.known[old.0];
        if bits.width <= INDEX_BITS {
            return match known.narrow && !known.mixed {
                true => Ok(self.renamed[old.0]),
                false => self.quantizer(old, self.renamed[old.0], Role::Activation),
            };
        }
        let format = covering(lo, hi, narrow).ok_or("no format for its range")?;
        let name = self.old.node(old).name.clone();
        self.quantize(
            &format!("{name}.index"),
            self.renamed[old.0],
            Formats::Uniform(format),
        )
    }

    /// The bits of a value as a whole.
    fn bits(&self, old: Id) -> Bits {
        let entries = self.widths.of(old).entries();
        entries.iter().copied().max().unwrap_or(Bits::wide(16))
    }

    /// An operand of a product, behind a quantiser if it has many bits.
    ///
    /// `role` is what the operand is if it is a constant; a computed one is an
    /// activation, unless its elements have formats that differ.
    fn narrowed(&mut self, old: Id, role: Role) -> Result<Id, String> {
        let new = self.renamed[old.0];
        if self.known[old.0].narrow {
            return Ok(new);
        }
        // Features that came with a format each keep one each on their way
        // through element-wise products: their ranges differ by orders.
        let apart = role == Role::Elementwise && self.known[old.0].mixed;
        match self.old.constant(old) {
            None if !apart => self.quantizer(old, new, Role::Activation),
            _ => self.quantizer(old, new, role),
        }
    }

    /// The fractional bits of a product of quantised operands; the most
    /// where channels differ.
    fn product_f(&self, id: Id) -> Option<i32> {
        let node = self.new.node(id);
        if !matches!(node.op, Op::MatMul | Op::Conv { .. }) {
            return None;
        }
        let f = |id: Id| match &self.new.node(id).op {
            Op::Quantize(quantizer) => {
                let entries = quantizer.formats.entries().iter();
                entries.map(|format| format.f()).max()
            }
            _ => None,
        };
        Some(f(node.args[0])? + f(node.args[1])?)
    }

    fn bias(&mut self, old: Id, new: Id, f: i32) -> Result<Id, String> {
        let Profile { lo, hi } = &self.profiles[old.0];
        let (lo, hi) = (smallest(lo.iter()), largest(hi.iter()));
        let widest = covering(lo, hi, Bits::wide(32)).ok_or("no format for the bias")?;
        // One more integer bit, for rounding up. A step above the whole range
        // would be no format: the bias is then finer than the product.
        let i = widest.i() + 1;
        let format = Format::new(widest.k(), i, f.clamp(-i, 31 - i));
        let format = format.ok_or("no format for the bias")?;
        let name = self.old.node(old).name.clone();
        self.quantize(&format!("{name}.quantized"), new, Formats::Uniform(format))
    }

    /// A quantiser of the site's widths behind a value.
    fn quantizer(&mut self, old: Id, new: Id, role: Role) -> Result<Id, String> {
        let Profile { lo, hi } = &self.profiles[old.0];
        let count = role.channels(self.old.node(old));
        let format = |lo, hi, bits| covering(lo, hi, bits).ok_or("no format for its range");
        let formats = match (self.widths.of(old), role) {
            (SiteBits::Tensor(bits), Role::Elementwise) => {
                let each = lo.iter().zip(hi).map(|(&lo, &hi)| format(lo, hi, *bits));
                Formats::each(lo.shape().to_vec(), each.collect::<Result<_, _>>()?)
            }
            (SiteBits::Tensor(bits), _) => {
                Formats::Uniform(format(smallest(lo.iter()), largest(hi.iter()), *bits)?)
            }
            (SiteBits::Channels(each), Role::Weights { axis }) if each.len() == count => {
                let channels = lo.axis_iter(Axis(axis)).zip(hi.axis_iter(Axis(axis)));
                let formats = channels
                    .zip(each)
                    .map(|((lo, hi), bits)| format(smallest(lo.iter()), largest(hi.iter()), *bits));
                let mut dims = vec![1; lo.ndim()];
                dims[axis] = count;
                Formats::each(dims, formats.collect::<Result<_, _>>()?)
            }
            (SiteBits::Channels(each), _) => {
                let found = each.len();
                return Err(format!("{found} widths for a value of {count} channels"));
            }
        };
        match self.sites.iter_mut().find(|known| known.value == old) {
            None => {
                let site = Site::new(self.old, old, role, formats.clone());
                self.sites.push(site);
            }
            // What one user takes per channel, another may not.
            Some(known) if known.role != role => known.channels = 1,
            Some(_) => {}
        }
        let name = self.old.node(old).name.clone();
        self.quantize(&format!("{name}.quantized"), new, formats)
    }

    fn quantize(&mut self, name: &str, new: Id, formats: Formats) -> Result<Id, String> {
        let known = self.placed.iter();
        let mut known = known.filter(|(value, with, _)| *value == new && *with == formats);
        if let Some((_, _, placed)) = known.next() {
            return Ok(*placed);
        }
        let op = Op::Quantize(Quantizer {
            formats: formats.clone(),
            rounding: Rounding::RndConv,
            overflow: Overflow::Sat,
        });
        let placed = self.new.op_node(name, op, &[new])?;
        self.placed.push((new, formats, placed));
        Ok(placed)
    }
}

/// Few bits, in one format.
const NARROW: Known = Known {
    narrow: true,
    mixed: false,
    scaled: false,
};
