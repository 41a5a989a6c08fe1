//! The page around the charts: headings, tables, keys; one HTML text that is well-formed XML too.

use std::fmt::Write as _;

use crate::draw::Sketch;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1b1d22; --soft: #5d6470; --rule: #d8dbe0; --paper: #fff;
  --tint: #f4f5f7; --mark: #8a4b00; --c0: #0072b2; --c1: #c47a00; --c2: #00805f; --c3: #c2528f;
  --c4: #5b3fa0; --c5: #a33b00; --c6: #4a9bd1; --c7: #7a7f87; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a4abb6; --rule: #3a3f47;
  --paper: #16181c; --tint: #1f2227; --mark: #f0b35e; --c0: #56b4e9; --c1: #f0b040; --c2: #2cc295;
  --c3: #f08cc0; --c4: #a996f0; --c5: #ff8a5c; --c6: #a5d8f8; --c7: #9aa1ac; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 66rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .25rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; overflow-wrap: anywhere; }
p { margin: .25rem 0 .5rem; overflow-wrap: anywhere; }
.sub, .note { color: var(--soft); }
.totals { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .75rem;
  margin: 1.5rem 0 0; padding: 0; list-style: none; }
.totals li { border: 1px solid var(--rule); border-radius: .5rem; padding: .6rem .8rem; font-size: .9rem;
  overflow-wrap: anywhere; }
.totals b { display: block; font-size: 1.15rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
.wide + .wide { margin-top: .75rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); gap: .5rem 2rem; }
.grid > * { min-width: 0; }
figure { margin: .75rem 0 0; min-width: 0; break-inside: avoid; }
figcaption { font-weight: 600; overflow-wrap: anywhere; }
figcaption span { font-weight: 400; color: var(--soft); }
svg.chart { display: block; width: 100%; height: auto; font-family: inherit; }
svg.narrow { display: none; }
.key { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: .25rem 0; padding: 0; list-style: none;
  font-size: .85rem; }
.key li { overflow-wrap: anywhere; }
.key svg { width: 1.6rem; height: .8rem; vertical-align: -.1rem; margin-right: .35rem; }
details { font-size: .85rem; }
summary { color: var(--soft); cursor: pointer; }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .9rem; }
caption { text-align: left; color: var(--soft); }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--rule); }
thead th { font-weight: 600; color: var(--soft); font-size: .85rem; }
tbody th { font-weight: 400; position: sticky; left: 0; background: var(--paper); min-width: 5.5rem; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; padding-right: 0; padding-left: 1rem; }
td.n { white-space: nowrap; }
td.n[style] { background: color-mix(in srgb, var(--c0) calc(var(--p) * .45%), transparent); padding-right: .4rem; }
tr.net th, tr.net td, tr.net th[scope] { border-bottom: 2px solid var(--ink); background: var(--tint); font-weight: 600; }
code { font: .85em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; color: var(--soft);
  overflow-wrap: anywhere; }
blockquote { margin: .5rem 0; padding-left: .8rem; border-left: 3px solid var(--rule); }
@media (max-width: 640px) { svg.broad { display: none; } svg.narrow { display: block; }
  body { padding: 1.25rem 1rem 3rem; } }
@media print { :root { color-scheme: light; font-size: 12px; } body { padding: 0; font-size: 1rem; max-width: none; }
  h2 { margin-top: 1.2rem; } h2, h3 { break-after: avoid; } tr, li { break-inside: avoid; } .wide { overflow: visible; }
  .grid { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } details { display: none; }
  .one h2 { margin-top: .7rem; } .one td, .one th { padding-top: .15rem; padding-bottom: .15rem; }
  .one .totals { margin-top: .6rem; } .one .totals li { padding: .3rem .6rem; } }
@page { size: A4; margin: 14mm; }
";

/// A text with what HTML reads as markup escaped, on one line and without control characters.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other if is_lost(other) => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

/// What has no place in XML.
pub(crate) fn is_lost(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}')
}

/// How a series is told from the others in the key of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// An area or bar.
    Fill,
    /// A line, drawn with these dashes.
    Line(&'static str),
    /// A diamond.
    Diamond,
    /// A circle.
    Circle,
    /// A bar with an interval.
    Interval,
}

/// A line of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keyed {
    pub(crate) name: String,
    pub(crate) colour: &'static str,
    pub(crate) sign: Sign,
}

