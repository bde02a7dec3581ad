//! Writes an emulator as a module in the textual form.

use std::fmt::Write;

use trigforge::{Format, Overflow, requantize};

use crate::Failure;
use crate::model::{ApType, Emulator};

/// Names of the types of a dense layer that the layer list does not name.
#[derive(Clone, Copy, Debug)]
pub struct DenseTypes {
    pub weight: &'static str,
    pub bias: &'static str,
    pub accumulator: &'static str,
}

/// What the layer list of an emulator leaves to its notes.
#[derive(Debug)]
pub struct Notes {
    /// The type of the values that come from outside.
    pub port: &'static str,
    /// Of each dense layer, in order.
    pub dense: &'static [DenseTypes],
    /// Of the normalisation, where there is one.
    pub normalise: [&'static str; 2],
    /// Names of the results that vectors hold, the last layer's first; each
    /// further one is what the layer before gives.
    pub results: &'static [&'static str],
}

/// The module's text, statement by statement.
struct Writer {
    text: String,
    count: usize,
}

/// A value that was written: its number, its elements, its format.
#[derive(Clone, Copy)]
struct Value {
    id: usize,
    len: usize,
    f: i32,
}

impl Writer {
    fn node(&mut self, name: &str, operation: &str, ty: &str) -> usize {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "%{} \"{name}\" = {operation}{ty}", self.count);
        self.count += 1;
        self.count - 1
    }

    fn constant(&mut self, name: &str, mantissas: &[i64], ty: &str) -> usize {
        self.node(
            name,
            &format!("const {{mantissas={mantissas:?}}}"),
            &format!(" : {ty}"),
        )
    }

    /// A cast to an `ap_fixed` type.
    fn cast(&mut self, name: &str, id: usize, shape: &[usize], to: ApType) -> usize {
        let operation = format!(
            "requantize %{id} {{rounding={}, overflow={}}}",
            to.rounding, to.overflow
        );
        self.node(name, &operation, &format!(" : {shape:?} {}", to.format))
    }

    fn cast_vector(&mut self, name: &str, id: usize, len: usize, to: ApType) -> Value {
        Value {
            id: self.cast(name, id, &[len], to),
            len,
            f: to.format.f(),
        }
    }
}

/// The emulator as text.
pub fn module_text(emulator: &Emulator, notes: &Notes) -> Result<String, Failure> {
    let mut writer = Writer {
        text: format!(
            "trigforge-ir {}\nmodule \"{}\"\n",
            trigforge_codegen::ir::IR_VERSION,
            emulator.name
        ),
        count: 0,
    };
    let mut value = input(&mut writer, emulator, notes)?;
    let mut before = value;
    let mut dense = notes.dense.iter();
    for (index, layer) in emulator.layers.iter().enumerate() {
        before = value;
        let to = emulator.ty(&layer.result)?;
        let name = format!("{}{index}", layer.op);
        let weights = |key: &Option<String>| {
            let name = key.as_ref().ok_or("a layer without weights")?;
            let values = emulator.weights.get(name);
            values.ok_or_else(|| Failure::from(format!("no weights `{name}`")))
        };
        value = match layer.op.as_str() {
            "normalize" => {
                let [scale, bias] = notes.normalise;
                let scale = printed_all(weights(&layer.weights)?, emulator.ty(scale)?)?;
                let bias = printed_all(weights(&layer.bias)?, emulator.ty(bias)?)?;
                let formats = notes.normalise.map(|name| emulator.ty(name));
                let [scale_type, bias_type] = formats;
                let len = value.len;
                let s = writer.constant("scale", &scale, &vector(len, scale_type?.format));
                let b = writer.constant("bias", &bias, &vector(len, bias_type?.format));
                let product = writer.node("product", &format!("mul %{}, %{s}", value.id), "");
                let sum = writer.node("sum", &format!("add %{product}, %{b}"), "");
                writer.cast_vector(&name, sum, len, to)
            }
            "dense" => {
                let types = dense.next().ok_or("a dense layer without types")?;
                let layer = Dense {
                    weights: weights(&layer.weights)?,
                    bias: weights(&layer.bias)?,
                    outputs: layer.outputs.ok_or("a dense layer without n_out")?,
                    weight_type: emulator.ty(types.weight)?,
                    bias_type: emulator.ty(types.bias)?,
                    accumulator: emulator.ty(types.accumulator)?,
                };
                let sum = layer.write(&mut writer, value)?;
                writer.cast_vector(&name, sum, layer.outputs, to)
            }
            "relu" => {
                let positive = writer.node("relu", &format!("relu %{}", value.id), "");
                writer.cast_vector(&name, positive, value.len, to)
            }
            "linear" => writer.cast_vector(&name, value.id, value.len, to),
            "sum_squares" => {
                let square = writer.node("square", &format!("mul %{0}, %{0}", value.id), "");
                let square = writer.cast("square_t", square, &[value.len], to);
                let sum = writer.node("sum", &format!("reduce_sum %{square} {{axis=0}}"), "");
                writer.cast_vector(&name, sum, 1, to)
            }
            other => return Err(format!("unknown layer `{other}`").into()),
        };
    }
    for (name, value) in notes.results.iter().zip([value, before]) {
        let _ = writeln!(writer.text, "output \"{name}\" = %{}", value.id);
    }
    Ok(writer.text)
}

