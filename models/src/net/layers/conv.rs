//! Convolution of images, and of lists along their slots.

use serde::{Deserialize, Serialize};

use super::dense::yes;
use super::{Flow, Layer};
use crate::net::ops::{
    Windows, activation, batch_norm, conv, image_activation, reshape, transpose,
};
use crate::net::{Builder, NetError, Value};

/// `type = "conv"`: on an image `[c, h, w]` windows of `kernel` times `kernel` pixels; on a list
/// `[slots, features]` windows of `kernel` neighbouring slots, the features being the channels.
/// The order of the slots matters; empty ones are 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvConfig {
    /// Number of kernels.
    pub channels: usize,
    /// Side of a window.
    pub kernel: usize,
    /// From one window to the next.
    #[serde(default = "one")]
    pub stride: usize,
    /// Zeros on each side.
    #[serde(default)]
    pub padding: usize,
    /// Whether negative results become 0.
    #[serde(default = "yes")]
    pub relu: bool,
    /// Whether a learned number is added for each channel.
    #[serde(default = "yes")]
    pub bias: bool,
    /// Whether the sums of each channel are normalised over the batch in the float stage; folded
    /// into weights and biases before numbers are rounded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub batch_norm: bool,
}

fn one() -> usize {
    1
}

impl ConvConfig {
    fn check(&self, name: &str) -> Result<(), NetError> {
        for (key, found, least, most) in [
            ("channels", self.channels, 1, 4096),
            ("kernel", self.kernel, 1, 64),
            ("stride", self.stride, 1, 64),
            ("padding", self.padding, 0, self.kernel.saturating_sub(1)),
        ] {
            if !(least..=most).contains(&found) {
                return Err(NetError::Setting {
                    layer: name.to_owned(),
                    key,
                    found: found.to_string(),
                    expected: format!("{least} to {most}"),
                });
            }
        }
        Ok(())
    }
}

impl ConvConfig {
    /// The convolution of an image, normalised if that is asked for.
    fn sums(
        &self,
        name: &str,
        builder: &mut Builder,
        image: Value,
        windows: Windows,
    ) -> Result<Value, NetError> {
        let sums = conv(builder, name, image, self.channels, windows, self.bias)?;
        match self.batch_norm {
            true => batch_norm(builder, name, sums, 0),
            false => Ok(sums),
        }
    }
}

impl Layer for ConvConfig {
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        self.check(name)?;
        let both = |value: usize, other: usize| [other, value];
        match *builder.shape(flow.value) {
            [slots, features] => {
                if let Some(mask) = flow.mask.take() {
                    let kept = format!("{name}.kept");
                    flow.value = crate::net::ops::masked(builder, &kept, flow.value, mask);
                }
                let turned = transpose(builder, &format!("{name}.turned"), flow.value, &[1, 0]);
                let line = format!("{name}.line");
                let line = reshape(builder, &line, turned, &[features, 1, slots]);
                let windows = Windows {
                    kernel: both(self.kernel, 1),
                    stride: both(self.stride, 1),
                    padding: both(self.padding, 0),
                };
                let sum = self.sums(name, builder, line, windows)?;
                let places = builder.shape(sum)[2];
                let flat = format!("{name}.flat");
                let flat = reshape(builder, &flat, sum, &[self.channels, places]);
                let list = transpose(builder, &format!("{name}.list"), flat, &[1, 0]);
                flow.value = activation(builder, &format!("{name}.out"), list, self.relu);
            }
            _ => {
                let windows = Windows {
                    kernel: both(self.kernel, self.kernel),
                    stride: both(self.stride, self.stride),
                    padding: both(self.padding, self.padding),
                };
                let sum = self.sums(name, builder, flow.value, windows)?;
                flow.value = image_activation(builder, &format!("{name}.out"), sum, self.relu);
            }
        }
        Ok(())
    }
}
