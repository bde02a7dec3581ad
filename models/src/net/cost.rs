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
    /// Sum of all widths.
    pub bits: u64,
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
            for &(a, b, count) in &products.pairs {
                let (a, b) = (a as usize, b as usize);
                let (x, y) = (bits[a], bits[b]);
                ebops += u64::from(x) * u64::from(y) * u64::from(count);
                if x > 0 {
                    slope[a] += (y * count) as f32;
                }
                if y > 0 {
                    slope[b] += (x * count) as f32;
                }
            }
        }
        Self {
            ebops,
            bits: bits.iter().map(|b| u64::from(*b)).sum(),
            slope,
        }
    }

    /// Adds the derivative of `beta * ebops + gamma * bits` to the gradient of all parameters.
    pub fn add_gradient(&self, net: &Net, formats: &[Format], weight: Weight, out: &mut [f32]) {
        for quantiser in &net.quantisers {
            let ParameterId(parameter) = quantiser.fractional;
            let range = net.parameters[parameter].range();
            for (at, width) in range.zip(quantiser.widths()) {
                if formats[width].bits() > 0 {
                    out[at] += weight.beta * self.slope[width] + weight.gamma;
                }
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
