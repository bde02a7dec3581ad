//! The layers of a configuration, one file each; each is written in primitives.

mod all_inputs;
mod attention;
mod combination;
mod conv;
mod dense;
mod dropout;
mod edge_conv;
mod flatten;
#[cfg(test)]
mod forward_tests;
mod image;
mod image_pool;
#[cfg(test)]
mod image_tests;
mod join;
mod lorentz;
#[cfg(test)]
mod lorentz_tests;
#[cfg(test)]
mod particle_tests;
mod pool;
mod residual;

use serde::{Deserialize, Serialize};

use super::ops::{activation, dense as dense_primitive, image_activation};
use super::{Builder, Net, NetError, Value, Widths};
use crate::config::Config;
use crate::inputs::InputTransform;

pub use all_inputs::AllInputsConfig;
pub use attention::{AttentionConfig, AttentionKind, PairConfig};
pub use combination::CombinationConfig;
pub use conv::ConvConfig;
pub use dense::DenseConfig;
pub use dropout::DropoutConfig;
pub use edge_conv::{EdgeConvConfig, EdgePooling};
pub use flatten::FlattenConfig;
pub use image::ImageConfig;
pub use image_pool::{ImagePoolConfig, PixelPooling};
pub use join::JoinConfig;
pub use lorentz::{LorentzConfig, Metric};
pub use pool::{PoolConfig, Pooling};
pub use residual::ResidualConfig;

/// One entry of `model.layers`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LayerConfig {
    /// All inputs as one vector.
    AllInputs(AllInputsConfig),
    /// Every particle looks at all others.
    Attention(AttentionConfig),
    /// Learned sums of particles.
    Combination(CombinationConfig),
    /// Windows of pixels, or of neighbouring slots.
    Conv(ConvConfig),
    /// Every output sees all numbers of the last axis.
    Dense(DenseConfig),
    /// Numbers left out at random while the network learns.
    Dropout(DropoutConfig),
    /// Dense layers on the edges to the nearest neighbours.
    EdgeConv(EdgeConvConfig),
    /// A list or an image as one vector.
    Flatten(FlattenConfig),
    /// A vector as an image.
    Image(ImageConfig),
    /// Fewer pixels.
    ImagePool(ImagePoolConfig),
    /// Another input beside what flows.
    Join(JoinConfig),
    /// Squared length, transverse momentum and energy of four-vectors.
    Lorentz(LorentzConfig),
    /// Sum, mean or greatest over the particles.
    Pool(PoolConfig),
    /// Layers whose result is added to what they take.
    Residual(ResidualConfig),
}

/// What a layer does to the network that is being built.
pub trait Layer {
    /// Adds the nodes of the layer; `name` is unique to it.
    ///
    /// # Errors
    ///
    /// A value that the layer cannot take, or a setting out of its range.
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError>;
}

/// One input of the network, rounded.
#[derive(Debug, Clone)]
pub struct Input {
    /// Name in the configuration.
    pub name: String,
    /// The column behind each number of its last axis; for an image that of all.
    pub columns: Vec<String>,
    /// Its numbers.
    pub value: Value,
    /// The same before they were rounded to trained widths.
    pub prepared: Value,
    /// 1 for each slot that holds a particle, `[slots]`, where slots can be empty.
    pub mask: Option<Value>,
}

/// What flows from layer to layer.
#[derive(Debug, Clone)]
pub struct Flow {
    /// The value that the next layer takes: rounded, so that it may enter products.
    pub value: Value,
    /// The mask of its first axis, if it is a list of particles with empty slots.
    pub mask: Option<Value>,
    /// All inputs of the network.
    pub inputs: Vec<Input>,
}

impl Flow {
    /// The input that key `key` of layer `layer` names.
    ///
    /// # Errors
    ///
    /// No input of that name.
    fn input(&self, layer: &str, key: &'static str, name: &str) -> Result<&Input, NetError> {
        let found = self.inputs.iter().find(|input| input.name == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = self.inputs.iter().map(|i| i.name.as_str()).collect();
            NetError::Setting {
                layer: layer.to_owned(),
                key,
                found: format!("'{name}'"),
                expected: format!("an input of the network: {}", names.join(", ")),
            }
        })
    }
}

