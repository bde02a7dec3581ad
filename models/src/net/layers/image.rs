//! A vector as an image, for decoders.

use serde::{Deserialize, Serialize};

use super::{Flow, Layer};
use crate::net::ops::reshape;
use crate::net::{Builder, NetError};

/// `type = "image"`: `[channels * height * width]` to `[channels, height, width]`, the last axis
/// fastest, so that convolutions can follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageConfig {
    /// Channels of the image.
    pub channels: usize,
    /// Its rows.
    pub height: usize,
    /// Its columns.
    pub width: usize,
}

impl Layer for ImageConfig {
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        let wanted = [self.channels, self.height, self.width];
        let numbers = wanted.iter().product::<usize>();
        let found = builder.shape(flow.value);
        if found != [numbers] || numbers == 0 {
            return Err(NetError::Shape {
                layer: name.to_owned(),
                found: found.to_vec(),
                expected: format!("[{numbers}], the numbers of an image of {wanted:?}"),
            });
        }
        flow.value = reshape(builder, name, flow.value, &wanted);
        Ok(())
    }
}
