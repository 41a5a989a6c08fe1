//! Runs the command as a user does: from the root of the repository.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the root is there")
}

/// What a run printed and how it ended.
pub(crate) struct Ran {
    /// The exit status.
    pub(crate) status: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// Runs `comity` with these words.
pub(crate) fn comity<'a>(words: impl IntoIterator<Item = &'a str>) -> Ran {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_comity"))
        .args(words)
        .current_dir(root())
        .env("NO_COLOR", "1")
        .output()
        .expect("the command runs");
    let text = |bytes| String::from_utf8(bytes).expect("the command prints text");
    Ran {
        status: status.code().expect("the command ends by itself"),
        out: text(stdout),
        err: text(stderr),
    }
}

#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
#[allow(dead_code, reason = "not every test reads traces")]
/// A trace or table of `shared/data`, if it is there; says so if not.
pub(crate) fn data(name: &str) -> Option<String> {
    let path = root().join("../shared/data").join(name);
    if path.exists() {
        return path.to_str().map(str::to_owned);
    }
    eprintln!("skipped: {name} is not there");
    None
}

#[allow(dead_code, reason = "not every test changes a deal")]
/// Copies a deal of the repository into a folder, where a test may change it.
pub(crate) fn copy(deal: &str, to: &Path) {
    fn files(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).expect("a folder can be made");
        for entry in std::fs::read_dir(from).expect("the deal is there") {
            let path = entry.expect("the deal is there").path();
            let target = to.join(path.file_name().expect("an entry has a name"));
            if path.is_dir() {
                files(&path, &target);
            } else {
                std::fs::copy(&path, &target).expect("a file can be copied");
            }
        }
    }
    files(&root().join("deals").join(deal), to);
}
