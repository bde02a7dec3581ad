//! How the values of a model use their formats, as a picture: one row per
//! tensor, one column per power of two.

use trigforge_codegen::import::shorten;
use trigforge_codegen::precision::TensorProfile;
use trigforge_models::report::plot::{Anchor, COLOURS, Canvas, Colour, INK, PlotError};

/// Where the rows are, in the units of a canvas.
const ROW: i32 = 44;
const TOP: i32 = 60;
const BOTTOM: i32 = 96;
const LEFT: i32 = 400;
const RIGHT: i32 = 1130;
/// Where the shares end.
const SHARES: (i32, i32) = (1270, 1420);
/// A picture of more rows than this could not be read.
const MOST_ROWS: usize = 60;
/// Characters of a name that fit.
const NAME: usize = 25;
/// Powers of two between two marks, for wide pictures.
const MARKS: i32 = 4;

const INSIDE: Colour = COLOURS[0];
const SATURATED: Colour = COLOURS[1];
const FLUSHED: Colour = COLOURS[3];

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
    let cell = f64::from(RIGHT - LEFT) / f64::from(high - low);
    // Values of size n, from 2^(n-1) to 2^n, end at this place.
    let x = |size: i32| LEFT + (f64::from(size - low) * cell) as i32;
    let base = TOP + ROW * rows.len() as i32;
    let mut canvas = Canvas::new(base + BOTTOM);
    for (row, profile) in rows.iter().enumerate() {
        let top = TOP + ROW * row as i32;
        let middle = top + ROW / 2;
        let most = profile.exponents.values().copied().max().unwrap_or(1);
        for (&size, &count) in &profile.exponents {
            let colour = match size {
                _ if size > profile.span.0 => SATURATED,
                _ if size <= -profile.span.1 => FLUSHED,
                _ => INSIDE,
            };
            // The square root keeps few values visible.
            let depth = 0.12 + 0.88 * (count as f64 / most as f64).sqrt();
            let (a, b) = ((x(size - 1), top + 7), (x(size), top + ROW - 7));
            canvas.rectangle(a, b, colour, depth);
        }
        let (left, right) = (x(-profile.span.1), x(profile.span.0));
        let (left, right) = (left, right.max(left + 1));
        let (upper, lower) = (top + 4, top + ROW - 4);
        let corners = [
            (left, upper),
            (right, upper),
            (right, lower),
            (left, lower),
            (left, upper),
        ];
        canvas.line(corners.to_vec(), INK, 1.0, 2);
        let name: String = shorten(&profile.name).chars().take(NAME).collect();
        canvas.text(&name, (8, middle), Anchor::Start);
        let share = |count: u64| 100.0 * count as f64 / profile.values.max(1) as f64;
        for (count, end) in [(profile.saturated, SHARES.0), (profile.flushed, SHARES.1)] {
            let text = format!("{:.2} %", share(count));
            canvas.text(&text, (end, middle), Anchor::End);
        }
    }
    for (name, colour, end) in [
        ("saturated", SATURATED, SHARES.0),
        ("flushed", FLUSHED, SHARES.1),
    ] {
        canvas.text(name, (end, TOP / 3), Anchor::End);
        let left = end - Canvas::text_width(name);
        canvas.rectangle((left, TOP - 14), (end, TOP - 6), colour, 1.0);
    }
    for size in (low..=high).filter(|size| size.rem_euclid(MARKS) == 0) {
        canvas.line(vec![(x(size), TOP - 6), (x(size), base + 6)], INK, 0.2, 2);
        canvas.text(
            &format!("2^{{{size}}}"),
            (x(size), base + 26),
            Anchor::Middle,
        );
    }
    canvas.text(
        "size of the values",
        ((LEFT + RIGHT) / 2, base + 70),
        Anchor::Middle,
    );
    canvas.svg("Sizes of the values of each tensor against its format")
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
        // One value each, and the legend's mark.
        assert_eq!(svg.matches("#D55E00").count(), 2, "{svg}");
        assert_eq!(svg.matches("#CC79A7").count(), 2, "{svg}");
        assert!(!svg.contains("sum"), "{svg}");
        Ok(())
    }
}
