//! Bits of weights and activations: shares, maps, table.

use std::fmt::Write;

use super::numbers::{count, percent, plain};
use crate::report::page::{Figure, Section, Table};
use crate::report::plot::{Anchor, Canvas, Colour, INK, PlotError};
use crate::report::{LayerWidths, Report, WidthKind};

/// A map of more elements than this could not be read.
const MOST: usize = 16_384;

pub(super) fn sections(report: &Report) -> Result<Vec<Section>, PlotError> {
    let layers = &report.layers;
    if layers.is_empty() {
        return Ok(Vec::new());
    }
    let most = layers.iter().map(LayerWidths::most).max().unwrap_or(0);
    let mut figures = vec![shares(layers, most)?];
    let maps = layers
        .iter()
        .filter(|l| l.kind == WidthKind::Weight && l.bits.len() <= MOST);
    figures.extend(
        maps.filter(|l| l.shape.len() > 1)
            .map(|layer| map(layer, most)),
    );
    Ok(vec![
        Section::Heading("Widths and cost".to_owned()),
        Section::Table(table(report)),
        Section::Figures(figures),
    ])
}

/// Number of weights, and of those pruned.
pub(super) fn pruned(layers: &[LayerWidths]) -> (usize, usize) {
    let weights = layers
        .iter()
        .filter(|layer| layer.kind == WidthKind::Weight);
    weights.fold((0, 0), |(all, pruned), layer| {
        (all + layer.bits.len(), pruned + layer.pruned())
    })
}

fn kind(layer: &LayerWidths) -> &'static str {
    match layer.kind {
        WidthKind::Weight => "weights",
        WidthKind::Activation => "activations",
    }
}

