//! Pictures as SVG: axes with ticks on all sides, lines, bands, points with errors, bars.
//!
//! Black is drawn as black, which the style sheet of a report page turns into the colour
//! of the text, so that a picture is readable on light and dark ground. Labels may hold `_{low}`
//! and `^{high}`.

mod canvas;
mod draw;
mod markup;
mod ticks;

pub use canvas::{Anchor, Canvas, INK};
pub(crate) use markup::escape;
pub use plotters::style::RGBColor as Colour;

/// A picture that could not be drawn: a fault of trigforge.
#[derive(Debug, thiserror::Error)]
#[error("internal error: a picture cannot be drawn: {0}")]
pub struct PlotError(pub(crate) String);

/// Colours that stay apart for colour-blind readers (Okabe and Ito), and grey.
pub const COLOURS: [Colour; 7] = [
    Colour(0, 114, 178),
    Colour(213, 94, 0),
    Colour(0, 158, 115),
    Colour(204, 121, 167),
    Colour(86, 180, 233),
    Colour(230, 159, 0),
    Colour(128, 128, 128),
];

/// The colour of the curve with this number.
pub fn colour(number: usize) -> Colour {
    COLOURS[number % COLOURS.len()]
}

/// How numbers lie along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithm; the range must be positive.
    Log,
}

/// One axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What is on it, with the unit in brackets.
    pub label: String,
    /// How numbers lie along it.
    pub scale: Scale,
    /// First and last number.
    pub range: (f64, f64),
}

impl Axis {
    /// A linear axis.
    pub fn linear(label: &str, low: f64, high: f64) -> Self {
        Self {
            label: label.to_owned(),
            scale: Scale::Linear,
            range: if high > low {
                (low, high)
            } else {
                (low - 0.5, low + 0.5)
            },
        }
    }

    /// A logarithmic axis; the ends go out to those of a part of a decade.
    pub fn log(label: &str, low: f64, high: f64) -> Self {
        let low = if low > 0.0 && low.is_finite() {
            low
        } else {
            1e-3
        };
        let high = if high > low { high } else { 10.0 * low };
        Self {
            label: label.to_owned(),
            scale: Scale::Log,
            range: (low, high),
        }
    }

    /// A linear axis around all of `values`, with a margin, or from 0 to 1 without any.
    pub fn around(label: &str, values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = extent(values.filter(|v| v.is_finite()));
        let margin = 0.06 * (high - low);
        Self::linear(label, low - margin, high + margin)
    }

    /// A logarithmic axis around all positive values, with a margin.
    pub fn log_around(label: &str, values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = extent(values.filter(|v| v.is_finite() && *v > 0.0));
        Self::log(label, low / 1.25, high * 1.25)
    }

    /// Where a number lies: 0 at the beginning, 1 at the end; outside is cut.
    fn place(&self, value: f64) -> f64 {
        let (low, high) = self.range;
        let share = match self.scale {
            Scale::Linear => (value - low) / (high - low),
            Scale::Log => (value.max(low).ln() - low.ln()) / (high.ln() - low.ln()),
        };
        if share.is_nan() {
            0.0
        } else {
            share.clamp(0.0, 1.0)
        }
    }
}

fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    if low > high { (0.0, 1.0) } else { (low, high) }
}

/// How a series is drawn. Points are (x, y) in the units of the axes.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A full line.
    Line(Vec<(f64, f64)>),
    /// A dashed line.
    Dashed(Vec<(f64, f64)>),
    /// The ground between two lines: x, lower and upper y.
    Band(Vec<(f64, f64, f64)>),
    /// Points with errors: x, y and the error of y.
    Points(Vec<(f64, f64, f64)>),
    /// Bars from the lower edge: left, right and upper end.
    Bars(Vec<(f64, f64, f64)>),
}

/// Something to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name in the legend; empty for none.
    pub name: String,
    /// Its colour.
    pub colour: Colour,
    /// What it is.
    pub shape: Shape,
}

impl Series {
    /// A series with a name in the legend; an empty name is left out there.
    pub fn new(name: &str, colour: Colour, shape: Shape) -> Self {
        Self {
            name: name.to_owned(),
            colour,
            shape,
        }
    }
}

/// A picture with two axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// What it shows, for readers who cannot see it.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, from the back to the front.
    pub series: Vec<Series>,
    /// Height over width of the picture.
    pub aspect: f64,
}

impl Plot {
    /// The picture as SVG, which fills the width it is given.
    ///
    /// # Errors
    ///
    /// None that a caller could mend.
    pub fn svg(&self) -> Result<String, PlotError> {
        draw::svg(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_along_axes() {
        let linear = Axis::linear("x", 0.0, 4.0);
        assert_eq!([-1.0, 1.0, 5.0].map(|v| linear.place(v)), [0.0, 0.25, 1.0]);
        let log = Axis::log("y", 1.0, 100.0);
        assert_eq!(
            [0.0, 10.0, f64::INFINITY].map(|v| log.place(v)),
            [0.0, 0.5, 1.0]
        );
        assert_eq!(Axis::linear("x", 2.0, 2.0).range, (1.5, 2.5));
        assert_eq!(Axis::around("x", std::iter::empty()).range, (-0.06, 1.06));
    }

    #[test]
    fn a_picture_is_the_same_each_time_and_names_its_series() {
        let plot = Plot {
            title: "a <picture>".to_owned(),
            x: Axis::linear("ε_{S}", 0.0, 1.0),
            y: Axis::log("1/ε_{B}", 1.0, 1e6),
            series: vec![
                Series::new(
                    "top & W",
                    colour(0),
                    Shape::Line(vec![(0.1, 1e4), (1.0, 1.0)]),
                ),
                Series::new(
                    "",
                    colour(1),
                    Shape::Band(vec![(0.1, 10.0, 20.0), (1.0, 1.0, 2.0)]),
                ),
                Series::new("p", colour(2), Shape::Points(vec![(0.5, 10.0, 3.0)])),
                Series::new("d", colour(3), Shape::Dashed(vec![(0.1, 1e3), (1.0, 1.0)])),
                Series::new("b", colour(4), Shape::Bars(vec![(0.1, 0.2, 30.0)])),
            ],
            aspect: 0.6,
        };
        let svg = plot.svg().expect("svg");
        assert_eq!(svg, plot.svg().expect("svg"));
        for part in [
            "a &lt;picture&gt;",
            "top &amp; W",
            "<polygon",
            "<circle",
            "10<tspan",
        ] {
            assert!(svg.contains(part), "{part} is missing in {svg}");
        }
        assert!(!svg.contains("http"), "{svg}");
    }
}
