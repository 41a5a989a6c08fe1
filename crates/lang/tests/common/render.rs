//! Diagnostics as the command line shows them, without colour. What it prints beside them is
//! tested there; this keeps the places, the labels and the help in sight.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use comity_lang::{Diagnostic, Place, Source};

/// Every diagnostic with its title, file, line, column, excerpt and help.
pub(crate) fn render(sources: &[Source], diagnostics: &[Diagnostic]) -> String {
    let renderer = Renderer::plain().decor_style(DecorStyle::Ascii);
    let texts = diagnostics.iter().map(|found| renderer.render(&[group(sources, found)]) + "\n");
    texts.collect::<Vec<String>>().join("\n")
}

fn group<'a>(sources: &'a [Source], diagnostic: &'a Diagnostic) -> Group<'a> {
    let mut group = Group::with_title(Level::ERROR.primary_title(diagnostic.title.as_str()));
    let primary = (&diagnostic.place, diagnostic.label.as_deref());
    let also = diagnostic.also.iter().map(|(place, text)| (place, Some(text.as_str())));
    let marks: Vec<_> = std::iter::once(primary).chain(also).collect();
    let mut files: Vec<&str> = Vec::new();
    for (place, _) in &marks {
        if !files.contains(&&*place.position.file) {
            files.push(&place.position.file);
        }
    }
    for file in files {
        let Some(source) = sources.iter().find(|source| &*source.path == file) else { continue };
        let mut snippet = Snippet::source(source.text.as_str()).path(file);
        for (index, (place, label)) in marks.iter().enumerate() {
            if &*place.position.file == file {
                let kind =
                    if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
                let annotation = kind.span(span(&source.text, place));
                snippet = snippet.annotation(match label {
                    Some(label) => annotation.label(*label),
                    None => annotation,
                });
            }
        }
        group = group.element(snippet);
    }
    let help = diagnostic.help.iter().map(|help| Level::HELP.message(help.as_str()));
    group.elements(help)
}

/// The bytes of a place in its text.
fn span(text: &str, place: &Place) -> Range<usize> {
    let number = |value: u32| usize::try_from(value).expect("a position fits");
    let line = number(place.position.line) - 1;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text[start..].split('\n').next().unwrap_or("");
    let byte = |chars: usize| rest.char_indices().nth(chars).map_or(rest.len(), |(at, _)| at);
    let column = number(place.position.column) - 1;
    start + byte(column)..start + byte(column + number(place.length))
}
