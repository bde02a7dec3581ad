//! Attributes and operands of `Resize` and `Upsample`.

use super::{Row, Types, row};
use crate::import::onnx::call::{Call, axes};
use crate::import::onnx::composed::Writer;
use crate::import::onnx::composed::resize::{
    Axis, Coordinates, Interpolation, Method, Nearest, write,
};
use crate::import::onnx::scope::Scope;
use crate::real::Id;

/// What the coordinates of older operators are.
const OLDER: Method = Method {
    coordinates: Coordinates::Asymmetric,
    interpolation: Interpolation::Nearest(Nearest::Floor),
    antialias: false,
    exclude_outside: false,
    extrapolation: 0.0,
};

pub(super) const ROWS: &[Row] = &[
    row("Resize", 10, (1, 4), Types::First, resize),
    Row {
        until: 9,
        ..row("Upsample", 7, (1, 2), Types::First, upsample)
    },
];

fn upsample(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let scales = match scope.opset {
        ..9 => {
            let scales = call.attributes.floats("scales")?;
            scales.map(|scales| scales.iter().map(|&x| x.into()).collect())
        }
        _ => floats(scope, call, 1, "the scales")?,
    };
    let scales = scales.ok_or("its scales are missing")?;
    older(scope, call, &scales)
}

fn resize(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    if scope.opset < 11 {
        let scales = floats(scope, call, 1, "the scales")?.ok_or("operand 1 is missing")?;
        return older(scope, call, &scales);
    }
    let x = call.arg(0)?;
    let shape = scope.graph.node(x).shape.clone();
    let method = method(scope.opset, call)?;
    let along = match call.attributes.ints("axes")? {
        Some(_) if scope.opset < 18 => return Err("attribute `axes` is not taken".to_owned()),
        // In the order of the file, which scales and sizes follow.
        Some(given) => {
            axes(given, shape.len())?;
            let rank = shape.len() as i64;
            let turned = given.iter().map(|&a| if a < 0 { a + rank } else { a });
            turned.map(|axis| axis as usize).collect()
        }
        None => (0..shape.len()).collect::<Vec<_>>(),
    };
    let policy = call.attributes.string("keep_aspect_ratio_policy")?;
    let scales = floats(scope, call, 2, "the scales")?.filter(|scales| !scales.is_empty());
    let sizes = call
        .constant_ints(scope, 3, "the sizes")?
        .filter(|sizes| !sizes.is_empty());
    let steps = match (scales, sizes) {
        (Some(scales), None) => scaled(&shape, &along, &scales)?,
        (None, Some(sizes)) => sized(&shape, &along, &sizes, policy.as_deref())?,
        _ => return Err("exactly one of scales and sizes must be given".to_owned()),
    };
    let mut steps = steps;
    if method.coordinates == Coordinates::CropAndResize {
        let region = floats(scope, call, 1, "the region")?.unwrap_or_default();
        if region.len() != 2 * along.len() {
            return Err(format!(
                "the region has {} numbers, expected {}",
                region.len(),
                2 * along.len()
            ));
        }
        for (index, step) in steps.iter_mut().enumerate() {
            step.region = [region[index], region[along.len() + index]];
        }
    }
    let mut to = crate::import::onnx::composed::Writer::new(&mut scope.graph, call.name);
    write(&mut to, x, &steps, method)
}

fn older(scope: &mut Scope<'_>, call: &mut Call<'_, '_>, scales: &[f64]) -> Result<Id, String> {
    let x = call.arg(0)?;
    let shape = scope.graph.node(x).shape.clone();
    let interpolation = match call.attributes.string("mode")?.as_deref() {
        None | Some("nearest") => OLDER.interpolation,
        Some("linear") => Interpolation::Linear,
        Some(other) => return Err(unknown("mode", other)),
    };
    let along: Vec<_> = (0..shape.len()).collect();
    let steps = scaled(&shape, &along, scales)?;
    let method = Method {
        interpolation,
        ..OLDER
    };
    let mut to = Writer::new(&mut scope.graph, call.name);
    write(&mut to, x, &steps, method)
}

fn unknown(attribute: &str, value: &str) -> String {
    let value = crate::import::shorten(value);
    format!("attribute `{attribute}` is `{value}`, which is not taken")
}