/// A table of figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) head: Vec<String>,
    /// How many columns are words; the rest are figures.
    pub(crate) words: usize,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(words: usize, head: &[&str]) -> Self {
        let head = head.iter().map(|&it| it.to_owned()).collect();
        Self { head, words, rows: Vec::new() }
    }
}

/// A chart with what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chart {
    pub(crate) title: String,
    /// What is measured, in which unit.
    pub(crate) measured: String,
    /// What it shows, in a sentence: for those who do not see it.
    pub(crate) told: String,
    pub(crate) key: Vec<Keyed>,
    /// One for each width that it is drawn for; with one, it is the same on every width.
    pub(crate) sketches: Vec<Sketch>,
    pub(crate) table: Table,
}

/// A page under way.
#[derive(Debug)]
pub(crate) struct Page {
    out: String,
    drawn: usize,
}

impl Page {
    /// A page with its title; `class` says how dense it is on paper.
    pub(crate) fn new(title: &str, sub: &str, class: &str) -> Self {
        let title = escaped(title);
        let out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body class=\"{class}\">\n<header>\n<h1>{title}</h1>\n<p class=\"sub\">{}</p>\n</header>\n<main>\n",
            escaped(sub)
        );
        Self { out, drawn: 0 }
    }

    pub(crate) fn totals(&mut self, totals: &[(String, String)]) {
        self.out.push_str("<ul class=\"totals\">\n");
        for (what, figure) in totals {
            let _ = writeln!(self.out, "<li>{}<b>{}</b></li>", escaped(what), escaped(figure));
        }
        self.out.push_str("</ul>\n");
    }

    pub(crate) fn section(&mut self, title: &str, note: &str) {
        let _ = writeln!(self.out, "<h2>{}</h2>", escaped(title));
        if !note.is_empty() {
            self.note(note);
        }
    }

    pub(crate) fn part(&mut self, title: &str) {
        let _ = writeln!(self.out, "<h3>{}</h3>", escaped(title));
    }

    pub(crate) fn note(&mut self, text: &str) {
        let _ = writeln!(self.out, "<p class=\"note\">{}</p>", escaped(text));
    }

    pub(crate) fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.out, "<p>{}</p>", escaped(text));
    }

    /// A sentence with its id and what it rests on.
    pub(crate) fn quoted(&mut self, id: &str, sentence: &str, source: &str) {
        let _ = writeln!(
            self.out,
            "<blockquote><p>{} <code>{}</code></p><p class=\"note\">{}</p></blockquote>",
            escaped(sentence),
            escaped(id),
            escaped(source)
        );
    }

    pub(crate) fn list(&mut self, items: &[String]) {
        self.out.push_str("<ul>\n");
        for item in items {
            let _ = writeln!(self.out, "<li>{}</li>", escaped(item));
        }
        self.out.push_str("</ul>\n");
    }

    pub(crate) fn open_grid(&mut self) {
        self.out.push_str("<div class=\"grid\">\n");
    }

    pub(crate) fn close_grid(&mut self) {
        self.out.push_str("</div>\n");
    }

    pub(crate) fn table(&mut self, table: &Table) {
        self.out.push_str("<div class=\"wide\"><table>\n");
        self.rows(table);
        self.out.push_str("</table></div>\n");
    }

    /// A table in a part of a grid.
    pub(crate) fn boxed(&mut self, table: &Table) {
        self.out.push_str("<div>\n");
        self.table(table);
        self.out.push_str("</div>\n");
    }

    /// What the signs and colours of charts stand for.
    pub(crate) fn key(&mut self, key: &[Keyed]) {
        if key.is_empty() {
            return;
        }
        self.out.push_str("<ul class=\"key\">\n");
        for keyed in key {
            let _ = writeln!(self.out, "<li>{}{}</li>", sign(keyed), escaped(&keyed.name));
        }
        self.out.push_str("</ul>\n");
    }

    fn rows(&mut self, table: &Table) {
        let class = |index: usize| if index >= table.words { " class=\"n\"" } else { "" };
        self.out.push_str("<thead><tr>");
        for (index, title) in table.head.iter().enumerate() {
            let _ = write!(self.out, "<th scope=\"col\"{}>{}</th>", class(index), escaped(title));
        }
        self.out.push_str("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            self.out.push_str("<tr>");
            for (index, cell) in row.iter().enumerate() {
                let cell = escaped(cell);
                if index == 0 {
                    let _ = write!(self.out, "<th scope=\"row\">{cell}</th>");
                } else {
                    let _ = write!(self.out, "<td{}>{cell}</td>", class(index));
                }
            }
            self.out.push_str("</tr>\n");
        }
        self.out.push_str("</tbody>\n");
    }

    /// A matrix of figures, each shaded by its part of a hundred; the last row stands apart.
    pub(crate) fn matrix(&mut self, head: &[String], rows: &[Vec<(String, u32)>]) {
        self.out.push_str("<div class=\"wide\"><table>\n<thead><tr>");
        for (index, title) in head.iter().enumerate() {
            let class = if index == 0 { "" } else { " class=\"n\"" };
            let _ = write!(self.out, "<th scope=\"col\"{class}>{}</th>", escaped(title));
        }
        self.out.push_str("</tr></thead>\n<tbody>\n");
        for (at, row) in rows.iter().enumerate() {
            self.out.push_str(if at + 1 == rows.len() { "<tr class=\"net\">" } else { "<tr>" });
            for (index, (cell, part)) in row.iter().enumerate() {
                let cell = escaped(cell);
                let _ = match (index, part) {
                    (0, _) => write!(self.out, "<th scope=\"row\">{cell}</th>"),
                    (_, 0) => write!(self.out, "<td class=\"n\">{cell}</td>"),
                    (_, part) => {
                        write!(self.out, "<td class=\"n\" style=\"--p:{part}\">{cell}</td>")
                    }
                };
            }
            self.out.push_str("</tr>\n");
        }
        self.out.push_str("</tbody>\n</table></div>\n");
    }

    pub(crate) fn chart(&mut self, chart: &Chart) {
        let _ = write!(
            self.out,
            "<figure>\n<figcaption>{} <span>{}</span></figcaption>\n",
            escaped(&chart.title),
            escaped(&chart.measured)
        );
        self.key(&chart.key);
        let label = format!("{}. {}", chart.title, chart.told);
        for (index, sketch) in chart.sketches.iter().enumerate() {
            let class = match (chart.sketches.len(), index) {
                (1, _) => "chart",
                (_, 0) => "chart broad",
                (_, _) => "chart narrow",
            };
            self.drawn += 1;
            self.out.push_str(&sketch.svg(class, &escaped(&label), self.drawn));
            self.out.push('\n');
        }
        if !chart.table.rows.is_empty() {
            self.out.push_str(
                "<details><summary>The figures as a table</summary><div class=\"wide\"><table>\n",
            );
            self.rows(&chart.table);
            self.out.push_str("</table></div></details>\n");
        }
        self.out.push_str("</figure>\n");
    }

    pub(crate) fn finish(mut self, foot: &str) -> String {
        let _ = write!(
            self.out,
            "</main>\n<footer><p class=\"note\">{}</p></footer>\n</body>\n</html>\n",
            escaped(foot)
        );
        self.out
    }
}

