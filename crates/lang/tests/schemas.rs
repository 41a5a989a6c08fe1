//! The published JSON Schemas: what they are made from, that they hold for every file of the
//! project, and what an editor marks by them.

#[path = "common/files.rs"]
mod files;
#[path = "common/yaml.rs"]
mod yaml;

use comity_lang::{FileKind, json_schema};
use jsonschema::Validator;
use serde_json::Value;

use files::{deal, here, text};

const FOLDERS: [&str; 6] = [
    "tests/deals/minimal",
    "../../deals/stargate",
    "../../deals/condo",
    "../../deals/consortium",
    "../../deals/lease",
    "../../deals/cloud-commitment",
];

fn schema(kind: FileKind) -> Value {
    serde_json::from_str(&json_schema(kind)).expect("a schema is JSON")
}

fn validator(kind: FileKind) -> Validator {
    jsonschema::draft202012::new(&schema(kind)).expect("a schema is valid")
}

fn kind_of(text: &str) -> FileKind {
    let word = text.lines().find_map(|line| line.strip_prefix("kind: ")).expect("a kind");
    let kind = FileKind::ALL.into_iter().find(|kind| kind.name() == word);
    kind.unwrap_or_else(|| panic!("`{word}` is not a kind of file"))
}

#[test]
fn published_schemas_are_those_of_the_grammar() {
    for kind in FileKind::ALL {
        let path = here("../../schemas").join(format!("{}.schema.json", kind.name()));
        let fresh = text(&path) == json_schema(kind);
        assert!(fresh, "{}: run `comity schema --out schemas`", path.display());
    }
}

#[test]
fn schemas_are_draft_2020_12() {
    for kind in FileKind::ALL {
        let schema = schema(kind);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        if let Err(error) = jsonschema::draft202012::meta::validate(&schema) {
            panic!("{}: {error}", kind.name());
        }
    }
}

#[test]
fn schemas_hold_for_every_file() {
    for source in FOLDERS.into_iter().flat_map(deal).filter(|source| !source.is_text()) {
        let kind = kind_of(&source.text);
        let validator = validator(kind);
        let value = yaml::json(&source.text);
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", source.path);
    }
}

/// Whether the schema takes the small deal's file after one text in it became another.
fn check(path: &str, from: &str, to: &str, taken: bool) {
    let source = deal(FOLDERS[0]).into_iter().find(|source| *source.path == *path);
    let source = source.unwrap_or_else(|| panic!("no file `{path}`"));
    assert!(source.text.contains(from), "`{from}` is not in `{path}`");
    let kind = kind_of(&source.text);
    let value = yaml::json(&source.text.replacen(from, to, 1));
    assert_eq!(validator(kind).is_valid(&value), taken, "{path}: `{from}` to `{to}`");
}

