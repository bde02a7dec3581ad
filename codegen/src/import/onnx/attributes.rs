//! Attributes of a node, each taken by name; what nobody takes is refused.

use super::proto::attribute_proto::AttributeType;
use super::proto::{AttributeProto, NodeProto, TensorProto};
use crate::import::shorten;

/// The attributes of one node.
pub(super) struct Attributes<'a> {
    left: Vec<&'a AttributeProto>,
}

impl<'a> Attributes<'a> {
    pub(super) fn new(node: &'a NodeProto) -> Self {
        Self {
            left: node.attribute.iter().collect(),
        }
    }

    fn take(
        &mut self,
        name: &str,
        kind: AttributeType,
    ) -> Result<Option<&'a AttributeProto>, String> {
        let position = self
            .left
            .iter()
            .position(|attribute| attribute.name() == name);
        let Some(position) = position else {
            return Ok(None);
        };
        let attribute = self.left.remove(position);
        // Old files leave the type out.
        match attribute.r#type {
            None | Some(0) => Ok(Some(attribute)),
            Some(found) if found == kind as i32 => Ok(Some(attribute)),
            Some(_) => Err(format!(
                "attribute `{name}` is not of type {}",
                kind.as_str_name()
            )),
        }
    }

    pub(super) fn int(&mut self, name: &str, default: i64) -> Result<i64, String> {
        let attribute = self.take(name, AttributeType::Int)?;
        Ok(attribute.and_then(|a| a.i).unwrap_or(default))
    }

    pub(super) fn float(&mut self, name: &str, default: f32) -> Result<f64, String> {
        let attribute = self.take(name, AttributeType::Float)?;
        let value: f64 = attribute.and_then(|a| a.f).unwrap_or(default).into();
        if value.is_finite() {
            return Ok(value);
        }
        Err(format!("attribute `{name}` is {value}"))
    }

    pub(super) fn ints(&mut self, name: &str) -> Result<Option<&'a [i64]>, String> {
        let attribute = self.take(name, AttributeType::Ints)?;
        Ok(attribute.map(|a| a.ints.as_slice()))
    }

    pub(super) fn floats(&mut self, name: &str) -> Result<Option<&'a [f32]>, String> {
        let attribute = self.take(name, AttributeType::Floats)?;
        Ok(attribute.map(|a| a.floats.as_slice()))
    }

    pub(super) fn strings(&mut self, name: &str) -> Result<Option<&'a [Vec<u8>]>, String> {
        let attribute = self.take(name, AttributeType::Strings)?;
        Ok(attribute.map(|a| a.strings.as_slice()))
    }

    pub(super) fn string(&mut self, name: &str) -> Result<Option<String>, String> {
        let attribute = self.take(name, AttributeType::String)?;
        let text = attribute.and_then(|a| a.s.as_deref());
        text.map(|bytes| {
            String::from_utf8(bytes.to_vec()).map_err(|_| format!("attribute `{name}` is no text"))
        })
        .transpose()
    }

    pub(super) fn tensor(&mut self, name: &str) -> Result<Option<&'a TensorProto>, String> {
        let attribute = self.take(name, AttributeType::Tensor)?;
        Ok(attribute.and_then(|a| a.t.as_ref()))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.left.iter().any(|attribute| attribute.name() == name)
    }

    /// Refuses every attribute that was not taken.
    pub(super) fn finish(self) -> Result<(), String> {
        if self.left.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = self
            .left
            .iter()
            .map(|attribute| format!("`{}`", shorten(attribute.name())))
            .collect();
        Err(format!("attribute {} is not taken", names.join(", ")))
    }
}
