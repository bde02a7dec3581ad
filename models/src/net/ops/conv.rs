//! Convolution of an image with learned kernels.

use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;

use super::dense::bias_of;
use crate::export::{OnnxGraph, attribute};
use crate::net::builder::first_axis;
use crate::net::{
    Builder, Kind, NetError, Node, Primitive, Products, QuantiserId, Role, Run, Start, Value,
};

/// Size, step and border of the windows, rows and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// Rows and columns of a window.
    pub kernel: [usize; 2],
    /// From one window to the next.
    pub stride: [usize; 2],
    /// Zeros around the image, on each side.
    pub padding: [usize; 2],
}

impl Windows {
    /// Rows and columns of the result; `None` where no window fits.
    pub fn places(&self, image: [usize; 2]) -> Option<[usize; 2]> {
        let along = |axis: usize| {
            let length = image[axis] + 2 * self.padding[axis];
            let last = length.checked_sub(self.kernel[axis])?;
            Some(last / self.stride[axis] + 1)
        };
        Some([along(0)?, along(1)?])
    }
}

/// `y[o, p] = bias[o] + sum over the window at p of x[c, q] * weight[o, c, q]`.
#[derive(Debug)]
pub struct Conv {
    weight: QuantiserId,
    bias: Option<QuantiserId>,
    /// Output and input channels.
    channels: [usize; 2],
    windows: Windows,
}

impl Primitive for Conv {
    fn forward(&self, run: &Run<'_>, node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let [outputs, inputs] = self.channels;
        let [rows, columns] = self.windows.kernel;
        let shape = &node.operand_shapes[0];
        let batch = operands[0].dims()[0];
        let x = operands[0]
            .clone()
            .reshape([batch, inputs, shape[1], shape[2]]);
        let weight = run
            .weight(self.weight)
            .reshape([outputs, inputs, rows, columns]);
        let bias = self.bias.map(|bias| run.weight(bias).reshape([outputs]));
        let Windows {
            stride, padding, ..
        } = self.windows;
        let options = ConvOptions::new(stride, padding, [1, 1], 1);
        conv2d(x, weight, bias, options).reshape([batch, node.elements()])
    }

    fn affine(&self) -> Option<(QuantiserId, Option<QuantiserId>)> {
        Some((self.weight, self.bias))
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let weight = graph.weight(self.weight);
        let bias = self.bias.map(|bias| graph.weight(bias));
        let mut inputs = vec![operands[0].as_str(), &weight];
        inputs.extend(bias.as_deref());
        let [top, left] = self.windows.padding.map(|p| p as i64);
        let pair = |values: [usize; 2]| values.map(|v| v as i64);
        let attributes = vec![
            attribute::integers("kernel_shape", &pair(self.windows.kernel)),
            attribute::integers("strides", &pair(self.windows.stride)),
            attribute::integers("pads", &[top, left, top, left]),
        ];
        graph.node_with("Conv", &node.name, &inputs, &node.shape, attributes)
    }
}

/// Convolves a rounded image `[c, h, w]` with `channels` kernels.
///
/// # Errors
///
/// A value that was not rounded, or an image that no window fits into.
pub fn conv(
    builder: &mut Builder,
    name: &str,
    value: Value,
    channels: usize,
    windows: Windows,
    bias: bool,
) -> Result<Value, NetError> {
    let shape = builder.shape(value).to_vec();
    let misfit = || NetError::Shape {
        layer: name.to_owned(),
        found: shape.clone(),
        expected: format!(
            "[channels, height, width] that holds a window of {:?}",
            windows.kernel
        ),
    };
    let &[inputs, height, width] = shape.as_slice() else {
        return Err(misfit());
    };
    let places = windows.places([height, width]).ok_or_else(misfit)?;
    let widths = builder.weights;
    let kernels = [channels, inputs, windows.kernel[0], windows.kernel[1]];
    let fan_in = inputs * windows.kernel[0] * windows.kernel[1];
    let weight_name = format!("{name}.weight");
    let start = Start::He { fan_in };
    let parameter = builder.parameter(&weight_name, &kernels, Role::Weight, start);
    let grouping = first_axis(&kernels, widths.granularity);
    let weight = builder.quantiser(
        &weight_name,
        Kind::Weight,
        &kernels,
        grouping,
        widths.bits,
        Some(parameter),
    );
    let bias = bias.then(|| bias_of(builder, name, channels, widths));

    let of_weight = builder.widths_of(weight);
    let of_value = builder.product_widths(name, value)?;
    let mut pairs = Vec::new();
    each_product(&windows, [height, width], places, |pixel, tap| {
        for input in 0..inputs {
            let value = of_value[input * height * width + pixel];
            for output in 0..channels {
                let kernel = (output * inputs + input) * windows.kernel[0] * windows.kernel[1];
                pairs.push((value, of_weight[kernel + tap]));
            }
        }
    });
    let products = Products::new(name, pairs);
    builder.products(products);
    let op = Conv {
        weight,
        bias,
        channels: [channels, inputs],
        windows,
    };
    Ok(builder.push(name, op, &[value], &[channels, places[0], places[1]]))
}

/// Calls `each` with pixel and tap of every product of one channel by one kernel.
fn each_product(
    windows: &Windows,
    image: [usize; 2],
    places: [usize; 2],
    mut each: impl FnMut(usize, usize),
) {
    let at = |axis: usize, place: usize, tap: usize| {
        let shifted = place * windows.stride[axis] + tap;
        let index = shifted.checked_sub(windows.padding[axis])?;
        (index < image[axis]).then_some(index)
    };
    for place in 0..places[0] * places[1] {
        let (row, column) = (place / places[1], place % places[1]);
        for tap in 0..windows.kernel[0] * windows.kernel[1] {
            let (down, right) = (tap / windows.kernel[1], tap % windows.kernel[1]);
            if let (Some(y), Some(x)) = (at(0, row, down), at(1, column, right)) {
                each(y * image[1] + x, tap);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_inside_of_the_image() {
        let windows = Windows {
            kernel: [3, 2],
            stride: [2, 1],
            padding: [1, 0],
        };
        let image = [4, 3];
        let places = windows.places(image).expect("places");
        assert_eq!(places, [2, 2]);
        let mut found = Vec::new();
        each_product(&windows, image, places, |pixel, tap| {
            found.push((pixel, tap))
        });
        // The first row of windows begins above the image: two rows of taps are inside.
        assert_eq!(found[..4], [(0, 2), (1, 3), (3, 4), (4, 5)]);
        assert_eq!(found.len(), 2 * 4 + 2 * 6);
        assert_eq!(windows.places([0, 1]), None);
    }
}
