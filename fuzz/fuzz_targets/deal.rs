//! Reading the files of a deal gives a deal, or reasons at places that there are.

#![no_main]

use comity_lang::{Outline, Place, Source, complete, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let sources = comity_fuzz::files(text);
    if let Err(found) = read(&sources) {
        assert!(!found.is_empty(), "a refusal without a reason");
        for diagnostic in &found {
            let places = diagnostic.also.iter().map(|(place, _)| place);
            for place in std::iter::once(&diagnostic.place).chain(places) {
                there(place, &sources);
            }
        }
    }
    let outline = Outline::of(&sources);
    if let Some(word) = outline.words.get(text.len() % outline.words.len().max(1)) {
        let _ = complete(&sources, &word.place.position);
    }
});

fn there(place: &Place, sources: &[Source]) {
    let position = &place.position;
    // A deal without files has no place.
    let Some(source) = sources.iter().find(|source| source.path == position.file) else {
        assert!(sources.iter().all(Source::is_text), "no such file: {position}");
        return;
    };
    let number = |value: u32| usize::try_from(value).unwrap();
    let line = source.text.split('\n').nth(number(position.line) - 1).expect("the line is there");
    assert!(number(position.column) <= line.chars().count() + 1, "no such column: {position}");
}
