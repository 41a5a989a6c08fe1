//! How errors and problems look on a terminal.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use comity_lang::{Diagnostic, Place, Source};

use crate::load::{LoadError, counted};

/// Prints to standard output, all of it or an error; a reader that has seen enough is none.
pub(crate) fn print(text: &str) -> Result<(), std::io::Error> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints an error with its causes; for a deal with problems, every one of them.
pub(crate) fn error(error: &(dyn Error + 'static)) {
    if let Some(LoadError::Problems { unreadable, sources, diagnostics }) = error.downcast_ref() {
        for error in unreadable {
            anstream::eprintln!("error: {}\n", chain(error));
        }
        anstream::eprintln!("{}", diagnostics_text(sources, diagnostics, &Renderer::styled()));
    }
    anstream::eprintln!("error: {}", chain(error));
}

/// An error with its causes in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    text
}

/// How many problems are shown: more than a reader takes in at once.
const SHOWN_MAX: usize = 500;
/// The longest excerpt, bytes; where lines are longer, only the place is named.
const EXCERPT_BYTES_MAX: usize = 16 << 10;

/// Every problem with file, line, column, excerpt and help, but for those after the first few
/// hundred, whose number is said.
pub(crate) fn diagnostics_text(
    sources: &[Source],
    diagnostics: &[Diagnostic],
    renderer: &Renderer,
) -> String {
    let renderer = renderer.clone().decor_style(DecorStyle::Ascii);
    let texts: BTreeMap<&str, Lines<'_>> =
        sources.iter().map(|source| (&*source.path, Lines::of(&source.text))).collect();
    let mut text = String::new();
    for diagnostic in diagnostics.iter().take(SHOWN_MAX) {
        text.push_str(&renderer.render(&[group(&texts, diagnostic)]));
        text.push_str("\n\n");
    }
    if let Some(more) = diagnostics.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
        let more = counted(more, "more problem", "more problems");
        text.push_str(&format!("... and {more}, not shown: mend these first\n"));
    }
    text
}

/// A text with where its lines begin.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// The byte at which a line begins, from 0; the end where there is none.
    fn start(&self, line: usize) -> usize {
        self.starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// The bytes of a place.
    fn span(&self, place: &Place) -> Range<usize> {
        let number = |value: u32| usize::try_from(value).unwrap_or(1);
        let start = self.start(line(place));
        let rest = self.text[start..].split('\n').next().unwrap_or("");
        let byte = |chars: usize| rest.char_indices().nth(chars).map_or(rest.len(), |(at, _)| at);
        let column = number(place.position.column).saturating_sub(1);
        start + byte(column)..start + byte(column.saturating_add(number(place.length)))
    }
}

/// The line of a place, from 0.
fn line(place: &Place) -> usize {
    usize::try_from(place.position.line).unwrap_or(1).saturating_sub(1)
}

fn group<'a>(texts: &BTreeMap<&str, Lines<'a>>, diagnostic: &'a Diagnostic) -> Group<'a> {
    let mut group = Group::with_title(Level::ERROR.primary_title(diagnostic.title.as_str()));
    let primary = (&diagnostic.place, diagnostic.label.as_deref());
    let also = diagnostic.also.iter().map(|(place, text)| (place, Some(text.as_str())));
    let mut files: Vec<(&str, Vec<Mark<'_>>)> = Vec::new();
    for (index, (place, label)) in std::iter::once(primary).chain(also).enumerate() {
        let mark = Mark { place, label, primary: index == 0 };
        let path = &*place.position.file;
        match files.iter_mut().find(|(other, _)| *other == path) {
            Some((_, marks)) => marks.push(mark),
            None => files.push((path, vec![mark])),
        }
    }
    for (path, marks) in files {
        let Some(lines) = texts.get(path) else { continue };
        if let Some(snippet) = excerpt(lines, &marks) {
            group = group.element(snippet.path(path));
            continue;
        }
        // Marks that are far from each other are shown one by one.
        for mark in &marks {
            group = match excerpt(lines, std::slice::from_ref(mark)) {
                Some(snippet) => group.element(snippet.path(path)),
                None => group.element(origin(path, mark)),
            };
        }
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

/// A place that is marked in an excerpt.
struct Mark<'a> {
    place: &'a Place,
    label: Option<&'a str>,
    primary: bool,
}

/// The lines from the first to the last mark, unless they are too long.
fn excerpt<'a>(
    lines: &Lines<'a>,
    marks: &[Mark<'a>],
) -> Option<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let first = marks.iter().map(|mark| line(mark.place)).min()?;
    let last = marks.iter().map(|mark| line(mark.place)).max()?;
    let (start, end) = (lines.start(first), lines.start(last + 1));
    let text = lines.text.get(start..end).filter(|text| text.len() <= EXCERPT_BYTES_MAX)?;
    let mut snippet = Snippet::source(text).line_start(first + 1);
    for Mark { place, label, primary } in marks {
        let kind = if *primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let span = lines.span(place);
        let mut annotation = kind.span(span.start - start..span.end - start);
        if let Some(label) = label {
            annotation = annotation.label(*label);
        }
        snippet = snippet.annotation(annotation);
    }
    Some(snippet)
}

/// A place by its numbers only.
fn origin<'a>(path: &'a str, mark: &Mark<'_>) -> Origin<'a> {
    let column = usize::try_from(mark.place.position.column).unwrap_or(1);
    Origin::path(path).line(line(mark.place) + 1).char_column(column)
}