fn vector(len: usize, format: Format) -> String {
    format!("[{len}] {format}")
}

fn printed_all(values: &[f64], to: ApType) -> Result<Vec<i64>, Failure> {
    values.iter().map(|&value| to.printed(value)).collect()
}

/// The port, and the scaling behind it: offset and shift in the port's type,
/// the result in the type of the first layer.
fn input(writer: &mut Writer, emulator: &Emulator, notes: &Notes) -> Result<Value, Failure> {
    let port = emulator.ty(notes.port)?;
    let len = emulator.inputs()?.first().ok_or("no vectors")?.len();
    let operation = format!(
        "input {{rounding={}, overflow={}}}",
        port.rounding, port.overflow
    );
    let id = writer.node(
        "in",
        &operation,
        &format!(" : {}", vector(len, port.format)),
    );
    let Some((offsets, shifts)) = &emulator.scaling else {
        let f = port.format.f();
        return Ok(Value { id, len, f });
    };
    let low = offsets.iter().copied().min().unwrap_or(0);
    let high = offsets.iter().copied().max().unwrap_or(0);
    let format = Format::covering(low.into(), high.into(), 0).ok_or("offsets too wide")?;
    let offsets = writer.constant("offsets", offsets, &vector(len, format));
    let moved = writer.node("moved", &format!("sub %{id}, %{offsets}"), "");
    let moved = writer.cast("moved_t", moved, &[len], port);
    // One unit of 2^-shift each: a product with it is the shift.
    let units: Vec<_> = shifts
        .iter()
        .map(|s| format!("fix(0,{},{s})", 1 - s))
        .collect();
    let units = format!("[{len}] each [{len}] {{{}}}", units.join(", "));
    let units = writer.constant("shifts", &vec![1; len], &units);
    let shifted = writer.node("shifted", &format!("mul %{moved}, %{units}"), "");
    let shifted = writer.cast("shifted_t", shifted, &[len], port);
    Ok(writer.cast_vector("scaled", shifted, len, emulator.ty("input_t")?))
}

/// A dense layer as hls4ml computes it.
struct Dense<'a> {
    weights: &'a [f64],
    bias: &'a [f64],
    outputs: usize,
    weight_type: ApType,
    bias_type: ApType,
    accumulator: ApType,
}

impl Dense<'_> {
    /// Writes the sum in the accumulator's type: every product is cast to it,
    /// so is the bias, and so is each sum, which wraps.
    ///
    /// Where no product has more fractional bits than the accumulator, casting
    /// each of them is casting their sum: both keep it modulo 2^width.
    fn write(&self, writer: &mut Writer, x: Value) -> Result<usize, Failure> {
        let (n, m) = (x.len, self.outputs);
        let to = self.accumulator;
        if to.overflow != Overflow::Wrap {
            return Err("an accumulator that saturates depends on the order of its sum".into());
        }
        let matrix = format!("[{n}, {m}] {}", self.weight_type.format);
        let w = printed_all(self.weights, self.weight_type)?;
        let w = writer.constant("weights", &w, &matrix);
        let b: Vec<_> = printed_all(self.bias, self.bias_type)?
            .into_iter()
            .map(|b| {
                let f = self.bias_type.format.f();
                requantize(b, f, to.format, to.rounding, to.overflow)
            })
            .collect();
        let b = writer.constant("bias", &b, &vector(m, to.format));
        let sum = if x.f + self.weight_type.format.f() <= to.format.f() {
            writer.node("dense", &format!("dense %{}, %{w}", x.id), "")
        } else {
            let column = format!("reshape %{} {{shape=[{n}, 1]}}", x.id);
            let column = writer.node("column", &column, "");
            let products = writer.node("products", &format!("mul %{column}, %{w}"), "");
            let products = writer.cast("products_t", products, &[n, m], to);
            let sum = writer.node("sums", &format!("reduce_sum %{products} {{axis=0}}"), "");
            writer.node("row", &format!("reshape %{sum} {{shape=[{m}]}}"), "")
        };
        let sum = writer.node("biased", &format!("add %{sum}, %{b}"), "");
        Ok(writer.cast("accumulated", sum, &[m], to))
    }
}
