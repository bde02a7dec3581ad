//! Effective bit operations (EBOPs): the product of the widths of both factors, over all products
//! of an event (arXiv:2405.00645, section 3.3). Signs are not counted.

use super::{Format, Net, ParameterId};

/// The products of one node: how often a number of width `a` meets one of width `b`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Products {
    /// The node.
    pub node: String,
    /// Group of the one factor, group of the other, how many products.
    pub pairs: Vec<(u32, u32, u32)>,
}

impl Products {
    /// Collects pairs of groups, equal ones together.
    pub fn new(node: &str, pairs: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut all: Vec<(u32, u32)> = pairs.into_iter().collect();
        all.sort_unstable();
        let mut pairs: Vec<(u32, u32, u32)> = Vec::new();
        for (a, b) in all {
            match pairs.last_mut() {
                Some((x, y, count)) if (*x, *y) == (a, b) => *count += 1,
                _ => pairs.push((a, b, 1)),
            }
        }
        Self {
            node: node.to_owned(),
            pairs,
        }
    }

    /// Bit operations of this node.
    pub fn ebops(&self, formats: &[Format]) -> u64 {
        let pair = |&(a, b, count): &(u32, u32, u32)| {
            let bits = |width: u32| u64::from(formats[width as usize].bits());
            bits(a) * bits(b) * u64::from(count)
        };
        self.pairs.iter().map(pair).sum()
    }
}

/// The cost of a network in given formats.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// Effective bit operations of an event.
    pub ebops: u64,
    /// Width of each group.
    pub bits: Vec<u32>,
    /// Derivative of `ebops` for each width; 0 for a group that has no bits left.
    pub slope: Vec<f32>,
}

impl Cost {
    /// The cost of a network.
    pub fn new(net: &Net, formats: &[Format]) -> Self {
        let bits: Vec<u32> = formats.iter().map(Format::bits).collect();
        let mut slope = vec![0f32; formats.len()];
        let mut ebops = 0;
        for products in &net.products {
            // The pairs of one factor stand together: its slope is a sum in a register.
            for pairs in products.pairs.chunk_by(|one, next| one.0 == next.0) {
                let a = pairs[0].0 as usize;
                let x = bits[a];
                let mut sum = 0;
                for &(_, b, count) in pairs {
                    let y = bits[b as usize] * count;
                    sum += y;
                    // A product instead of a branch: nothing here can be foreseen.
                    slope[b as usize] += (u32::from(y > 0) * x * count) as f32;
                }
                ebops += u64::from(x) * u64::from(sum);
                slope[a] += (u32::from(x > 0) * sum) as f32;
            }
        }
        Self { ebops, bits, slope }
    }

    /// Adds the derivative of `beta * ebops + gamma * bits` to the gradient of all parameters.
    pub fn add_gradient(&self, net: &Net, weight: Weight, out: &mut [f32]) {
        for quantiser in &net.quantisers {
            let ParameterId(parameter) = quantiser.fractional;
            let out = &mut out[net.parameters[parameter].range()];
            let bits = &self.bits[quantiser.widths()];
            let slope = &self.slope[quantiser.widths()];
            for ((out, bits), slope) in out.iter_mut().zip(bits).zip(slope) {
                let some = f32::from(u8::from(*bits > 0));
                *out += some * (weight.beta * slope + weight.gamma);
            }
        }
    }
}

/// How much the cost weighs against the loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weight {
    /// Weight of one bit operation.
    pub beta: f32,
    /// Weight of one bit of any width.
    pub gamma: f32,
}
