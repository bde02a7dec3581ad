//! A picture with axes, drawn.

use super::canvas::{Anchor, Canvas, INK, LETTERS, WIDTH};
use super::ticks::ticks;
use super::{Axis, Plot, PlotError, Series, Shape};

/// Ground around the frame: for the labels of the left axis, and beside it.
const LEFT: i32 = 150;
const RIGHT: i32 = 36;
/// For the numbers and the label of the lower axis.
const BOTTOM: i32 = 116;
/// Above the frame, without a legend.
const TOP: i32 = 24;
/// Height of a line of the legend.
const LINE: i32 = 46;
/// Length of a long mark.
const MARK: i32 = 18;

/// The frame and what lies where in it.
struct Frame<'a> {
    plot: &'a Plot,
    top: i32,
    bottom: i32,
}

impl Frame<'_> {
    fn x(&self, value: f64) -> i32 {
        LEFT + (self.plot.x.place(value) * f64::from(WIDTH - RIGHT - LEFT)).round() as i32
    }

    fn y(&self, value: f64) -> i32 {
        self.bottom - (self.plot.y.place(value) * f64::from(self.bottom - self.top)).round() as i32
    }

    fn at(&self, (x, y): (f64, f64)) -> (i32, i32) {
        (self.x(x), self.y(y))
    }
}

pub(super) fn svg(plot: &Plot) -> Result<String, PlotError> {
    let legend = legend_places(&plot.series);
    let lines = legend.last().map_or(0, |(_, (_, y))| y / LINE + 1);
    let inner = (f64::from(WIDTH - LEFT - RIGHT) * plot.aspect).round() as i32;
    let frame = Frame {
        plot,
        top: TOP + lines * LINE,
        bottom: TOP + lines * LINE + inner,
    };
    let mut canvas = Canvas::new(frame.bottom + BOTTOM);
    grid(&mut canvas, &frame);
    for series in &plot.series {
        draw(&mut canvas, &frame, series);
    }
    axes(&mut canvas, &frame);
    for (series, (x, y)) in legend {
        entry(&mut canvas, series, (x, TOP / 2 + y + LINE / 2));
    }
    canvas.svg(&plot.title)
}

fn grid(canvas: &mut Canvas, frame: &Frame<'_>) {
    for (value, _) in ticks(&frame.plot.x, 7).major {
        let x = frame.x(value);
        canvas.line(vec![(x, frame.top), (x, frame.bottom)], INK, 0.08, 2);
    }
    for (value, _) in ticks(&frame.plot.y, 6).major {
        let y = frame.y(value);
        canvas.line(vec![(LEFT, y), (WIDTH - RIGHT, y)], INK, 0.08, 2);
    }
}

/// The frame, marks inwards on all sides, numbers and labels.
fn axes(canvas: &mut Canvas, frame: &Frame<'_>) {
    let (right, top, bottom) = (WIDTH - RIGHT, frame.top, frame.bottom);
    let corners = vec![
        (LEFT, top),
        (right, top),
        (right, bottom),
        (LEFT, bottom),
        (LEFT, top),
    ];
    canvas.line(corners, INK, 1.0, 2);
    let (across, up) = (ticks(&frame.plot.x, 7), ticks(&frame.plot.y, 6));
    let lengths = |marks: Vec<f64>, length: i32| marks.into_iter().map(move |v| (v, length));
    let values = |major: &[(f64, String)]| major.iter().map(|(v, _)| *v).collect::<Vec<_>>();
    for (value, length) in
        lengths(values(&across.major), MARK).chain(lengths(across.minor, MARK / 2))
    {
        let x = frame.x(value);
        canvas.line(vec![(x, bottom), (x, bottom - length)], INK, 1.0, 2);
        canvas.line(vec![(x, top), (x, top + length)], INK, 1.0, 2);
    }
    for (value, length) in lengths(values(&up.major), MARK).chain(lengths(up.minor, MARK / 2)) {
        let y = frame.y(value);
        canvas.line(vec![(LEFT, y), (LEFT + length, y)], INK, 1.0, 2);
        canvas.line(vec![(right, y), (right - length, y)], INK, 1.0, 2);
    }
    for (value, label) in &across.major {
        canvas.text(label, (frame.x(*value), bottom + 28), Anchor::Middle);
    }
    for (value, label) in &up.major {
        canvas.text(label, (LEFT - 14, frame.y(*value)), Anchor::End);
    }
    let label = |axis: &Axis| axis.label.clone();
    canvas.text(
        &label(&frame.plot.x),
        ((LEFT + right) / 2, bottom + 82),
        Anchor::Middle,
    );
    canvas.text(
        &label(&frame.plot.y),
        (28, (top + bottom) / 2),
        Anchor::Upwards,
    );
}

fn draw(canvas: &mut Canvas, frame: &Frame<'_>, series: &Series) {
    let colour = series.colour;
    let path = |points: &[(f64, f64)]| points.iter().map(|p| frame.at(*p)).collect::<Vec<_>>();
    match &series.shape {
        Shape::Line(points) => canvas.line(path(points), colour, 1.0, 4),
        Shape::Dashed(points) => canvas.dashes(path(points), colour, 3),
        Shape::Band(edges) => {
            let lower = edges.iter().map(|&(x, low, _)| frame.at((x, low)));
            let upper = edges.iter().rev().map(|&(x, _, high)| frame.at((x, high)));
            canvas.area(lower.chain(upper).collect(), colour, 0.22);
        }
        Shape::Points(points) => {
            for &(x, y, error) in points {
                let (x, low, high) = (frame.x(x), frame.y(y - error), frame.y(y + error));
                canvas.line(vec![(x, low), (x, high)], colour, 1.0, 3);
                canvas.disc((x, frame.y(y)), 7, colour);
            }
        }
        Shape::Bars(bars) => {
            for &(left, right, end) in bars {
                let corner = (frame.x(left), frame.y(end));
                canvas.rectangle(corner, (frame.x(right), frame.bottom), colour, 0.7);
            }
        }
    }
}

/// Each named series with the place of its entry in the legend: lines that fill the width.
fn legend_places(series: &[Series]) -> Vec<(&Series, (i32, i32))> {
    let (mut x, mut y) = (LEFT, 0);
    let mut places = Vec::new();
    for series in series.iter().filter(|series| !series.name.is_empty()) {
        let width = 70 + Canvas::text_width(&series.name) + 40;
        if x > LEFT && x + width > WIDTH - RIGHT {
            (x, y) = (LEFT, y + LINE);
        }
        places.push((series, (x, y)));
        x += width;
    }
    places
}

fn entry(canvas: &mut Canvas, series: &Series, (x, y): (i32, i32)) {
    let (colour, half) = (series.colour, LETTERS / 2);
    match &series.shape {
        Shape::Line(_) => canvas.line(vec![(x, y), (x + 56, y)], colour, 1.0, 4),
        Shape::Dashed(_) => canvas.dashes(vec![(x, y), (x + 56, y)], colour, 3),
        Shape::Points(_) => {
            canvas.line(vec![(x + 28, y - half), (x + 28, y + half)], colour, 1.0, 3);
            canvas.disc((x + 28, y), 7, colour);
        }
        Shape::Band(_) => canvas.rectangle((x, y - half), (x + 56, y + half), colour, 0.22),
        Shape::Bars(_) => canvas.rectangle((x, y - half), (x + 56, y + half), colour, 0.7),
    }
    canvas.text(&series.name, (x + 70, y), Anchor::Start);
}
