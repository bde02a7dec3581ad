//! Fewer pixels.

use serde::{Deserialize, Serialize};

use super::{Flow, Layer};
use crate::net::ops::{ImageReduction, image_activation, image_pool};
use crate::net::{Builder, NetError};

/// What becomes of the pixels of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PixelPooling {
    /// The greatest.
    Max,
    /// The mean.
    Average,
}

/// `type = "image_pool"`: windows of `size` times `size` pixels that lie side by side become one
/// pixel each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImagePoolConfig {
    /// What becomes of the pixels.
    pub kind: PixelPooling,
    /// Side of a window; a power of two for an average.
    pub size: usize,
}

impl Layer for ImagePoolConfig {
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        let reduction = match self.kind {
            PixelPooling::Max => ImageReduction::Max,
            PixelPooling::Average => ImageReduction::Average,
        };
        let positive = builder.is_positive(flow.value);
        let pooled = image_pool(builder, name, flow.value, reduction, [self.size; 2])?;
        flow.value = image_activation(builder, &format!("{name}.out"), pooled, positive);
        Ok(())
    }
}