#[test]
fn schemas_refuse_what_the_checks_refuse() {
    for (path, from, to) in [
        ("deal.yaml", "kind: deal", "kind: parties"),
        ("deal.yaml", "rounding: half-even\n", ""),
        ("deal.yaml", "rounding: half-even", "rounding: bankers"),
        ("deal.yaml", "rounding:", "roundign:"),
        ("deal.yaml", "name: Minimal", "name: \" \""),
        ("deal.yaml", "name: Minimal", "name:"),
        ("deal.yaml", "name: Minimal", "name: 2025"),
        ("v1.yaml", "id: report-2024", "id: 1"),
        ("deal.yaml", "code: USD", "code: usd"),
        ("deal.yaml", "digits: 2", "digits: 7"),
        ("deal.yaml", "{event: The goal was met.}", "{event: The goal was met., state: It is.}"),
        ("parties.yaml", "  alpha:", "  Alpha:"),
        ("parties.yaml", "  gamma:", "  any:"),
        ("v1.yaml", "  - duty:", "  - promise:"),
        ("v1.yaml", "rate: 20 %", "rate: 120 %"),
        ("v1.yaml", "rate: 20 %", "rate: 100.5 %"),
        ("v1.yaml", "rate: 20 %", "rate: 0.2"),
        ("v1.yaml", "action: build", "action: []"),
        ("v1.yaml", "cap: {total: 1 billion, paid-before: 1_000.50}", "cap:"),
        ("v1.yaml", "total: 1 billion", "total: 1 trillion"),
        ("v1.yaml", "total: 1 billion", "total: -1"),
        ("v1.yaml", "total: 1 billion", "total: _1"),
        ("v1.yaml", "executed: 2024-01-01", "executed: January 2024"),
        ("v2.yaml", "for: alpha", "for: []"),
        ("v2.yaml", "{all-but: beta}", "{but: beta}"),
        ("v2.yaml", "election-days: 30", "election-days: 0"),
        ("v2.yaml", "funds: true", "funds: maybe"),
        ("sites.yaml", "gpus: 1_000", "gpus: many"),
        ("sites.yaml", "gpus: 1_000", "gpus: 1.5"),
        ("sites.yaml", "    phases:", "    nodes: {gpus-per-node: 0}\n    phases:"),
        ("sites.yaml", "    phases:", "    nodes: {nodes-per-rack: 9}\n    phases:"),
        ("sites.yaml", "    phases:", "    maintenance: [{from: 2025-01-01}]\n    phases:"),
        ("sites.yaml", "    phases:", "    faults: {per-node-year: 1.5}\n    phases:"),
        ("rates.yaml", "price: 15.00", "price: -15"),
        ("workload.yaml", "seed: 7", "seed: -7"),
        ("workload.yaml", "{gpus: 8, weight: 1}", "{gpus: 0, weight: 1}"),
        ("workload.yaml", "{gpus: 8, weight: 1}", "{gpus: 0.0, weight: 1}"),
        ("workload.yaml", "{gpus: 8, weight: 1}", "{gpus: 1.5, weight: 1}"),
        ("workload.yaml", "{gpus: 8, weight: 1}", "{gpus: -0.5, weight: 1}"),
        ("workload.yaml", "{gpus: 8, weight: 1}", "{gpus: half, weight: 1}"),
    ] {
        check(path, from, to, false);
    }
}

#[test]
fn schemas_take_every_way_to_write_a_value() {
    for (path, from, to) in [
        ("v1.yaml", "rate: 20 %", "rate: 100 %"),
        ("v1.yaml", "rate: 20 %", "rate: 36.5%"),
        ("v1.yaml", "total: 1 billion", "total: 1_000_000_000"),
        ("v1.yaml", "total: 1 billion", "total: 1000000000"),
        ("v1.yaml", "total: 1 billion", "total: 22.4 billion"),
        ("v1.yaml", "executed: 2024-01-01", "executed: 2024-01-01T09:00:00Z"),
        ("v2.yaml", "actor: {all-but: beta}", "actor: any"),
        ("v2.yaml", "actor: {all-but: beta}", "actor: [alpha, beta]"),
        ("v2.yaml", "ends: report-2024", "ends: []"),
        ("record.yaml", "holds: yes", "holds: true"),
        ("sites.yaml", "gpus: 1_000", "gpus: 1000"),
        ("sites.yaml", "    phases:", "    nodes: {gpus-per-node: 8}\n    phases:"),
        ("rates.yaml", "price: 15.00", "price: 1_500.25"),
        ("workload.yaml", "seed: 7", "seed: 18446744073709551615"),
        ("workload.yaml", "{gpus: 8, weight: 1}", "{gpus: 1_024, weight: 1}"),
        ("workload.yaml", "{gpus: 8, weight: 1}", "{gpus: 0.25, weight: 1}"),
        ("workload.yaml", "{gpus: 8, weight: 1}", "{gpus: \"0.125\", weight: 1}"),
    ] {
        check(path, from, to, true);
    }
}
