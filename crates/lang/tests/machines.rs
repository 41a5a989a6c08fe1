//! What a file says of a site's machines is what the fleet has, in the order of the grammar.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[path = "common/files.rs"]
mod files;

use comity_base::{Instant, SiteId, Window};
use comity_fleet::{Before, FaultModel, Maintenance, Nodes, Quantile, Site, Source};
use comity_lang::{format, read};

const MACHINES: &str = "    maintenance:
      - {from: 2025-03-01, to: 2025-03-02, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
      - {from: \"2025-04-01T06:00:00Z\", to: 2025-04-02, halls: [1, 7], basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
    faults:
      outage: [{share: 0 %, hours: 0.01}, {share: 97.5 %, hours: 80.5}, {share: 100 %, hours: 3_143}]
      basis: {phrase: 584 faults, source: a trace, date: 2025-02-01, status: derived}
      per-node-year: 1.557762
    nodes: {memory-gib: 2_048, gpus-per-node: 8, cpu-cores: 96, nodes-per-rack: 9, racks-per-hall: 2}
    phases:";

/// The small deal's site with these lines in front of its phases, and its file.
fn site(lines: &str) -> (Site, String) {
    let mut sources = files::deal("tests/deals/minimal");
    let file = sources.iter_mut().find(|source| *source.path == *"sites.yaml").unwrap();
    file.text = file.text.replacen("    phases:", lines, 1);
    let text = format(file).unwrap();
    let before = read(&sources).unwrap().fleet;
    let file = sources.iter_mut().find(|source| *source.path == *"sites.yaml").unwrap();
    file.text.clone_from(&text);
    let after = read(&sources).unwrap().fleet;
    assert_eq!(before, after, "formatting keeps the meaning");
    (before.site(&SiteId::new("hall").unwrap()).unwrap().clone(), text)
}

#[test]
fn machines_come_to_the_fleet() {
    let (site, text) = site(MACHINES);
    let nodes = Nodes {
        gpus_per_node: 8,
        nodes_per_rack: 9,
        racks_per_hall: Some(2),
        cpu_milli: Some(96_000),
        memory_mib: Some(2_048 * 1_024),
    };
    assert_eq!(site.nodes, Some(nodes));
    let quantile = |permille, seconds| Quantile { permille, seconds };
    let faults = FaultModel {
        per_node_year_millionths: 1_557_762,
        outage: vec![quantile(0, 36), quantile(975, 289_800), quantile(1_000, 11_314_800)],
        source: Source { source: "a trace".to_owned(), status: "derived".to_owned() },
    };
    assert_eq!(site.faults, Some(faults));
    let at = |text| Instant::parse(text).unwrap();
    let maintenance = |from, to, halls: &[u32]| Maintenance {
        window: Window::new(at(from), at(to)).unwrap(),
        halls: halls.to_vec(),
        before: Before::default(),
        source: Source { source: "b".to_owned(), status: "assumed".to_owned() },
    };
    assert_eq!(
        site.maintenance,
        [
            maintenance("2025-03-01", "2025-03-02", &[]),
            maintenance("2025-04-01T06:00:00Z", "2025-04-02", &[1, 7]),
        ]
    );
    // The canonical order is that of the grammar.
    let at = |key: &str| text.find(&format!("    {key}:")).unwrap();
    assert!(["phases", "nodes", "faults", "maintenance"].map(at).is_sorted(), "{text}");
}

#[test]
fn a_site_may_say_nothing_of_its_machines() {
    let (plain, _) = site("    phases:");
    assert_eq!((plain.nodes, plain.faults, plain.maintenance), (None, None, Vec::new()));
    let (least, _) = site("    nodes: {gpus-per-node: 8}\n    phases:");
    let nodes = Nodes {
        gpus_per_node: 8,
        nodes_per_rack: 1,
        racks_per_hall: None,
        cpu_milli: None,
        memory_mib: None,
    };
    assert_eq!(least.nodes, Some(nodes));
}
