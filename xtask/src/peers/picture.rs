//! The fronts as a picture: accuracy on the test part against cost.

use std::fmt::Write as _;

use super::front::{Front, mean, within};
use super::run::{Count, Point, Side};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
/// Left, right, top and bottom of the frame.
const FRAME: [f64; 4] = [70.0, 740.0, 20.0, 400.0];
/// Blue and vermilion of Okabe and Ito, which colour-blind readers tell apart.
const COLOURS: [&str; 2] = ["#0072b2", "#d55e00"];
/// Steps of the mean line in a factor of ten.
const STEPS: i32 = 40;

/// How costs and accuracies become places.
struct Axes {
    /// Logarithms (base ten) of the ends of the cost axis.
    cost: [f64; 2],
    /// Ends of the accuracy axis.
    accuracy: [f64; 2],
}

/// One picture with both sides: a point for each network of a seed's front, a
/// line for the mean over the seeds of what a budget buys.
pub fn svg(fronts: &[Vec<Front>; 2], count: Count) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    if let Some(axes) = Axes::of(fronts, count) {
        axes.draw(&mut svg, count);
        for ((fronts, side), colour) in fronts.iter().zip(Side::ALL).zip(COLOURS) {
            axes.points(&mut svg, fronts, count, colour);
            axes.line(&mut svg, fronts, count, colour);
            let y = if side == Side::Trigforge {
                350.0
            } else {
                370.0
            };
            let _ = writeln!(
                svg,
                "<path d=\"M580 {y}h30\" stroke=\"{colour}\" stroke-width=\"2\"/><text x=\"618\" y=\"{}\">{}, {} seeds</text>",
                y + 4.0,
                side.name(),
                fronts.len()
            );
        }
    }
    svg + "</svg>\n"
}

impl Axes {
    /// Axes that hold all points; `None` without a point.
    fn of(fronts: &[Vec<Front>; 2], count: Count) -> Option<Self> {
        let points = || fronts.iter().flatten().flatten();
        let costs = points().map(|point| place(point, count).log10());
        let accuracies = points().map(|point| point.test_accuracy);
        let ends = |values: &mut dyn Iterator<Item = f64>| {
            values.fold(None, |ends: Option<[f64; 2]>, value| {
                let [low, high] = ends.unwrap_or([value, value]);
                Some([low.min(value), high.max(value)])
            })
        };
        let [cheap, dear] = ends(&mut costs.into_iter())?;
        let [low, high] = ends(&mut accuracies.into_iter())?;
        Some(Self {
            cost: [cheap - 0.05, dear + 0.05],
            accuracy: [
                (100.0 * low).floor() / 100.0,
                (100.0 * high).ceil() / 100.0 + 1e-9,
            ],
        })
    }

    fn x(&self, cost: f64) -> f64 {
        let [low, high] = self.cost;
        FRAME[0] + (cost.log10() - low) / (high - low) * (FRAME[1] - FRAME[0])
    }

    fn y(&self, accuracy: f64) -> f64 {
        let [low, high] = self.accuracy;
        FRAME[3] - (accuracy - low) / (high - low) * (FRAME[3] - FRAME[2])
    }

    /// Frame, marks and names of the axes.
    fn draw(&self, svg: &mut String, count: Count) {
        let [left, right, top, bottom] = FRAME;
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"black\"/>",
            right - left,
            bottom - top
        );
        let decades = self.cost[0].floor() as i32..=self.cost[1].ceil() as i32;
        for cost in decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|n| n * 10f64.powi(decade))) {
            let x = self.x(cost);
            if (left..=right).contains(&x) {
                let _ = writeln!(
                    svg,
                    "<path d=\"M{x:.1} {top}V{bottom}\" stroke=\"#ddd\"/><text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{cost}</text>",
                    bottom + 18.0
                );
            }
        }
        let percents =
            (100.0 * self.accuracy[0]).round() as i32..=(100.0 * self.accuracy[1]) as i32;
        let every = 1 + percents.clone().count() / 12;
        for percent in percents.step_by(every) {
            let y = self.y(f64::from(percent) / 100.0);
            let _ = writeln!(
                svg,
                "<path d=\"M{left} {y:.1}H{right}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{percent} %</text>",
                left - 6.0,
                y + 4.0
            );
        }
        let middle = (top + bottom) / 2.0;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\
             <text transform=\"translate(20 {middle}) rotate(-90)\" text-anchor=\"middle\">accuracy, test part</text>",
            (left + right) / 2.0,
            bottom + 44.0,
            count.title()
        );
    }

    fn points(&self, svg: &mut String, fronts: &[Front], count: Count, colour: &str) {
        for point in fronts.iter().flatten() {
            let (x, y) = (self.x(place(point, count)), self.y(point.test_accuracy));
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\" fill=\"{colour}\" fill-opacity=\"0.35\"/>"
            );
        }
    }

    /// The mean over the seeds; it begins where every seed has a network.
    fn line(&self, svg: &mut String, fronts: &[Front], count: Count, colour: &str) {
        let first = (self.cost[0] * f64::from(STEPS)).ceil() as i32;
        let last = (self.cost[1] * f64::from(STEPS)).floor() as i32;
        let mut path = String::new();
        for step in first..=last {
            let budget = 10f64.powf(f64::from(step) / f64::from(STEPS));
            let values: Vec<f64> = fronts
                .iter()
                .filter_map(|front| within(front, count, budget as u64))
                .map(|point| point.test_accuracy)
                .collect();
            if let Some((mean, _)) = mean(&values).filter(|_| values.len() == fronts.len()) {
                let letter = if path.is_empty() { 'M' } else { 'L' };
                let _ = write!(path, "{letter}{:.1} {:.1}", self.x(budget), self.y(mean));
            }
        }
        let _ = writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        );
    }
}

/// Where a network stands on the cost axis, which has no 0.
fn place(point: &Point, count: Count) -> f64 {
    point.cost(count).unwrap_or(0).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_holds_every_point_inside_its_frame() {
        let point = |ebops: u64, accuracy: f64| Point {
            validation_accuracy: accuracy,
            test_accuracy: accuracy,
            ebops: None,
            ebops_exact: ebops,
        };
        let fronts = [
            vec![vec![point(300, 0.58), point(15_000, 0.64)]],
            vec![vec![point(500, 0.6)], vec![point(700, 0.61)]],
        ];
        let svg = svg(&fronts, Count::Exact);
        assert_eq!(svg.matches("<circle").count(), 4);
        for circle in svg.split("<circle cx=\"").skip(1) {
            let x: f64 = circle.split('"').next().expect("x").parse().expect("x");
            assert!((FRAME[0]..=FRAME[1]).contains(&x), "{x}");
        }
        assert!(
            svg.contains("HGQ2, 2 seeds") && svg.contains(">5000<"),
            "{svg}"
        );
    }

    #[test]
    fn no_run_gives_an_empty_picture() {
        assert!(!svg(&[Vec::new(), Vec::new()], Count::Peer).contains("<path"));
    }
}