fn method(opset: i64, call: &mut Call<'_, '_>) -> Result<Method, String> {
    let coordinates = call.attributes.string("coordinate_transformation_mode")?;
    let coordinates = match coordinates.as_deref() {
        None | Some("half_pixel") => Coordinates::HalfPixel,
        Some("half_pixel_symmetric") if opset >= 19 => Coordinates::HalfPixelSymmetric,
        Some("pytorch_half_pixel") => Coordinates::PytorchHalfPixel,
        Some("align_corners") => Coordinates::AlignCorners,
        Some("asymmetric") => Coordinates::Asymmetric,
        Some("tf_crop_and_resize") => Coordinates::CropAndResize,
        Some(other) => return Err(unknown("coordinate_transformation_mode", other)),
    };
    let nearest = match call.attributes.string("nearest_mode")?.as_deref() {
        None | Some("round_prefer_floor") => Nearest::RoundPreferFloor,
        Some("round_prefer_ceil") => Nearest::RoundPreferCeil,
        Some("floor") => Nearest::Floor,
        Some("ceil") => Nearest::Ceil,
        Some(other) => return Err(unknown("nearest_mode", other)),
    };
    let a = call.attributes.float("cubic_coeff_a", -0.75)?;
    let interpolation = match call.attributes.string("mode")?.as_deref() {
        None | Some("nearest") => Interpolation::Nearest(nearest),
        Some("linear") => Interpolation::Linear,
        Some("cubic") => Interpolation::Cubic { a },
        Some(other) => return Err(unknown("mode", other)),
    };
    Ok(Method {
        coordinates,
        interpolation,
        antialias: opset >= 18 && call.attributes.int("antialias", 0)? != 0,
        exclude_outside: call.attributes.int("exclude_outside", 0)? != 0,
        extrapolation: call.attributes.float("extrapolation_value", 0.0)?,
    })
}

fn floats(
    scope: &Scope<'_>,
    call: &Call<'_, '_>,
    index: usize,
    what: &str,
) -> Result<Option<Vec<f64>>, String> {
    call.optional_arg(index)
        .map(|id| Ok(scope.constant(id, what)?.iter().copied().collect()))
        .transpose()
}

const WHOLE: [f64; 2] = [0.0, 1.0];

fn scaled(shape: &[usize], along: &[usize], scales: &[f64]) -> Result<Vec<Axis>, String> {
    if scales.len() != along.len() {
        return Err(format!("{} scales for {} axes", scales.len(), along.len()));
    }
    along
        .iter()
        .zip(scales)
        .map(|(&axis, &scale)| {
            let size = libm::floor(shape[axis] as f64 * scale);
            if !(scale > 0.0 && size < 1e9) {
                return Err(format!("a scale is {scale}"));
            }
            Ok(Axis {
                axis,
                size: size as usize,
                scale,
                region: WHOLE,
            })
        })
        .collect()
}

fn sized(
    shape: &[usize],
    along: &[usize],
    sizes: &[i64],
    policy: Option<&str>,
) -> Result<Vec<Axis>, String> {
    if sizes.len() != along.len() || sizes.iter().any(|size| *size <= 0) {
        return Err(format!("sizes {sizes:?} do not fit {} axes", along.len()));
    }
    let ratio = |(&axis, &size): (&usize, &i64)| size as f64 / shape[axis].max(1) as f64;
    let ratios = along.iter().zip(sizes).map(ratio);
    // One scale for all axes, where the file keeps the aspect ratio.
    let common = match policy {
        None | Some("stretch") => None,
        Some("not_larger") => Some(ratios.fold(f64::INFINITY, f64::min)),
        Some("not_smaller") => Some(ratios.fold(0.0, f64::max)),
        Some(other) => return Err(unknown("keep_aspect_ratio_policy", other)),
    };
    let step = |(axis, size): (&usize, &i64)| match common {
        None => Axis {
            axis: *axis,
            size: *size as usize,
            scale: ratio((axis, size)),
            region: WHOLE,
        },
        Some(scale) => Axis {
            axis: *axis,
            size: libm::floor(shape[*axis] as f64 * scale + 0.5) as usize,
            scale,
            region: WHOLE,
        },
    };
    Ok(along.iter().zip(sizes).map(step).collect())
}