impl LayerConfig {
    /// The name of its type.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::AllInputs(_) => "all_inputs",
            Self::Attention(_) => "attention",
            Self::Combination(_) => "combination",
            Self::Conv(_) => "conv",
            Self::Dense(_) => "dense",
            Self::Dropout(_) => "dropout",
            Self::EdgeConv(_) => "edge_conv",
            Self::Flatten(_) => "flatten",
            Self::Image(_) => "image",
            Self::ImagePool(_) => "image_pool",
            Self::Join(_) => "join",
            Self::Lorentz(_) => "lorentz",
            Self::Pool(_) => "pool",
            Self::Residual(_) => "residual",
        }
    }

    pub(crate) fn layer(&self) -> &dyn Layer {
        match self {
            Self::AllInputs(layer) => layer,
            Self::Attention(layer) => layer,
            Self::Combination(layer) => layer,
            Self::Conv(layer) => layer,
            Self::Dense(layer) => layer,
            Self::Dropout(layer) => layer,
            Self::EdgeConv(layer) => layer,
            Self::Flatten(layer) => layer,
            Self::Image(layer) => layer,
            Self::ImagePool(layer) => layer,
            Self::Join(layer) => layer,
            Self::Lorentz(layer) => layer,
            Self::Pool(layer) => layer,
            Self::Residual(layer) => layer,
        }
    }
}

/// Adds layers one behind the other; their names begin with `prefix`.
///
/// # Errors
///
/// The first layer that does not fit.
pub(super) fn stack(
    layers: &[LayerConfig],
    prefix: &str,
    builder: &mut Builder,
    flow: &mut Flow,
) -> Result<(), NetError> {
    for (index, layer) in layers.iter().enumerate() {
        let name = format!("{prefix}{}{}", layer.kind(), index + 1);
        layer.layer().build(&name, builder, flow)?;
    }
    Ok(())
}

/// Builds the network of a configuration for inputs of the given transforms.
///
/// # Errors
///
/// The first layer that does not fit.
pub fn network(config: &Config, inputs: &[InputTransform]) -> Result<Net, NetError> {
    let widths = |w: &crate::config::WidthConfig| Widths {
        granularity: w.granularity,
        bits: w.bits,
    };
    let mut builder = Builder::new(
        &config.model.name,
        widths(&config.model.weights),
        widths(&config.model.activations),
    );
    builder.per_slot = config.model.per_slot;
    let mut taken = Vec::new();
    let mut given = None;
    for input in inputs {
        let shape = input.network_shape();
        let value = builder.input(&input.name, &shape);
        given.get_or_insert(value);
        let mask = input
            .mask
            .map(|_| builder.input(&format!("{}.mask", input.name), &shape[..1]));
        let name = format!("{}.rounded", input.name);
        let prepared = value;
        let value = if shape.len() == 3 {
            image_activation(&mut builder, &name, value, false)
        } else {
            activation(&mut builder, &name, value, false)
        };
        taken.push(Input {
            name: input.name.clone(),
            columns: input.output_columns(),
            value,
            prepared,
            mask,
        });
    }
    let Some(first) = taken.first().cloned() else {
        return Err(NetError::Setting {
            layer: config.model.name.clone(),
            key: "data.inputs",
            found: "empty".to_owned(),
            expected: "at least one input".to_owned(),
        });
    };
    let mut flow = Flow {
        value: first.value,
        mask: first.mask,
        inputs: taken,
    };
    stack(&config.model.layers, "", &mut builder, &mut flow)?;
    if let Some(anomaly) = &config.anomaly {
        anomaly.build(&mut builder, &mut flow)?;
        return Ok(builder.finish());
    }
    if let Some(contrastive) = &config.contrastive {
        contrastive.build(&mut builder, &mut flow)?;
        return Ok(builder.finish());
    }
    let shape = builder.shape(flow.value).to_vec();
    if shape.len() != 1 {
        return Err(NetError::Shape {
            layer: "output".to_owned(),
            found: shape,
            expected: "[features]; end the list of layers with one that pools or flattens"
                .to_owned(),
        });
    }
    if let (Some(head), Some(given)) = (&config.model.head, given) {
        super::head::build(config, head, &mut builder, flow, inputs, given)?;
        return Ok(builder.finish());
    }
    if let Some(latent) = &config.latent {
        latent.build(&mut builder, &mut flow, config.outputs())?;
        return Ok(builder.finish());
    }
    let value = dense_primitive(&mut builder, "output", flow.value, config.outputs(), true)?;
    let name = if config.data.targets.is_empty() {
        "logits"
    } else {
        "mean"
    };
    builder.output(name, value);
    Ok(builder.finish())
}