fn table(report: &Report) -> Table {
    let row = |layer: &LayerWidths| {
        let shape: Vec<String> = layer.shape.iter().map(usize::to_string).collect();
        vec![
            layer.name.clone(),
            kind(layer).to_owned(),
            shape.join(" × "),
            count(layer.bits.len() as u64),
            plain(layer.mean()),
            layer.most().to_string(),
            percent(layer.pruned(), layer.bits.len()),
            match layer.kind {
                WidthKind::Weight => count(layer.ebops),
                WidthKind::Activation => String::new(),
            },
        ]
    };
    let cost = report.cost;
    let ebops = cost
        .ebops
        .map_or(String::new(), |e| format!(" {} EBOPs.", count(e)));
    Table {
        title: "Widths by tensor".to_owned(),
        note: format!(
            "In all: {} weights and biases that are not zero, {} multiplications of an event.{ebops} \
             Pruned elements have no bits and are counted in the mean; a weight has the bits from its \
             first to its last set one. EBOPs: sum over all multiplications of the product of the \
             bits of both factors (arXiv:2405.00645).",
            count(cost.parameters),
            count(cost.multiplications),
        ),
        columns: [
            "tensor",
            "of",
            "shape",
            "elements",
            "mean bits",
            "most bits",
            "pruned",
            "EBOPs",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: report.layers.iter().map(row).collect(),
        ..Table::default()
    }
}

/// Dark where there are many bits (the colours of matplotlib's viridis).
fn shade(bits: u8, most: u8) -> Colour {
    const STOPS: [(f64, f64, f64); 5] = [
        (253.0, 231.0, 37.0),
        (94.0, 201.0, 98.0),
        (33.0, 145.0, 140.0),
        (59.0, 82.0, 139.0),
        (68.0, 1.0, 84.0),
    ];
    let place = 4.0 * f64::from(bits.max(1) - 1) / f64::from(most.max(2) - 1);
    let (from, to) = (STOPS[place as usize], STOPS[(place as usize + 1).min(4)]);
    let mix = |a: f64, b: f64| (a + (b - a) * place.fract()).round() as u8;
    Colour(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

/// One bar for each tensor, cut by the share of its elements of each width.
fn shares(layers: &[LayerWidths], most: u8) -> Result<Figure, PlotError> {
    const ROW: i32 = 54;
    const LEFT: i32 = 430;
    const RIGHT: i32 = 1400;
    let legend = 2 * ROW;
    let mut canvas = Canvas::new(legend + ROW * layers.len() as i32 + 20);
    let (across, shown) = (RIGHT - LEFT, i32::from(most) + 1);
    for bits in 0..=most {
        let edge = |n: i32| LEFT + across * n / shown;
        let (left, right) = (edge(i32::from(bits)), edge(i32::from(bits) + 1));
        swatch(&mut canvas, bits, most, (left, 14), (right - 3, 44));
        canvas.text(&bits.to_string(), ((left + right) / 2, 68), Anchor::Middle);
    }
    canvas.text("bits (0: pruned)", (LEFT - 20, 30), Anchor::End);
    for (row, layer) in layers.iter().enumerate() {
        let top = legend + ROW * row as i32;
        let name: String = layer.name.chars().take(18).collect();
        let label = format!("{name}, {}", kind(layer));
        canvas.text(&label, (LEFT - 20, top + ROW / 2), Anchor::End);
        let (mut sum, all) = (0, layer.bits.len().max(1));
        let edge = |sum: usize| LEFT + (f64::from(across) * sum as f64 / all as f64) as i32;
        for (bits, number) in layer.histogram().into_iter().enumerate() {
            let corners = ((edge(sum), top + 8), (edge(sum + number), top + ROW - 8));
            if number > 0 {
                swatch(&mut canvas, bits as u8, most, corners.0, corners.1);
            }
            sum += number;
        }
    }
    Ok(Figure {
        title: "Shares of the widths".to_owned(),
        note: "Share of the elements of each tensor that have so many bits, as the integer \
               interpreter executes them."
            .to_owned(),
        svg: canvas.svg("Share of the elements of each tensor by their bits")?,
    })
}

/// A box in the colour of a width; pruned is empty.
fn swatch(canvas: &mut Canvas, bits: u8, most: u8, a: (i32, i32), b: (i32, i32)) {
    match bits {
        0 => {
            let corners = vec![a, (b.0, a.1), b, (a.0, b.1), a];
            canvas.line(corners, INK, 0.5, 2);
        }
        _ => canvas.rectangle(a, b, shade(bits, most), 1.0),
    }
}

/// Every element of a tensor as a cell: rows by the first dimensions, columns by the last one.
fn map(layer: &LayerWidths, most: u8) -> Figure {
    let columns = layer.shape.last().copied().unwrap_or(1).max(1);
    let rows = layer.bits.len() / columns;
    // Wide maps are easier to read than high ones.
    let turn = rows > columns;
    let (across, down) = if turn {
        (rows, columns)
    } else {
        (columns, rows)
    };
    let at = |x: usize, y: usize| match turn {
        true => layer.bits[x * columns + y],
        false => layer.bits[y * columns + x],
    };
    // Cells of small maps do not grow without end.
    let mut svg = format!(
        "<svg viewBox=\"-0.5 -0.5 {} {}\" role=\"img\" style=\"max-width:{}rem\">\
         <title>Bits of each element</title>\n",
        across + 1,
        down + 1,
        across + 1
    );
    for bits in 1..=layer.most() {
        let mut path = String::new();
        for y in 0..down {
            let mut x = 0;
            while x < across {
                let run = (x..across).take_while(|x| at(*x, y) == bits).count();
                if run > 0 {
                    // Writing to a string cannot fail.
                    let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
                }
                x += run.max(1);
            }
        }
        if !path.is_empty() {
            let Colour(r, g, b) = shade(bits, most);
            let _ = writeln!(svg, "<path fill=\"#{r:02x}{g:02x}{b:02x}\" d=\"{path}\"/>");
        }
    }
    let _ = write!(
        svg,
        "<rect width=\"{across}\" height=\"{down}\" fill=\"none\" stroke=\"#000000\" stroke-width=\"0.1\"/></svg>"
    );
    let shape: Vec<String> = layer.shape.iter().map(usize::to_string).collect();
    let turned = if turn { "columns" } else { "rows" };
    Figure {
        title: format!("Bits of the weights of {}", layer.name),
        note: format!(
            "One cell for each of {} weights, {turned} by the inputs of the layer; colours as above, \
             empty cells are pruned ({}).",
            shape.join(" × "),
            percent(layer.pruned(), layer.bits.len())
        ),
        svg,
    }
}
