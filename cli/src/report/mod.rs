//! The report of a demonstration: one HTML file that needs no other.

pub mod plots;
pub mod usage;

use std::fmt::Write;

/// One table of a report.
#[derive(Debug, Clone)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// A sentence that says how to read it.
    pub note: String,
    /// Head of each column.
    pub columns: Vec<String>,
    /// Cells, row by row.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// The table as text: columns of equal width, the first to the left.
    pub fn text(&self) -> String {
        let lines = || std::iter::once(&self.columns).chain(&self.rows);
        let shown = |cell: &str| cell.escape_debug().to_string();
        let width = |column: usize| {
            let cells = lines().filter_map(|line| line.get(column));
            cells
                .map(|cell| shown(cell).chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<_> = (0..self.columns.len()).map(width).collect();
        let mut text = format!("{}\n{}\n\n", self.title, self.note);
        for line in lines() {
            let cells = line.iter().zip(&widths).enumerate();
            let cells = cells.map(|(column, (cell, &width))| match column {
                0 => format!("{:<width$}", shown(cell)),
                _ => format!("{:>width$}", shown(cell)),
            });
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

/// One picture of a report.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What it shows.
    pub title: String,
    /// A sentence that says how to read it.
    pub note: String,
    /// The picture.
    pub svg: String,
}

/// A report, in the order of reading.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Its title.
    pub title: String,
    /// A sentence or two in front of everything.
    pub summary: String,
    /// Tables, then figures.
    pub tables: Vec<Table>,
    /// Pictures.
    pub figures: Vec<Figure>,
}

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin:2rem 0 .3rem}
p.note{color:#555;margin:.2rem 0 .6rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .8rem;border-bottom:1px solid #ddd;text-align:right}
th:first-child,td:first-child{text-align:left}
svg{max-width:100%;height:auto}";

impl Report {
    /// The report as HTML.
    pub fn html(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let title = escape(&self.title);
        writeln!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n<h1>{title}</h1>\n<p>{}</p>",
            escape(&self.summary)
        )?;
        for table in &self.tables {
            heading(out, &table.title, &table.note)?;
            write!(out, "<table><thead><tr>")?;
            for column in &table.columns {
                write!(out, "<th>{}</th>", escape(column))?;
            }
            writeln!(out, "</tr></thead><tbody>")?;
            for row in &table.rows {
                write!(out, "<tr>")?;
                for cell in row {
                    write!(out, "<td>{}</td>", escape(cell))?;
                }
                writeln!(out, "</tr>")?;
            }
            writeln!(out, "</tbody></table>")?;
        }
        for figure in &self.figures {
            heading(out, &figure.title, &figure.note)?;
            writeln!(out, "{}", figure.svg)?;
        }
        writeln!(out, "</html>")
    }
}

fn heading(out: &mut String, title: &str, note: &str) -> std::fmt::Result {
    writeln!(
        out,
        "<h2>{}</h2>\n<p class=\"note\">{}</p>",
        escape(title),
        escape(note)
    )
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_model_cannot_become_markup() {
        let report = Report {
            title: "<script>alert(1)</script>".to_owned(),
            ..Report::default()
        };
        assert!(!report.html().contains("<script>"));
        assert!(report.html().contains("&lt;script&gt;"));
    }
}
