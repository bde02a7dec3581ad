//! Multiplication by a real factor: an integer mantissa and a shift.

use crate::ir::{Formats, NodeId, TensorType};
use crate::ops::{self, Constant};
use crate::real::{Tensor, encode};

use super::integer::Writer;
use super::scale::{Carried, Scale};

/// Significant bits of a factor that is not exact: as many as a
/// single-precision number has, so that one is always exact.
pub(super) const MULTIPLIER_BITS: i32 = 24;

/// Factors of channels share their fractional bits if none is wider then.
const WIDEST_SHARED: i32 = 31;

/// Fewest significant bits with which a factor is taken at all.
const FEWEST_BITS: i32 = 12;

/// The dyadic numbers that stand for real factors.
struct Multiplier {
    mantissas: Vec<i64>,
    formats: Formats,
    /// What they are, as real numbers.
    values: Tensor,
}

/// An integer times a factor.
pub(super) struct Product {
    pub(super) node: NodeId,
    /// The factor that was asked for.
    pub(super) factor: Tensor,
    /// The factor that was taken.
    pub(super) taken: Tensor,
}

impl Product {
    /// The largest deviation of the factor, of its size.
    pub(super) fn relative_deviation(&self) -> f64 {
        let pairs = self.factor.iter().zip(&self.taken);
        pairs
            .filter(|(factor, _)| **factor != 0.0)
            .map(|(factor, taken)| (taken / factor - 1.0).abs())
            .fold(0.0, f64::max)
    }

    pub(super) fn is_exact(&self) -> bool {
        self.factor == self.taken
    }
}

fn multiplier(factors: &Tensor, bits: i32) -> Result<Multiplier, String> {
    let mut parts = Vec::with_capacity(factors.len());
    for &factor in factors {
        let exact = encode(factor).ok_or_else(|| format!("the factor {factor} is not finite"))?;
        let used = 64 - exact.m.unsigned_abs().leading_zeros() as i32;
        let rounded = match used > bits {
            false => exact,
            true => {
                let f = exact.f - (used - bits);
                let m = libm::rint(libm::scalbn(factor, f));
                encode(libm::scalbn(m, -f)).unwrap_or(exact)
            }
        };
        parts.push(rounded);
    }
    let shared_f = parts.iter().filter(|part| part.m != 0).map(|part| part.f);
    let shared_f = shared_f.max().unwrap_or(0);
    let shared: Option<Vec<i64>> = parts
        .iter()
        .map(|part| {
            let shift = if part.m == 0 { 0 } else { shared_f - part.f };
            let m = crate::exact::shift_left(part.m.into(), shift.min(64));
            (m.abs() < 1 << WIDEST_SHARED).then_some(m as i64)
        })
        .collect();
    let values = parts
        .iter()
        .map(|part| libm::scalbn(part.m as f64, -part.f));
    let values = Tensor::from_shape_vec(factors.raw_dim(), values.collect())
        .map_err(|error| error.to_string())?;
    let cover = |lo: i64, hi: i64, f| {
        trigforge::Format::covering(lo.into(), hi.into(), f)
            .ok_or_else(|| "a factor is out of range".to_owned())
    };
    let (mantissas, formats) = match shared {
        Some(mantissas) => {
            let lo = mantissas.iter().copied().min().unwrap_or(0);
            let hi = mantissas.iter().copied().max().unwrap_or(0);
            let format = cover(lo, hi, shared_f)?;
            (mantissas, Formats::Uniform(format))
        }
        None => {
            let formats = parts.iter().map(|part| cover(part.m, part.m, part.f));
            let formats = formats.collect::<Result<_, _>>()?;
            let mantissas = parts.iter().map(|part| part.m).collect();
            (mantissas, Formats::each(factors.shape().to_vec(), formats))
        }
    };
    Ok(Multiplier {
        mantissas,
        formats,
        values,
    })
}

impl Writer<'_> {
    /// A node times factors that broadcast to its shape.
    ///
    /// A factor of more than [`MULTIPLIER_BITS`] significant bits is rounded to
    /// those, or to as many as leave the product within 62 bits.
    pub(super) fn multiplied(
        &mut self,
        name: &str,
        node: NodeId,
        factor: &Tensor,
    ) -> Result<Product, String> {
        if factor.iter().all(|&factor| factor == 1.0)
            && factor.shape().iter().all(|&size| size == 1)
        {
            return Ok(Product {
                node,
                factor: factor.clone(),
                taken: factor.clone(),
            });
        }
        let magnitude = self
            .builder
            .range(node)
            .iter()
            .map(|range| range.lo.unsigned_abs().max(range.hi.unsigned_abs()))
            .max()
            .unwrap_or(0);
        let room = 62 - (64 - magnitude.leading_zeros() as i32);
        if room < FEWEST_BITS {
            return Err(format!(
                "its operand has {} bits, too many for a product with a factor",
                62 - room
            ));
        }
        let shared_room = MULTIPLIER_BITS.min(room);
        let multiplier = multiplier(factor, shared_room)?;
        let ty = TensorType {
            shape: factor.shape().to_vec(),
            formats: multiplier.formats,
        };
        let constant = Constant {
            mantissas: multiplier.mantissas,
        };
        let constant = self.add_constant(&format!("{name}.factor"), constant, ty)?;
        let product = self.add(&format!("{name}.scaled"), ops::Mul, &[node, constant], None)?;
        Ok(Product {
            node: product,
            factor: factor.clone(),
            taken: multiplier.values,
        })
    }

    /// The value itself as a node, its factor multiplied in.
    pub(super) fn plain(&mut self, name: &str, value: &Carried) -> Result<NodeId, String> {
        if value.scale.is_one() {
            return Ok(value.node);
        }
        let rank = self.builder.ty(value.node).shape.len();
        let factor = value.scale.tensor(rank);
        let product = self.multiplied(name, value.node, &factor)?;
        if !product.is_exact() {
            self.note(
                name,
                format!(
                    "its integers are multiplied by their scale, taken with at most \
                     {MULTIPLIER_BITS} significant bits: off by at most {:.1e} of the value",
                    product.relative_deviation()
                ),
            );
        }
        Ok(product.node)
    }

    /// A value times real factors that broadcast with its shape, as a change of
    /// its scale; signs and zeros go into the integers.
    pub(super) fn rescaled(
        &mut self,
        name: &str,
        value: &Carried,
        factor: &Tensor,
        shape: &[usize],
    ) -> Result<Carried, String> {
        let from = self.builder.ty(value.node).shape.clone();
        let mut node = value.node;
        if from != shape || factor.iter().any(|&factor| factor <= 0.0) {
            let signs =
                factor.mapv(|factor| f64::from((factor > 0.0) as i8 - (factor < 0.0) as i8));
            let signs = multiplier(&signs, MULTIPLIER_BITS)?;
            let ty = TensorType {
                shape: factor.shape().to_vec(),
                formats: signs.formats,
            };
            let constant = Constant {
                mantissas: signs.mantissas,
            };
            let constant = self.add_constant(&format!("{name}.sign"), constant, ty)?;
            node = self.add(&format!("{name}.signed"), ops::Mul, &[node, constant], None)?;
        }
        let magnitudes = factor.mapv(|factor| match factor == 0.0 {
            true => 1.0,
            false => factor.abs(),
        });
        let scale = value.scale.tensor(from.len()) * magnitudes;
        if scale.iter().any(|&scale| !scale.is_normal()) {
            return Err("its factor is out of the range of doubles".to_owned());
        }
        Ok(Carried {
            node,
            scale: Scale::new(&scale, shape.len()),
        })
    }
}
