//! A recorded emulator: its layer list, its `ap_fixed` types, its vectors.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;
use trigforge::{Format, Overflow, Rounding};
use trigforge_codegen::real::encode;

use crate::Failure;

/// An `ap_fixed` type: a format, and how a value is brought into it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ApType {
    pub format: Format,
    pub rounding: Rounding,
    pub overflow: Overflow,
}

impl ApType {
    /// Reads `ap_fixed<8,6,AP_RND_CONV,AP_SAT>`; modes left out are those of
    /// the headers, `AP_TRN` and `AP_WRAP`.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let wrong = || format!("`{text}` is no ap_fixed type");
        let (name, rest) = text.split_once('<').ok_or_else(wrong)?;
        let list = rest.strip_suffix('>').ok_or_else(wrong)?;
        let mut parts = list.split(',').map(str::trim);
        let width: u32 = parts.next().ok_or_else(wrong)?.parse()?;
        let (signed, integer) = match name {
            "ap_fixed" | "ap_ufixed" => (name == "ap_fixed", parts.next().ok_or_else(wrong)?),
            "ap_int" | "ap_uint" => (name == "ap_int", &*width.to_string()),
            _ => return Err(wrong().into()),
        };
        let format = Format::from_ap_fixed(width, integer.parse()?, signed).ok_or_else(wrong)?;
        let mut mode = |default| {
            let name = parts.next().unwrap_or(default);
            name.strip_prefix("AP_").ok_or_else(wrong)
        };
        Ok(Self {
            format,
            rounding: Rounding::from_name(mode("AP_TRN")?).ok_or_else(wrong)?,
            overflow: Overflow::from_name(mode("AP_WRAP")?).ok_or_else(wrong)?,
        })
    }

    /// The mantissa of a weight of this type that was printed with 12 digits.
    ///
    /// The nearest one: a value of the type must lie within those digits.
    pub fn printed(self, value: f64) -> Result<i64, Failure> {
        let exact = encode(value).ok_or("a value that is not finite")?;
        let (m, outside) = exact.requantize(self.format, Rounding::RndConv, Overflow::Sat);
        let near = m as f64 * 2f64.powi(-self.format.f());
        match outside || (near - value).abs() > 1e-11 * value.abs() {
            true => Err(format!("{value} is no value of {}", self.format).into()),
            false => Ok(m),
        }
    }
}

/// The mantissa of a value that lies in a format exactly.
pub fn exactly(value: f64, format: Format) -> Result<i64, Failure> {
    let exact = encode(value).ok_or("a value that is not finite")?;
    let (m, outside) = exact.requantize(format, Rounding::Trn, Overflow::Sat);
    let same = !outside && m as f64 * 2f64.powi(-format.f()) == value;
    match same {
        true => Ok(m),
        false => Err(format!("{value} is no value of {format}").into()),
    }
}

/// One layer of the list.
#[derive(Debug)]
pub struct Layer {
    pub op: String,
    /// Names of the weights: the matrix or the scale.
    pub weights: Option<String>,
    pub bias: Option<String>,
    pub outputs: Option<usize>,
    /// Name of the type that the layer's result is cast to.
    pub result: String,
}

/// The file.
#[derive(Debug)]
pub struct Emulator {
    pub name: String,
    pub types: HashMap<String, ApType>,
    pub layers: Vec<Layer>,
    pub weights: HashMap<String, Vec<f64>>,
    /// Offset and right shift of each input, where inputs are scaled.
    pub scaling: Option<(Vec<i64>, Vec<i32>)>,
    vectors: Vec<Value>,
}

impl Emulator {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let file: Value = serde_json::from_slice(&std::fs::read(path)?)?;
        let list = |value: &Value| numbers(value);
        let mut types = HashMap::new();
        for (name, ty) in file["types"].as_object().ok_or("no types")? {
            types.insert(name.clone(), ApType::parse(ty.as_str().ok_or("no type")?)?);
        }
        let mut weights = HashMap::new();
        for (name, values) in file["weights"].as_object().ok_or("no weights")? {
            weights.insert(name.clone(), list(values)?);
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let mut layers = Vec::new();
        for layer in file["layers"].as_array().ok_or("no layers")? {
            layers.push(Layer {
                op: text(&layer["op"]).ok_or("a layer without op")?,
                weights: text(&layer["w"]).or_else(|| text(&layer["scale"])),
                bias: text(&layer["b"]).or_else(|| text(&layer["bias"])),
                outputs: layer["n_out"].as_u64().map(usize::try_from).transpose()?,
                result: text(&layer["out"]).ok_or("a layer without out")?,
            });
        }
        let integers = |key: &str| -> Result<Vec<i64>, Failure> {
            let array = file[key].as_array().ok_or("no list")?;
            let all = array.iter().map(Value::as_i64).collect::<Option<_>>();
            Ok(all.ok_or("no integer")?)
        };
        let scaling = match file.get("ad_offsets") {
            None => None,
            Some(_) => Some((
                integers("ad_offsets")?,
                integers("ad_shift")?
                    .into_iter()
                    .map(i32::try_from)
                    .collect::<Result<_, _>>()?,
            )),
        };
        Ok(Self {
            name: text(&file["name"]).ok_or("no name")?,
            types,
            layers,
            weights,
            scaling,
            vectors: file["vectors"].as_array().ok_or("no vectors")?.clone(),
        })
    }

    pub fn ty(&self, name: &str) -> Result<ApType, Failure> {
        let ty = self.types.get(name).copied();
        ty.ok_or_else(|| format!("no type `{name}`").into())
    }

    /// The input values of every vector.
    pub fn inputs(&self) -> Result<Vec<Vec<f64>>, Failure> {
        self.vectors.iter().map(|v| numbers(&v["in"])).collect()
    }

    /// One recorded result of every vector: a list, or a single number.
    pub fn results(&self, key: &str) -> Result<Vec<Vec<f64>>, Failure> {
        let result = |vector: &Value| match &vector[key] {
            Value::Number(_) => numbers(&Value::Array(vec![vector[key].clone()])),
            list => numbers(list),
        };
        self.vectors.iter().map(result).collect()
    }
}

fn numbers(value: &Value) -> Result<Vec<f64>, Failure> {
    let array = value.as_array().ok_or("expected a list of numbers")?;
    let all = array.iter().map(Value::as_f64).collect::<Option<_>>();
    Ok(all.ok_or("expected a number")?)
}
