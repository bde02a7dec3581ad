//! A page of tables and pictures: one HTML file that needs no other.

use super::plot::escape;

/// One table of a page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// A sentence that says how to read it.
    pub note: String,
    /// Head of each column.
    pub columns: Vec<String>,
    /// Cells, row by row.
    pub rows: Vec<Vec<String>>,
    /// How strongly each cell is coloured, from 0 to 1, row by row; empty for no colours.
    pub tints: Vec<Vec<f64>>,
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

    fn html(&self) -> String {
        let cells = |tag: &str, cells: &[String]| -> String {
            let cell = |cell: &String| format!("<{tag}>{}</{tag}>", escape(cell));
            cells.iter().map(cell).collect()
        };
        let mut out = format!(
            "<div class=\"wide\"><table><thead><tr>{}</tr></thead><tbody>\n",
            cells("th", &self.columns)
        );
        for (row, line) in self.rows.iter().enumerate() {
            let tints = self.tints.get(row).map_or(&[][..], Vec::as_slice);
            out.push_str("<tr>");
            for (column, cell) in line.iter().enumerate() {
                let tint = tints.get(column).copied().unwrap_or(0.0);
                match tint > 0.0 {
                    true => out.push_str(&format!(
                        "<td style=\"background:rgba(0,114,178,{:.2})\">",
                        tint.min(1.0)
                    )),
                    false => out.push_str("<td>"),
                }
                out.push_str(&escape(cell));
                out.push_str("</td>");
            }
            out.push_str("</tr>\n");
        }
        out + "</tbody></table></div>\n"
    }
}

/// One picture of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What it shows.
    pub title: String,
    /// A sentence that says how to read it.
    pub note: String,
    /// The picture.
    pub svg: String,
}

/// A piece of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Section {
    /// A heading over what follows.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// A table.
    Table(Table),
    /// Pictures, side by side where there is room.
    Figures(Vec<Figure>),
}

/// A page, in the order of reading.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// A sentence or two in front of everything.
    pub summary: String,
    /// The few numbers that matter most: number and what it is.
    pub numbers: Vec<(String, String)>,
    /// Everything else.
    pub sections: Vec<Section>,
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c1e21;--soft:#5c626b;--ground:#fff;--card:#f4f6f8;--line:#d8dce2}\
@media(prefers-color-scheme:dark){:root{--ink:#e7e9ec;--soft:#a3a9b3;--ground:#15171a;--card:#1f2226;--line:#383d45}}\
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground);max-width:72rem;margin:2rem auto;padding:0 1.2rem}\
h1{font-size:1.7rem;margin:0 0 .3rem}h2{font-size:1.25rem;margin:2.6rem 0 .2rem;padding-top:.6rem;border-top:1px solid var(--line)}\
h3{font-size:1rem;margin:1.4rem 0 .1rem}p{margin:.3rem 0 .7rem;max-width:48rem}p.note,figcaption{color:var(--soft);font-size:.9rem}\
ul.numbers{display:flex;flex-wrap:wrap;gap:.8rem;list-style:none;padding:0;margin:1.2rem 0}\
ul.numbers li{background:var(--card);border-radius:.6rem;padding:.6rem 1rem}ul.numbers b{display:block;font-size:1.25rem;font-variant-numeric:tabular-nums}\
ul.numbers span{color:var(--soft);font-size:.85rem}\
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem}\
th,td{padding:.22rem .8rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}\
th{font-weight:600;vertical-align:bottom}th:first-child,td:first-child{text-align:left}td.long{white-space:normal}\
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1.2rem 2rem;margin:.8rem 0}\
figure{margin:0;max-width:44rem}svg{display:block;width:100%;height:auto}svg text{font-family:inherit}\
svg [stroke=\"#000000\"]{stroke:var(--ink)}svg [fill=\"#000000\"]{fill:var(--ink)}\
svg polyline{stroke-linejoin:round}";

impl Page {
    /// The page as HTML that is well-formed XML, too.
    pub fn html(&self) -> String {
        let title = escape(&self.title);
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        );
        for paragraph in self.summary.split("\n\n").filter(|p| !p.is_empty()) {
            out.push_str(&format!("<p>{}</p>\n", escape(paragraph)));
        }
        if !self.numbers.is_empty() {
            let item = |(number, name): &(String, String)| {
                let (number, name) = (escape(number), escape(name));
                format!("<li><b>{number}</b><span>{name}</span></li>\n")
            };
            let items: String = self.numbers.iter().map(item).collect();
            out.push_str(&format!("<ul class=\"numbers\">\n{items}</ul>\n"));
        }
        for section in &self.sections {
            out.push_str(&section.html());
        }
        out + "</body>\n</html>\n"
    }
}

impl Section {
    fn html(&self) -> String {
        match self {
            Self::Heading(text) => format!("<h2>{}</h2>\n", escape(text)),
            Self::Text(text) => format!("<p>{}</p>\n", escape(text)),
            Self::Table(table) => {
                format!("{}{}", heading(&table.title, &table.note), table.html())
            }
            Self::Figures(figures) => {
                let figure = |figure: &Figure| {
                    format!(
                        "<figure>\n<h3>{}</h3>\n{}\n<figcaption>{}</figcaption>\n</figure>\n",
                        escape(&figure.title),
                        figure.svg,
                        escape(&figure.note)
                    )
                };
                let figures: String = figures.iter().map(figure).collect();
                format!("<div class=\"figures\">\n{figures}</div>\n")
            }
        }
    }
}

fn heading(title: &str, note: &str) -> String {
    let (title, note) = (escape(title), escape(note));
    format!("<h3>{title}</h3>\n<p class=\"note\">{note}</p>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_model_cannot_become_markup() {
        let text = || "<script>alert(1)</script>".to_owned();
        let page = Page {
            title: text(),
            summary: text(),
            numbers: vec![(text(), text())],
            sections: vec![
                Section::Heading(text()),
                Section::Text(text()),
                Section::Table(Table {
                    title: text(),
                    columns: vec![text()],
                    rows: vec![vec![text()]],
                    ..Table::default()
                }),
            ],
        };
        assert!(!page.html().contains("<script>"));
        assert_eq!(page.html().matches("&lt;script&gt;").count(), 10);
    }
}
