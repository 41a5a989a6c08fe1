//! How errors and problems look on a terminal.

use std::error::Error;
use std::io::Write as _;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use comity_lang::{Diagnostic, Place, Source};

use crate::load::LoadError;

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

/// Every problem with file, line, column, excerpt and help.
pub(crate) fn diagnostics_text(
    sources: &[Source],
    diagnostics: &[Diagnostic],
    renderer: &Renderer,
) -> String {
    let renderer = renderer.clone().decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for diagnostic in diagnostics {
        let group = group(sources, diagnostic);
        text.push_str(&renderer.render(&[group]));
        text.push_str("\n\n");
    }
    text
}

fn group<'a>(sources: &'a [Source], diagnostic: &'a Diagnostic) -> Group<'a> {
    let mut group = Group::with_title(Level::ERROR.primary_title(diagnostic.title.as_str()));
    let primary = (&diagnostic.place, diagnostic.label.as_deref());
    let also = diagnostic.also.iter().map(|(place, text)| (place, Some(text.as_str())));
    let mut snippets: Vec<(&Source, Snippet<'_, _>)> = Vec::new();
    for (index, (place, label)) in std::iter::once(primary).chain(also).enumerate() {
        let Some(source) = sources.iter().find(|source| source.path == place.position.file) else {
            continue;
        };
        let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let mut annotation = kind.span(span(&source.text, place));
        if let Some(label) = label {
            annotation = annotation.label(label);
        }
        let same = snippets.iter().position(|(other, _)| other.path == source.path);
        match same {
            Some(at) => {
                let (source, snippet) = snippets.remove(at);
                snippets.insert(at, (source, snippet.annotation(annotation)));
            }
            None => {
                let snippet = Snippet::source(source.text.as_str())
                    .path(&*source.path)
                    .annotation(annotation);
                snippets.push((source, snippet));
            }
        }
    }
    for (_, snippet) in snippets {
        group = group.element(snippet);
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

/// The bytes of a place in its text.
fn span(text: &str, place: &Place) -> Range<usize> {
    let line = usize::try_from(place.position.line).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(place.position.column).unwrap_or(1).saturating_sub(1);
    let length = usize::try_from(place.length).unwrap_or(1);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text[start..].split('\n').next().unwrap_or("");
    let byte = |chars: usize| rest.char_indices().nth(chars).map_or(rest.len(), |(at, _)| at);
    start + byte(column)..start + byte(column.saturating_add(length))
}
