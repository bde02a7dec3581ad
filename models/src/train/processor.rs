//! What the steps of a training run on.

use burn::tensor::Device;

use super::TrainError;

/// What the steps of a training run on. Whatever is judged or exported is computed on the CPU.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Processor {
    /// The CPU: the same configuration gives the same bits.
    #[default]
    Cpu,
    /// The graphics processor that the system prefers, with the feature `wgpu`. Sums are taken in
    /// another order, so weights differ from those of the CPU in their last bits.
    Gpu,
}

impl Processor {
    pub(super) fn device(self) -> Result<Device, TrainError> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            Self::Gpu => gpu(),
        }
    }
}

#[cfg(feature = "wgpu")]
fn gpu() -> Result<Device, TrainError> {
    Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice))
}

#[cfg(not(feature = "wgpu"))]
fn gpu() -> Result<Device, TrainError> {
    Err(TrainError::WithoutGpu)
}
