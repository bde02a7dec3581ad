//! How the values of a model use their formats, as a picture: one row per
//! tensor, one column per power of two.

use plotters::prelude::*;
use trigforge_codegen::import::shorten;
use trigforge_codegen::precision::TensorProfile;

use super::plots::{PlotError, plot_error};

/// Pixels of a row and of what stands around the rows.
const ROW: i32 = 26;
const TOP: i32 = 34;
const BOTTOM: i32 = 44;
const LEFT: i32 = 210;
const RIGHT: i32 = 190;
const WIDTH: i32 = 960;
/// A picture of more rows than this could not be read.
const MOST_ROWS: usize = 60;
/// Characters of a name that fit.
const NAME: usize = 30;
/// Powers of two between two marks, for wide pictures.
const MARKS: i32 = 4;

const INSIDE: RGBColor = RGBColor(0, 114, 178);
const SATURATED: RGBColor = RGBColor(213, 94, 0);
const FLUSHED: RGBColor = RGBColor(204, 121, 167);

/// Draws the tensors that are rounded or constant.
///
/// Each cell is the share of the tensor's values of that size, darker where
/// there are more. The box is the format, from its smallest step to its range:
/// what lies to the right of it saturates (orange), what lies to the left is
/// flushed to zero (pink).
pub fn usage(profiles: &[TensorProfile]) -> Result<String, PlotError> {
    let rounded = |p: &&TensorProfile| matches!(p.operation, "input" | "requantize" | "const");
    let rows: Vec<_> = profiles
        .iter()
        .filter(rounded)
        .filter(|profile| !profile.exponents.is_empty())
        .take(MOST_ROWS)
        .collect();
    let sizes = rows.iter().flat_map(|p| p.exponents.keys().copied());
    let edges = rows.iter().flat_map(|p| [p.span.0, 1 - p.span.1]);
    let low = sizes.clone().chain(edges.clone()).min().unwrap_or(0) - 1;
    let high = sizes.chain(edges).max().unwrap_or(0) + 1;
    let cell = f64::from(WIDTH - LEFT - RIGHT) / f64::from(high - low);
    // Values of size n, from 2^(n-1) to 2^n, end at this place.
    let x = |size: i32| LEFT + (f64::from(size - low) * cell) as i32;
    let height = TOP + ROW * rows.len() as i32 + BOTTOM;
    let mut svg = String::new();
    {
        let root =
            SVGBackend::with_string(&mut svg, (WIDTH as u32, height as u32)).into_drawing_area();
        root.fill(&WHITE).map_err(plot_error)?;
        let label = |text: String, at: (i32, i32), colour: RGBColor| {
            let style = ("sans-serif", 13).into_font().color(&colour);
            root.draw(&Text::new(text, at, style)).map_err(plot_error)
        };
        for (row, profile) in rows.iter().enumerate() {
            let top = TOP + ROW * row as i32;
            let most = profile.exponents.values().copied().max().unwrap_or(1);
            for (&size, &count) in &profile.exponents {
                let colour = match size {
                    _ if size > profile.span.0 => SATURATED,
                    _ if size <= -profile.span.1 => FLUSHED,
                    _ => INSIDE,
                };
                // The square root keeps few values visible.
                let depth = 0.12 + 0.88 * (count as f64 / most as f64).sqrt();
                let corners = [(x(size - 1), top + 4), (x(size), top + ROW - 4)];
                root.draw(&Rectangle::new(corners, colour.mix(depth).filled()))
                    .map_err(plot_error)?;
            }
            let format = [
                (x(-profile.span.1), top + 2),
                (x(profile.span.0).max(x(-profile.span.1) + 1), top + ROW - 2),
            ];
            root.draw(&Rectangle::new(format, BLACK.stroke_width(1)))
                .map_err(plot_error)?;
            let name: String = shorten(&profile.name).chars().take(NAME).collect();
            label(name, (8, top + 6), BLACK)?;
            let right = WIDTH - RIGHT + 8;
            let share = |count: u64| 100.0 * count as f64 / profile.values.max(1) as f64;
            let text = format!("{:.2} %", share(profile.saturated));
            label(text, (right, top + 6), SATURATED)?;
            let text = format!("{:.2} %", share(profile.flushed));
            label(text, (right + 90, top + 6), FLUSHED)?;
        }
        label("saturated".to_owned(), (WIDTH - RIGHT + 8, 10), SATURATED)?;
        label("flushed".to_owned(), (WIDTH - RIGHT + 98, 10), FLUSHED)?;
        let base = TOP + ROW * rows.len() as i32;
        let marks = (low..=high).filter(|size| size.rem_euclid(MARKS) == 0);
        for size in marks {
            let line = [(x(size), TOP - 4), (x(size), base + 4)];
            root.draw(&PathElement::new(line, BLACK.mix(0.2)))
                .map_err(plot_error)?;
            label(format!("2^{size}"), (x(size) - 12, base + 8), BLACK)?;
        }
        label("size of the values".to_owned(), (LEFT, base + 26), BLACK)?;
        root.present().map_err(plot_error)?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use trigforge_codegen::interp::Interpreter;
    use trigforge_codegen::ir::parse;
    use trigforge_codegen::precision::profile;

    #[test]
    fn rounded_tensors_are_drawn_with_their_shares() -> Result<(), Box<dyn std::error::Error>> {
        let module = parse(
            r#"
trigforge-ir 0.1
module "m"
%0 "a<b" = input {rounding=RND_CONV, overflow=SAT} : [2] fix(1,2,4)
%1 "sum" = add %0, %0
output "y" = %1
"#,
        )?;
        let interpreter = Interpreter::new(&module)?;
        let events = [[9.0, 0.01], [-1.0, 0.25]].map(|event| vec![event.to_vec()]);
        let svg = usage(&profile(&interpreter, &events)?)?;
        assert!(svg.starts_with("<svg") && svg.contains("a&lt;b"), "{svg}");
        assert_eq!(svg.matches("25.00 %").count(), 2, "{svg}");
        assert!(svg.contains("#D55E00") && svg.contains("#CC79A7"), "{svg}");
        assert!(!svg.contains("sum"), "{svg}");
        Ok(())
    }
}
