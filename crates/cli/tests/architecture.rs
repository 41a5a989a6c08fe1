//! The arrows between crates point one way, and the core reads no clock, file or environment.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which crates of the workspace each may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("terms", &["base"]),
    ("fleet", &["base"]),
    ("lang", &["base", "terms", "fleet", "ingest"]),
    ("lsp", &["terms", "lang"]),
    ("cluster", &[]),
    ("placement", &["base", "fleet", "cluster"]),
    ("faults", &["base", "fleet"]),
    ("settlement", &["base", "terms"]),
    ("ingest", &["base", "settlement"]),
    ("columnar", &[]),
    ("bulk", &["settlement", "ingest", "columnar"]),
    ("export", &["base"]),
    ("picture", &["base"]),
    ("statement", &["base", "terms", "settlement"]),
    ("proof", &["base", "terms"]),
    ("replay", &["base", "terms", "fleet", "faults", "ingest", "placement", "settlement"]),
    ("price", &["base", "terms", "fleet", "placement", "settlement", "replay"]),
    (
        "cli",
        &[
            "base",
            "terms",
            "lang",
            "fleet",
            "placement",
            "settlement",
            "proof",
            "replay",
            "price",
            "lsp",
            "ingest",
            "columnar",
            "bulk",
            "export",
            "statement",
            "picture",
        ],
    ),
];

/// What reads formats: crates that placement and settlement never compile.
const PARSERS: [&str; 8] =
    ["granit-parser", "serde-saphyr", "serde_json", "csv", "toml", "comity-lang", "serde", "clap"];

type Graph = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the workspace can be read")
}

fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("the workspace can be read");
    let text = String::from_utf8(output.stdout).expect("the workspace can be read");
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("the workspace can be read")
        .to_owned()
}

/// Every package with those that it is compiled with; those of its tests do not count.
fn graph() -> Graph {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline"])
        // Packages for other platforms need not have been fetched.
        .args(["--filter-platform", &host()])
        .current_dir(root())
        .output()
        .expect("the workspace can be read");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value =
        serde_json::from_slice(&output.stdout).expect("the workspace can be read");
    let text = |value: &Value| value.as_str().expect("the workspace can be read").to_owned();
    let names: BTreeMap<String, String> = metadata["packages"]
        .as_array()
        .expect("the workspace can be read")
        .iter()
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let mut graph = Graph::new();
    for node in metadata["resolve"]["nodes"].as_array().expect("the workspace can be read") {
        let normal = |dep: &&Value| {
            dep["dep_kinds"]
                .as_array()
                .expect("the workspace can be read")
                .iter()
                .any(|kind| kind["kind"].is_null())
        };
        let deps =
            node["deps"].as_array().expect("the workspace can be read").iter().filter(normal);
        let deps = deps.map(|dep| names[&text(&dep["pkg"])].clone()).collect();
        graph.insert(names[&text(&node["id"])].clone(), deps);
    }
    graph
}

/// Everything that a package is compiled with, directly or through others.
fn closure(graph: &Graph, of: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left = vec![of.to_owned()];
    while let Some(name) = left.pop() {
        for dep in graph.get(&name).into_iter().flatten() {
            if found.insert(dep.clone()) {
                left.push(dep.clone());
            }
        }
    }
    found
}

/// Every arrow between crates of the workspace that is not allowed, and every parser that
/// placement or settlement is compiled with.
fn forbidden(graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for (name, deps) in graph.iter().filter(|(name, _)| name.starts_with("comity-")) {
        let short = name.trim_start_matches("comity-");
        let Some((_, allowed)) = ARROWS.iter().find(|(crate_name, _)| *crate_name == short) else {
            found.push(format!("{name} has no place in the table of arrows"));
            continue;
        };
        for dep in deps.iter().filter_map(|dep| dep.strip_prefix("comity-")) {
            if !allowed.contains(&dep) {
                found.push(format!("{short} -> {dep}"));
            }
        }
    }
    for (name, deps) in graph.iter().filter(|(name, _)| *name != "comity-picture") {
        if deps.contains("kuva") {
            found.push(format!("{name} compiles the charting library"));
        }
    }
    for core in ["comity-placement", "comity-settlement"] {
        let compiled = closure(graph, core);
        for parser in PARSERS.iter().filter(|parser| compiled.contains(**parser)) {
            found.push(format!("{core} compiles {parser}"));
        }
    }
    found
}

#[test]
fn dependencies_point_one_way() {
    let graph = graph();
    let ours = graph.keys().filter(|name| name.starts_with("comity-")).count();
    assert_eq!(ours, ARROWS.len(), "every crate of the workspace is in the table");
    assert_eq!(forbidden(&graph), Vec::<String>::new());
}

#[test]
fn a_forbidden_arrow_is_found() {
    let mut graph = graph();
    graph
        .get_mut("comity-terms")
        .expect("the workspace can be read")
        .insert("comity-lang".to_owned());
    graph
        .get_mut("comity-base")
        .expect("the workspace can be read")
        .insert("granit-parser".to_owned());
    graph.get_mut("comity-cli").expect("the workspace can be read").insert("kuva".to_owned());
    let found = forbidden(&graph);
    for arrow in [
        "terms -> lang",
        "comity-placement compiles granit-parser",
        "comity-cli compiles the charting library",
    ] {
        assert!(found.iter().any(|it| it == arrow), "{arrow} in {found:?}");
    }
}

/// Words that only the edge may use. Clippy bans them too, by `clippy.toml`; this holds where a
/// lint is switched off.
const EDGE_ONLY: [&str; 9] = [
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "SystemTime",
    "std::time::Instant",
    "HashMap",
    "println!",
    "rand::rng",
];

#[test]
fn the_core_reads_no_clock_file_or_environment() {
    let mut seen = 0;
    for (name, _) in ARROWS.iter().filter(|(name, _)| *name != "cli") {
        let mut folders = vec![root().join("crates").join(name).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("the workspace can be read") {
                let path = entry.expect("the workspace can be read").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                seen += 1;
                let text = fs::read_to_string(&path).expect("the workspace can be read");
                let code = text.split("#[cfg(test)]").next().expect("the workspace can be read");
                for (number, line) in code.lines().enumerate() {
                    let line = line.split("//").next().expect("the workspace can be read");
                    let word = EDGE_ONLY.iter().find(|word| line.contains(**word));
                    assert!(word.is_none(), "{}:{}: {word:?}", path.display(), number + 1);
                }
            }
        }
    }
    assert!(seen > 30, "the sources were found");
}
