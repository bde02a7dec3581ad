//! Layers that move elements, and choose rows.

use super::{Array, Config, Layers};
use crate::emit::names::comment;
use crate::ir::NodeId;
use crate::ops::{Concat, Movement, Pad};

impl Layers<'_> {
    /// The operand's elements under another name: no layer.
    pub(super) fn reshape(&mut self, id: NodeId) -> Result<(), String> {
        let readers = self.readers[id.index()].max(1);
        let mut arrays = Vec::new();
        for _ in 0..readers {
            arrays.push(self.operand(self.module.node(id).args[0])?);
        }
        self.values.insert(id, arrays);
        Ok(())
    }

    /// Elements of one operand, by their positions.
    pub(super) fn movement(&mut self, id: NodeId, movement: &dyn Movement) -> Result<(), String> {
        let module = self.module;
        let node = module.node(id);
        let source = node.args[0];
        let indices = movement.indices(self.shape(source));
        let mut config = Config::default();
        config.size("n_in", module.node(source).ty.len());
        config.size("n_out", node.ty.len());
        self.indices(&mut config, id, "from", &indices, &node.ty.shape);
        let data = self.operand(source)?;
        let result = self.result(id);
        self.emit(id, "move", &[], &[&data, &result], &config);
        Ok(())
    }

    /// Operands side by side along an axis.
    pub(super) fn concat(&mut self, id: NodeId, concat: &Concat) -> Result<(), String> {
        let module = self.module;
        let node = module.node(id);
        let row = concat.row(&node.ty.shape);
        let mut config = Config::default();
        config.size("n_out", node.ty.len());
        config.size("n_outer", node.ty.len() / row);
        let mut parts = Vec::new();
        for &arg in &node.args {
            let data = self.operand(arg)?;
            parts.push(match data.is_port {
                // The function takes arrays whose length it sees.
                true => self.copied(id, parts.len(), &data),
                false => data.name,
            });
        }
        let result = self.result(id);
        let name = format!("config{}", id.index());
        self.configure(&name, &format!("{} concat", node.name), &config);
        self.declared(&result);
        self.body.push_str(&format!(
            "    trigforge::concatenate<{}, {name}>({}, {}); // {}\n\n",
            result.ty,
            result.name,
            parts.join(", "),
            comment(&node.name)
        ));
        self.publish(id, result);
        Ok(())
    }

    /// The name of a local copy of a port.
    fn copied(&mut self, id: NodeId, part: usize, data: &Array) -> String {
        let copy = Array {
            name: format!("part{}_{part}", id.index()),
            is_port: false,
            ..data.clone()
        };
        self.local(&copy);
        self.body.push_str(&format!(
            "    trigforge::copy<{ty}, {ty}, {}>({}, {});\n",
            data.len,
            data.name,
            copy.name,
            ty = data.ty
        ));
        copy.name
    }

    /// A frame of constants.
    pub(super) fn pad(&mut self, id: NodeId, pad: &Pad) -> Result<(), String> {
        let module = self.module;
        let node = module.node(id);
        let (x, value) = (module.node(node.args[0]), module.node(node.args[1]));
        let constant = self.mantissas(node.args[1])?;
        // Beyond the last element: the frame.
        let mut indices = vec![x.ty.len(); node.ty.len()];
        let places = pad.places(&x.ty.shape, &node.ty.shape);
        for (from, to) in places.into_iter().enumerate() {
            indices[to] = from;
        }
        let frame = Pad::frame(&value.ty, constant[0], &node.ty);
        let of_frame = |j: usize| indices[j] == x.ty.len();
        // What stands inside is never read; let it not make the values differ.
        let any = (0..indices.len()).find(|&j| of_frame(j));
        let any = any.and_then(|j| frame[j]).unwrap_or(0);
        let frame: Vec<_> = (0..indices.len())
            .map(|j| frame[j].filter(|_| of_frame(j)).unwrap_or(any))
            .collect();
        let mut config = Config::default();
        config.size("n_in", x.ty.len());
        config.size("n_out", node.ty.len());
        self.indices(&mut config, id, "from", &indices, &node.ty.shape);
        self.numbers(&mut config, id, "frame", &frame);
        let data = self.operand(node.args[0])?;
        let result = self.result(id);
        self.emit(id, "pad", &[], &[&data, &result], &config);
        Ok(())
    }

    /// One row for each index.
    pub(super) fn lookup(&mut self, id: NodeId) -> Result<(), String> {
        let module = self.module;
        let node = module.node(id);
        let rows = self.shape(node.args[1]);
        let mut config = Config::default();
        config.size("n_in", module.node(node.args[0]).ty.len());
        config.size("n_rows", rows[0]);
        config.size("n_columns", rows[1]);
        let index = self.operand(node.args[0])?;
        let rows = self.operand(node.args[1])?;
        let result = self.result(id);
        self.emit(id, "lookup", &[], &[&index, &rows, &result], &config);
        Ok(())
    }
}