fn sign(keyed: &Keyed) -> String {
    let colour = keyed.colour;
    let shape = match keyed.sign {
        Sign::Fill => {
            format!("<rect x=\"2\" y=\"1\" width=\"20\" height=\"10\" fill=\"{colour}\"/>")
        }
        Sign::Line(dashes) => format!(
            "<line x1=\"0\" y1=\"6\" x2=\"24\" y2=\"6\" stroke=\"{colour}\" stroke-width=\"2.5\" stroke-dasharray=\"{dashes}\"/>"
        ),
        Sign::Diamond => {
            format!("<path d=\"M12 0L18 6L12 12L6 6Z\" fill=\"{colour}\" stroke=\"var(--paper)\"/>")
        }
        Sign::Circle => {
            format!(
                "<circle cx=\"12\" cy=\"6\" r=\"5\" fill=\"{colour}\" stroke=\"var(--paper)\"/>"
            )
        }
        Sign::Interval => format!(
            "<path d=\"M1 6H23M1 2V10M23 2V10\" stroke=\"{colour}\" stroke-width=\"1.5\" fill=\"none\"/><rect x=\"9\" y=\"3\" width=\"6\" height=\"6\" fill=\"{colour}\"/>"
        ),
    };
    format!("<svg viewBox=\"0 0 24 12\" aria-hidden=\"true\">{shape}</svg>")
}
