//! `comity read`: the deal in plain English.

use comity_base::{Instant, Known};
use comity_terms::{AsOf, Paragraph, prose};

use crate::args::ReadArgs;
use crate::clock::now;
use crate::commands::Outcome;
use crate::load::load;
use crate::status;

/// How many letters a line has at most.
const WIDTH: usize = 92;

pub(crate) fn run(args: &ReadArgs) -> Outcome {
    let loaded = load(&args.deal)?;
    anstream::print!("{}", page(&prose(&loaded.deal, as_of(args)?)));
    Ok(status::CLEAN)
}

/// The dates asked for; every one that is no date is reported at once.
fn as_of(args: &ReadArgs) -> Result<AsOf, String> {
    let date = |text: &Option<String>| text.as_deref().map(Instant::parse).transpose();
    match (date(&args.at), date(&args.known)) {
        (Ok(at), Ok(known)) => Ok(AsOf { at, known: Known(known.unwrap_or_else(now)) }),
        (at, known) => {
            let problems: Vec<String> =
                [at, known].into_iter().filter_map(|it| Some(it.err()?.to_string())).collect();
            Err(problems.join("\nerror: "))
        }
    }
}

/// The document as lines of text. Entries that have a line of their own below them, with id and
/// basis, stand apart; others stand close.
fn page(paragraphs: &[Paragraph]) -> String {
    let mut out = String::new();
    let mut close = false;
    for paragraph in paragraphs {
        let bare = matches!(paragraph, Paragraph::Item { note, .. } if note.is_empty());
        let stands_close = close && bare;
        if !out.is_empty() && !stands_close {
            out.push('\n');
        }
        close = bare;
        match paragraph {
            Paragraph::Title(text) => wrap(&text.to_uppercase(), "", "", &mut out),
            Paragraph::Heading(text) => {
                out.push('\n');
                wrap(&text.to_uppercase(), "", "", &mut out);
            }
            Paragraph::Subheading(text) => {
                wrap(text, "", "", &mut out);
                out.push_str(&"-".repeat(text.chars().count().min(WIDTH)));
                out.push('\n');
            }
            Paragraph::Text(text) => wrap(text, "", "", &mut out),
            Paragraph::Item { text, note } => {
                wrap(text, "  - ", "    ", &mut out);
                if !note.is_empty() {
                    wrap(note, "    ", "    ", &mut out);
                }
            }
        }
    }
    out
}

/// Adds the text in lines of at most `WIDTH` letters, the first of them behind `first` and all
/// others behind `rest`. A number keeps its unit with it; a word that is longer than a line
/// stands alone.
pub(crate) fn wrap(text: &str, first: &str, rest: &str, out: &mut String) {
    let mut line = first.to_owned();
    let mut bare = true;
    for word in glued(text) {
        let length = line.chars().count() + word.chars().count() + usize::from(!bare);
        if length > WIDTH && !bare {
            out.push_str(&line);
            out.push('\n');
            line = rest.to_owned();
            bare = true;
        }
        if !bare {
            line.push(' ');
        }
        line.push_str(&word);
        bare = false;
    }
    out.push_str(&line);
    out.push('\n');
}

/// The words of a text, those that belong together as one: `USD 38 billion`, `20 %`.
fn glued(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let last = words.last().map_or("", String::as_str);
        let amount = last.ends_with(|c: char| c.is_ascii_digit())
            && ["%", "GW", "MW", "kW", "million", "billion"]
                .contains(&word.trim_end_matches(['.', ',', ';']));
        let currency = last.len() == 3
            && last.bytes().all(|c| c.is_ascii_uppercase())
            && word.starts_with(|c: char| c.is_ascii_digit());
        match words.last_mut() {
            Some(last) if amount || currency => {
                last.push(' ');
                last.push_str(word);
            }
            Some(_) | None => words.push(word.to_owned()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_between_words_and_not_inside_amounts() {
        let text = format!("{} USD 38 billion and 20 %, in all", "word ".repeat(16));
        let mut out = String::new();
        wrap(&text, "- ", "  ", &mut out);
        assert_eq!(
            out,
            format!("- {}\n  USD 38 billion and 20 %, in all\n", "word ".repeat(16).trim_end())
        );
        let long = "x".repeat(200);
        let mut out = String::new();
        wrap(&format!("a {long} b"), "", "  ", &mut out);
        assert_eq!(out, format!("a\n  {long}\n  b\n"));
    }
}
