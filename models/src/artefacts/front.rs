//! The networks on the front of quality against cost: `front.json` and the folder `front`.

use serde::Serialize;

/// One network, judged by its integers.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FrontModel {
    /// The epoch of the quantised stage that gave it.
    pub(crate) epoch: usize,
    /// Effective bit operations of an event.
    pub(crate) ebops: u64,
    /// The same by the formats alone, as HGQ2 counts: every weight has its whole width, biases count.
    pub(crate) format_ebops: u64,
    pub(crate) validation_loss: f64,
    pub(crate) validation_accuracy: Option<f64>,
    pub(crate) test_loss: f64,
    pub(crate) test_accuracy: Option<f64>,
    /// The network as QONNX.
    #[serde(skip)]
    pub(crate) model: Vec<u8>,
}

impl FrontModel {
    /// Name of its file in the folder `front`.
    pub(crate) fn file(&self) -> String {
        format!("ebops-{}-epoch-{}.onnx", self.ebops, self.epoch)
    }
}

/// The list of all networks, from the cheapest on.
pub(super) fn json(front: &[FrontModel]) -> Result<Vec<u8>, String> {
    #[derive(Serialize)]
    struct Entry<'a> {
        file: String,
        #[serde(flatten)]
        model: &'a FrontModel,
    }
    let entry = |model| Entry {
        file: format!("front/{}", FrontModel::file(model)),
        model,
    };
    let entries: Vec<Entry<'_>> = front.iter().map(entry).collect();
    let mut bytes = serde_json::to_vec_pretty(&entries).map_err(|e| e.to_string())?;
    bytes.push(b'\n');
    Ok(bytes)
}
