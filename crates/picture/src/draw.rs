//! The charting library, set up for the page: its colours are the page's own, so that one drawing
//! is right in the light, in the dark and on paper.

use std::sync::Arc;

use kuva::AxisLabelOverlap;
use kuva::backend::svg::SvgBackend;
use kuva::prelude::{Layout, Plot, Theme, TickFormat};
use kuva::render::render::render_multiple;

use crate::html::is_lost;

/// Colours of the page, told apart also by those who see fewer of them; in the order of use.
pub(crate) const COLOURS: [&str; 7] =
    ["var(--c0)", "var(--c1)", "var(--c2)", "var(--c3)", "var(--c4)", "var(--c5)", "var(--c6)"];

/// The colour of what is put together because there is too much of it.
pub(crate) const REST: &str = "var(--c7)";
/// The colour of text and of marks over areas.
pub(crate) const INK: &str = "var(--ink)";
/// The colour behind everything.
pub(crate) const PAPER: &str = "var(--paper)";

/// Dashes by which lines are told apart without their colours, in the order of use.
pub(crate) const DASHES: [&str; 5] = ["", "7 3", "2 3", "9 3 2 3", "14 4"];

/// How wide a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breadth {
    /// Over the whole page.
    Whole,
    /// Beside another, or over a narrow page.
    Half,
    /// Over a telephone.
    Narrow,
}

impl Breadth {
    pub(crate) fn pixels(self) -> u32 {
        match self {
            Self::Whole => 1_000,
            Self::Half => 470,
            Self::Narrow => 360,
        }
    }

    /// The longest name that leaves room for a chart beside it.
    pub(crate) fn letters(self) -> usize {
        match self {
            Self::Whole => 34,
            Self::Half => 22,
            Self::Narrow => 20,
        }
    }

    /// About how many marks an axis of time has room for.
    pub(crate) fn marks(self) -> i64 {
        match self {
            Self::Whole => 10,
            Self::Half => 5,
            Self::Narrow => 4,
        }
    }
}

/// What the library drew, without the tag around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sketch {
    width: u32,
    height: u32,
    inside: String,
}

/// Draws plots in one frame.
pub(crate) fn sketch(
    plots: Vec<Plot>,
    (breadth, height): (Breadth, u32),
    set: impl FnOnce(Layout) -> Layout,
) -> Sketch {
    let width = breadth.pixels();
    let mut layout = Layout::auto_from_plots(&plots)
        .with_width(f64::from(width))
        .with_height(f64::from(height))
        .with_theme(theme())
        .with_tick_size(12)
        .with_label_size(12)
        .with_body_size(12)
        .with_grid_line_width(0.7)
        .with_x_label_overlap(AxisLabelOverlap::Thin)
        .with_x_tick_format(TickFormat::Custom(Arc::new(crate::number::tick)))
        .with_y_tick_format(TickFormat::Custom(Arc::new(crate::number::tick)));
    layout.show_legend = false;
    // Titles stand beside the drawing, so only the marks need room.
    layout.force_margin_top = Some(8.0);
    layout.force_margin_bottom = Some(30.0);
    let scene = render_multiple(plots, set(layout));
    let svg = SvgBackend::new().render_scene(&scene);
    // The library's own tag names a size in pixels; the page has its own, which scales.
    let inside = svg.split_once('>').map_or("", |(_, rest)| rest);
    let inside = shortened(inside.trim_end().trim_end_matches("</svg>"));
    Sketch { width, height, inside }
}

/// Paths with three digits behind the point at most: more cannot be seen.
fn shortened(svg: &str) -> String {
    let mut out = String::with_capacity(svg.len());
    for (index, piece) in svg.split(" d=\"").enumerate() {
        if index == 0 {
            out.push_str(piece);
            continue;
        }
        let (path, rest) = piece.split_once('"').unwrap_or((piece, ""));
        out.push_str(" d=\"");
        let mut behind = None;
        for letter in path.chars() {
            behind = match (letter, behind) {
                ('.', _) => Some(0),
                ('0'..='9', Some(digits)) => Some(digits + 1),
                ('0'..='9', None) | (_, _) => None,
            };
            if behind.is_none_or(|digits| digits <= 3) {
                out.push(letter);
            }
        }
        out.push('"');
        out.push_str(rest);
    }
    out
}

impl Sketch {
    /// The drawing as a part of a page, as its `number`th: names that must be unique in a page
    /// follow the number and not what the library has drawn before.
    pub(crate) fn svg(&self, class: &str, label: &str, number: usize) -> String {
        let mut inside = String::with_capacity(self.inside.len());
        for (index, piece) in self.inside.split("kuva-clip-").enumerate() {
            if index == 0 {
                inside.push_str(piece);
                continue;
            }
            inside.push_str(&format!("clip-{number}"));
            inside.push_str(piece.trim_start_matches(|it: char| it.is_ascii_digit()));
        }
        format!(
            "<svg class=\"{class}\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{label}\" fill=\"{INK}\">{inside}</svg>",
            self.width, self.height
        )
    }
}

/// A name as the library shows it: as it is, without the formulas that it knows, and with what is
/// in its middle left out where it is too long, as names often differ only at their ends.
pub(crate) fn label(name: &str, letters: usize) -> String {
    let all: Vec<char> = name.chars().map(|it| if is_lost(it) { ' ' } else { it }).collect();
    let shown: String = if all.len() > letters {
        let tail = letters.saturating_sub(1) * 2 / 5;
        let head = letters.saturating_sub(1 + tail);
        let (head, tail) = (&all[..head], &all[all.len() - tail..]);
        head.iter().chain(&['…']).chain(tail).collect()
    } else {
        all.into_iter().collect()
    };
    shown.replace('$', "\\$")
}

/// The colour of a series by its place.
pub(crate) fn colour(index: usize) -> &'static str {
    COLOURS.get(index).copied().unwrap_or(REST)
}

fn theme() -> Theme {
    let soft = || "var(--soft)".to_owned();
    let rule = || "var(--rule)".to_owned();
    Theme {
        background: "none".to_owned(),
        axis_color: soft(),
        grid_color: rule(),
        tick_color: soft(),
        text_color: INK.to_owned(),
        legend_bg: PAPER.to_owned(),
        legend_border: rule(),
        pie_leader: soft(),
        box_median: PAPER.to_owned(),
        violin_border: soft(),
        colorbar_border: soft(),
        font_family: None,
        show_grid: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_are_shortened() {
        let svg = "<path d=\"M 1.23456 -7 L8.5,9.12399Z\" /><text>1.23456</text>";
        assert_eq!(shortened(svg), "<path d=\"M 1.234 -7 L8.5,9.123Z\" /><text>1.23456</text>");
    }

    #[test]
    fn names_are_cut_and_never_formulas() {
        assert_eq!(label("abilene", 14), "abilene");
        assert_eq!(label("a very long name of a site", 14), "a very l… site");
        assert_eq!(label("$x_1$", 14), "\\$x_1\\$");
        assert_eq!(label("a\u{1}b", 14), "a b");
    }
}
