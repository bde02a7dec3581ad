//! A sheet to draw on, in its own units: 1440 of them across.

use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Colour, PlotError, markup};

/// The colour of axes and text.
pub const INK: Colour = Colour(0, 0, 0);

/// Width of every canvas.
pub(super) const WIDTH: i32 = 1440;

/// Height of the letters.
pub(super) const LETTERS: i32 = 27;

/// Where a text stands with respect to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// To the right of it.
    Start,
    /// Around it.
    Middle,
    /// To the left of it.
    End,
    /// Around it, read upwards.
    Upwards,
}

/// Something to draw on.
pub struct Canvas {
    marks: Vec<Mark>,
    height: i32,
}

enum Mark {
    Path(Vec<(i32, i32)>, ShapeStyle, bool),
    Area(Vec<(i32, i32)>, ShapeStyle),
    Circle((i32, i32), i32, ShapeStyle),
    Text(String, (i32, i32), Anchor),
}

impl Canvas {
    /// An empty canvas of this height.
    pub fn new(height: i32) -> Self {
        Self {
            marks: Vec::new(),
            height,
        }
    }

    /// About how wide a text is; `_{}` and `^{}` take no place.
    pub fn text_width(text: &str) -> i32 {
        let letters = text.chars().filter(|c| !"_^{}".contains(*c)).count();
        letters as i32 * LETTERS * 56 / 100
    }

    /// A line through points.
    pub fn line(&mut self, points: Vec<(i32, i32)>, colour: Colour, opacity: f64, width: u32) {
        let style = colour.mix(opacity).stroke_width(width);
        self.marks.push(Mark::Path(points, style, false));
    }

    /// A dashed line through points.
    pub fn dashes(&mut self, points: Vec<(i32, i32)>, colour: Colour, width: u32) {
        let style = colour.stroke_width(width);
        self.marks.push(Mark::Path(points, style, true));
    }

    /// The ground inside of a closed line.
    pub fn area(&mut self, points: Vec<(i32, i32)>, colour: Colour, opacity: f64) {
        let style = colour.mix(opacity).filled();
        self.marks.push(Mark::Area(points, style));
    }

    /// The ground inside of a rectangle, from its corners.
    pub fn rectangle(&mut self, a: (i32, i32), b: (i32, i32), colour: Colour, opacity: f64) {
        self.area(vec![a, (b.0, a.1), b, (a.0, b.1)], colour, opacity);
    }

    /// A disc.
    pub fn disc(&mut self, at: (i32, i32), radius: i32, colour: Colour) {
        self.marks.push(Mark::Circle(at, radius, colour.filled()));
    }

    /// A text whose middle line goes through the point.
    pub fn text(&mut self, text: &str, at: (i32, i32), anchor: Anchor) {
        self.marks.push(Mark::Text(text.to_owned(), at, anchor));
    }

    /// The picture as SVG; `title` is for readers who cannot see it.
    ///
    /// # Errors
    ///
    /// None that a caller could mend.
    pub fn svg(self, title: &str) -> Result<String, PlotError> {
        let size = (WIDTH as u32, self.height as u32);
        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            let failed = |error: &dyn std::fmt::Display| PlotError(error.to_string());
            for mark in self.marks {
                let drawn = match mark {
                    Mark::Path(points, style, false) => root.draw(&PathElement::new(points, style)),
                    Mark::Path(points, style, true) => {
                        root.draw(&DashedPathElement::new(points, 12, 9, style))
                    }
                    Mark::Area(points, style) => root.draw(&Polygon::new(points, style)),
                    Mark::Circle(at, radius, style) => root.draw(&Circle::new(at, radius, style)),
                    Mark::Text(text, at, anchor) => root.draw(&Text::new(text, at, font(anchor))),
                };
                drawn.map_err(|error| failed(&error))?;
            }
            root.present().map_err(|error| failed(&error))?;
        }
        Ok(markup::finish(&svg, title, size))
    }
}

fn font(anchor: Anchor) -> TextStyle<'static> {
    // plotters divides the size by 1.24.
    let size = f64::from(LETTERS) * 1.24;
    let horizontal = match anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle | Anchor::Upwards => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let style = ("sans-serif", size).into_font();
    let style = match anchor {
        Anchor::Upwards => style.transform(FontTransform::Rotate270),
        _ => style,
    };
    TextStyle::from(style)
        .color(&INK)
        .pos(Pos::new(horizontal, VPos::Center))
}
