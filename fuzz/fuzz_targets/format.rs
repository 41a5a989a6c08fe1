//! Formatting a file that is in the form of its kind always has a text; a second time changes
//! nothing.

#![no_main]

use comity_lang::{Source, format, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let sources = comity_fuzz::files(text);
    let mut after = Vec::new();
    for source in &sources {
        let formatted = format(source);
        if let Some(text) = &formatted {
            let once = Source { path: source.path.clone(), text: text.clone() };
            assert_eq!(format(&once).as_ref(), Some(text), "a second time changes something");
        }
        let text = formatted.unwrap_or_else(|| source.text.clone());
        after.push(Source { path: source.path.clone(), text });
    }
    let problems = |sources: &[Source]| read(sources).err().map_or(0, |found| found.len());
    assert_eq!(problems(&sources) == 0, problems(&after) == 0, "a deal became another");
});
