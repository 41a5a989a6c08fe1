//! Whatever stands in a deal's files is diagnosed, and what is printed of it stays bounded.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::fs;
use std::path::PathBuf;

use common::{Ran, comity, root};

/// A deal of its own, in order, with some files put into it.
fn deal(name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("sources")).unwrap();
    let text = fs::read_to_string(root().join("docs/files.md")).unwrap();
    let block = text.split("```yaml\n# file: ").nth(1).unwrap().split("```").next().unwrap();
    for file in block.split("# file: ") {
        let (name, body) = file.split_once('\n').unwrap();
        fs::write(folder.join(name), body).unwrap();
    }
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
    folder
}

/// What `comity check` says of such a deal, with paths from its folder.
fn check(name: &str, files: &[(&str, &[u8])]) -> Ran {
    let folder = deal(name, files);
    let mut ran = comity(["check", folder.to_str().unwrap()]);
    ran.err = ran.err.replace(&format!("{}/", folder.display()), "");
    ran
}

/// It is refused, and says so.
fn refused(name: &str, files: &[(&str, &[u8])], says: &[&str]) -> Ran {
    let ran = check(name, files);
    assert_eq!(ran.status, 1, "{}", ran.err);
    for words in says {
        assert!(ran.err.contains(words), "{words} in\n{}", &ran.err[..ran.err.len().min(4_000)]);
    }
    // However much is wrong, a reader can page through what is said.
    assert!(ran.err.len() < 1_000_000, "{} bytes", ran.err.len());
    ran
}

#[test]
fn bytes_that_are_no_text_are_shown_by_place() {
    let says = "`parties.yaml` line 3 column 5: not UTF-8 text";
    refused(
        "bad-bytes",
        &[("parties.yaml", b"kind: parties\nparties:\n  \xc3\xa9\xff: {}\n")],
        &[says],
    );
    let text = "`sources/deed.txt` line 2 column 1: not UTF-8 text";
    refused("bad-text", &[("sources/deed.txt", b"ok\n\xff")], &[text]);
}

#[test]
fn marks_and_line_ends_of_other_systems_are_taken() {
    let folder = deal("other-systems", &[]);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = fs::read_to_string(&path).unwrap().replace('\n', "\r\n");
            fs::write(&path, format!("\u{feff}{text}")).unwrap();
        }
    }
    let ran = comity(["check", folder.to_str().unwrap()]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    // Formatting leaves neither of them.
    assert_eq!(comity(["format", folder.to_str().unwrap()]).status, 0);
    let text = fs::read_to_string(folder.join("parties.yaml")).unwrap();
    assert!(!text.contains('\r') && text.starts_with("kind: parties\n"), "{text:?}");
}

#[test]
fn control_characters_are_refused() {
    for (name, bytes) in [
        ("nul", b"kind: parties\nparties:\n  a\0: {name: A, role: r}\n".as_slice()),
        ("nul-in-text", b"kind: parties\nparties:\n  a: {name: \"A\0\", role: r}\n"),
        ("tab", b"kind: parties\nparties:\n\ta: {name: A, role: r}\n"),
    ] {
        refused(name, &[("more.yaml", bytes)], &["more.yaml:3:"]);
    }
}

#[test]
fn enormous_files_are_refused_unread() {
    let folder = deal("enormous", &[]);
    let file = fs::File::create(folder.join("huge.yaml")).unwrap();
    file.set_len(1 << 40).unwrap();
    let ran = comity(["check", folder.to_str().unwrap()]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("huge.yaml` is larger than"), "{}", ran.err);
}

#[test]
fn ten_thousand_errors_are_counted_and_the_first_are_shown() {
    let mut many = "kind: parties\nparties:\n".to_owned();
    for number in 0..10_000 {
        many.push_str(&format!("  party-{number}: {{name: P}}\n"));
    }
    let says = ["... and 9500 more problems", "error: the deal has 10000 problems", "more.yaml:3:"];
    let ran = refused("many-errors", &[("more.yaml", many.as_bytes())], &says);
    assert_eq!(ran.err.matches("missing key `role`").count(), 500);
    // The same on one line: places are named, and the line is not printed each time.
    let one = many.replace("parties:\n", "parties: {").replace("}\n", "}, ") + "}\n";
    let says = ["... and 9500 more problems", "more.yaml:2:"];
    refused("many-errors-one-line", &[("more.yaml", one.as_bytes())], &says);
}

#[test]
fn repeated_ids_that_lie_far_apart_are_both_shown() {
    let mut many = "kind: parties\nparties:\n".to_owned();
    for number in 0..5_000 {
        many.push_str(&format!("  party-{number}: {{name: P, role: r}}\n"));
    }
    many.push_str("  party-0: {name: P, role: r}\n");
    let says = ["key `party-0` is there twice", "more.yaml:5003:3", "more.yaml:3:3", "first here"];
    refused("far-apart", &[("more.yaml", many.as_bytes())], &says);
}
