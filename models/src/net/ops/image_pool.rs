//! The greatest or the sum of the pixels in windows of an image.

use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};

use crate::export::{OnnxGraph, attribute};
use crate::net::{Builder, NetError, Node, Primitive, Run, Value};

/// What becomes of the pixels of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageReduction {
    /// The greatest.
    Max,
    /// The mean; the number of pixels is a power of two, so that it is exact.
    Average,
}

/// Reduces windows that lie side by side.
#[derive(Debug)]
pub struct ImagePool {
    reduction: ImageReduction,
    size: [usize; 2],
}

impl Primitive for ImagePool {
    fn forward(&self, _run: &Run<'_>, node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let shape = &node.operand_shapes[0];
        let batch = operands[0].dims()[0];
        let x = operands[0]
            .clone()
            .reshape([batch, shape[0], shape[1], shape[2]]);
        let pooled = match self.reduction {
            ImageReduction::Max => {
                max_pool2d(x, MaxPoolOptions::new(self.size).with_stride(self.size))
            }
            ImageReduction::Average => {
                avg_pool2d(x, AvgPoolOptions::new(self.size).with_stride(self.size))
            }
        };
        pooled.reshape([batch, node.elements()])
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let op = match self.reduction {
            ImageReduction::Max => "MaxPool",
            ImageReduction::Average => "AveragePool",
        };
        let size = self.size.map(|v| v as i64);
        let attributes = vec![
            attribute::integers("kernel_shape", &size),
            attribute::integers("strides", &size),
        ];
        graph.node_with(op, &node.name, &[&operands[0]], &node.shape, attributes)
    }
}

/// Reduces windows of `size` pixels of an image `[c, h, w]`; rows and columns that fill no window
/// are left out. The result is not rounded.
///
/// # Errors
///
/// A value that is no image of at least that size; an average over a number of pixels that is no
/// power of two.
pub fn image_pool(
    builder: &mut Builder,
    name: &str,
    value: Value,
    reduction: ImageReduction,
    size: [usize; 2],
) -> Result<Value, NetError> {
    let pixels = size[0] * size[1];
    if pixels == 0 || (reduction == ImageReduction::Average && !pixels.is_power_of_two()) {
        return Err(NetError::Setting {
            layer: name.to_owned(),
            key: "size",
            found: format!("{size:?}"),
            expected: "at least one pixel; for an average, a power of two of them".to_owned(),
        });
    }
    let shape = builder.shape(value).to_vec();
    match shape.as_slice() {
        &[channels, height, width] if height >= size[0] && width >= size[1] => {
            let result = [channels, height / size[0], width / size[1]];
            Ok(builder.push(name, ImagePool { reduction, size }, &[value], &result))
        }
        _ => Err(NetError::Shape {
            layer: name.to_owned(),
            found: shape,
            expected: format!("[channels, height, width] of at least {size:?} pixels"),
        }),
    }
}
