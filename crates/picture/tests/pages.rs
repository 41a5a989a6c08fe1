//! The pages: well-formed, self-contained, the same each time, and whole with whatever is on them.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

use std::collections::BTreeSet;

use comity_base::{Currency, Instant, Money, Window};
use comity_picture::{
    AgreementLine, BurnLine, CommitmentMoved, CommitmentTurned, Compared, Estimate, Explaining,
    FlipMoved, Flipped, HoursMoved, MoneyMoved, Owing, PriceReport, PricedTerm, Queue,
    ReplayReport, Run, Served, SiteUse, Slots, Turn, VersionSpan, WaitMoved, Waits, price_page,
    replay_page,
};
use roxmltree::{Document, ParsingOptions};

const HOSTILE: &str = "<script>alert(\"x\")</script> & $x_1$ \u{1}";

fn period() -> Window {
    Window::new(Instant::parse("2025-11-01").unwrap(), Instant::parse("2025-12-01").unwrap())
        .unwrap()
}

fn usd() -> Currency {
    Currency::new("USD", 2).unwrap()
}

fn site(name: &str, gpus: i128) -> SiteUse {
    let windows = Slots::of(period()).windows();
    let level = |part: i128| -> Vec<i128> {
        windows.iter().map(|slot| 1_000 * gpus * i128::from(slot.seconds()) * part / 100).collect()
    };
    SiteUse {
        site: name.to_owned(),
        host: "Host".to_owned(),
        available: level(100),
        used: vec![("serving".to_owned(), level(40)), ("training".to_owned(), level(25))],
    }
}

fn queue(purpose: &str, waits: Vec<i64>) -> Queue {
    let windows = Slots::of(period()).windows();
    let waits = Waits::of(waits);
    Queue {
        purpose: purpose.to_owned(),
        waiting: windows.iter().map(|slot| i128::from(slot.seconds()) * 3).collect(),
        handed_in: waits.jobs + 2,
        waits,
        not_started: 2,
    }
}

fn owing(from: &str, to: &str, minor: i128) -> Owing {
    Owing {
        from: from.to_owned(),
        to: to.to_owned(),
        reason: "capacity".to_owned(),
        amount: Money { minor, currency: usd() },
    }
}

fn run(name: &str, sites: Vec<SiteUse>) -> Run {
    Run {
        name: name.to_owned(),
        answers: vec![("allow".to_owned(), 90), ("deny".to_owned(), 10)],
        slots: Slots::of(period()).windows(),
        sites,
        queues: vec![queue("training", vec![0, 3_600, 90_000]), queue("research", vec![])],
        services: vec![Served {
            service: "api".to_owned(),
            asked: 5_000_000_000,
            served: 4_000_000_000,
            lacking: vec![("never: forbidden by api-exclusive".to_owned(), 7_200)],
        }],
        commitments: vec![BurnLine {
            term: "azure-commitment".to_owned(),
            buyer: "Buyer".to_owned(),
            seller: "Seller".to_owned(),
            interval: "2025-01-01 to 2026-01-01".to_owned(),
            unit: "USD".to_owned(),
            per_unit: 100,
            promised: 10_000_000,
            used_before: 2_000_000,
            used: 3_500_000,
            projected: Some(5_000_000),
            elapsed_permille: Some(916),
            outlook: "short on 2026-01-01".to_owned(),
            used_by: vec![(period().end(), 3_500_000)],
        }],
        owed: vec![owing("Buyer", "Seller", 150_000_000), owing("Seller", "Buyer", -2_000_000)],
    }
}

fn replay(sites: Vec<SiteUse>) -> ReplayReport {
    let day = |text: &str| Instant::parse(text).unwrap();
    let version = |id: &str, from: &str, to: Instant| VersionSpan {
        version: id.to_owned(),
        in_force: Window::new(day(from), to).unwrap(),
        executed: day(from),
        recorded: day(from),
    };
    ReplayReport {
        deal: "Stargate".to_owned(),
        period: period(),
        seed: 7,
        notes: vec!["a note".to_owned()],
        in_force: run("in force", sites.clone()),
        compared: Some(Compared {
            agreement: "Buyer and Seller".to_owned(),
            versions: vec![run("2019-07-22", sites.clone()), run("2025-01-21", sites)],
            flips: vec![Flipped {
                from: "2019-07-22".to_owned(),
                to: "2025-01-21".to_owned(),
                work: "research".to_owned(),
                sites: (0..9).map(|it| format!("site-{it}")).collect(),
                before: ("deny".to_owned(), vec!["exclusive".to_owned()]),
                after: ("allow".to_owned(), vec![]),
                count: 1_234,
            }],
        }),
        agreements: vec![
            AgreementLine {
                name: "Buyer and Seller".to_owned(),
                versions: vec![
                    version("2019-07-22", "2019-07-22", day("2025-01-21")),
                    version("2025-01-21", "2025-01-21", Instant::MAX),
                ],
            },
            AgreementLine { name: "without a version".to_owned(), versions: vec![] },
            AgreementLine {
                name: "Buyer and Seller".to_owned(),
                versions: vec![version("2025-02-01", "2025-02-01", Instant::MAX)],
            },
        ],
    }
}

fn estimate(low: i128, mean: i128, high: i128) -> Estimate {
    Estimate { low, mean, high }
}

fn price() -> PriceReport {
    let money = |party: &str, reason: Option<&str>, change| MoneyMoved {
        party: party.to_owned(),
        currency: usd(),
        reason: reason.map(str::to_owned),
        change,
    };
    let yen = Currency::new("JPY", 0).unwrap();
    let wait = |purpose: &str, permille, with, without: i128| WaitMoved {
        purpose: purpose.to_owned(),
        permille,
        with: estimate(with - 900, with, with + 1_800),
        without: estimate(without - 600, without, without + 600),
        change: estimate(with - without - 900, with - without, with - without + 900),
    };
    let moved = |from: Option<&str>, to: Option<&str>, hours: i128| HoursMoved {
        purpose: "training".to_owned(),
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
        gpu_seconds: estimate(hours * 3_000, hours * 3_600, hours * 4_000),
    };
    PriceReport {
        title: "What the exclusivity on new capacity was worth in January 2025".to_owned(),
        deal: "Stargate".to_owned(),
        period: period(),
        answer: vec!["With the exclusivity, Microsoft is owed USD 83 million more in the month, and OpenAI's research waits for 111 hours where it would not wait at all.".to_owned()],
        priced: vec![PricedTerm {
            term: "build-exclusive-2019".to_owned(),
            sentence: "Only Microsoft may build and host new capacity for OpenAI.".to_owned(),
            source: "“exclusive cloud provider” (Microsoft, news release, 2019-07-22; stated)".to_owned(),
        }],
        with: "with the term".to_owned(),
        without: "without it".to_owned(),
        assumptions: vec!["The work is drawn as the deal's workload says, and is the same on both sides.".to_owned()],
        runs: 400,
        seed: 20_251_101,
        confidence: "95".to_owned(),
        money: vec![
            money("Microsoft", None, estimate(7_500_000_000, 8_315_178_000, 9_100_000_000)),
            money("Oracle", None, estimate(-9_500_000_000, -8_804_118_000, -8_000_000_000)),
            money("OpenAI", None, estimate(-300_000_000, 488_940_000, 1_200_000_000)),
            money("Microsoft", Some("capacity"), estimate(7_500_000_000, 8_315_178_000, 9_100_000_000)),
            money("Oracle", Some("capacity"), estimate(-9_500_000_000, -8_804_118_000, -8_000_000_000)),
            MoneyMoved { currency: yen, ..money("SoftBank", None, estimate(61_000, 62_496, 64_000)) },
        ],
        moved: vec![
            moved(Some("Oracle"), Some("Microsoft"), 30_000_000),
            moved(Some("CoreWeave"), None, 1_200_000),
            moved(None, Some("Microsoft"), -400_000),
        ],
        waits: vec![
            wait("research", 500, 3_600 * 20, 0),
            wait("research", 900, 3_600 * 111, 0),
            wait("training", 500, 3_600 * 80, 3_600),
            wait("training", 900, 3_600 * 180, 3_600 * 2),
        ],
        commitments: vec![CommitmentMoved { term: "azure-commitment".to_owned(), met_with: 380, met_without: 12 }],
        turned: vec![CommitmentTurned {
            term: "azure-commitment".to_owned(),
            starts: Some("2025-11-01".to_owned()),
            turn: Turn::NewlyMet,
            share: estimate(888_000, 920_000, 946_000),
        }],
        flips: vec![FlipMoved {
            work: "research".to_owned(),
            site: "abilene".to_owned(),
            without: "allow".to_owned(),
            with: "deny".to_owned(),
            count: estimate(44_000, 45_000, 46_000),
        }],
        explained_by: vec![Explaining {
            what: "frontier-training, job 17".to_owned(),
            how: "runs at azure-us and not at abilene".to_owned(),
            permille: 140,
            currency: "USD".to_owned(),
        }],
    }
}

/// Parses a page, and holds it to what must be so of every page.
fn check(page: &str) {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(page, options).unwrap();
    let mut ids = BTreeSet::new();
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        assert!(!["script", "link", "img", "iframe", "object", "image", "use"].contains(&name));
        for attribute in node.attributes() {
            let text = attribute.value();
            assert!(!attribute.name().starts_with("on"), "a page runs nothing");
            assert!(!["href", "src"].contains(&attribute.name()), "a page loads nothing");
            assert!(
                !text.contains("//") && !text.contains("NaN") && !text.contains("inf"),
                "{text}"
            );
        }
        if let Some(id) = node.attribute("id") {
            assert!(ids.insert(id.to_owned()), "{id} stands twice");
        }
        if node.attribute("class").is_some_and(|class| class.starts_with("chart")) {
            assert!(node.attribute("aria-label").is_some_and(|label| label.len() > 10));
            assert_eq!(node.attribute("role"), Some("img"));
            let drawn = node.descendants().filter(|it| {
                ["rect", "path", "line", "polyline", "circle"].contains(&it.tag_name().name())
            });
            assert!(drawn.count() > 3, "a chart is not empty");
        }
    }
    for outside in ["http:", "https:", "@import", "url(\"", "url('"] {
        assert!(!page.contains(outside), "{outside} in the page");
    }
    let clips: BTreeSet<&str> =
        page.split("url(#").skip(1).filter_map(|it| it.split(')').next()).collect();
    assert!(clips.iter().all(|clip| ids.contains(*clip)), "what is named is there: {clips:?}");
}

#[test]
fn pages_are_whole_and_the_same_each_time() {
    let page = replay_page(&replay(vec![site("abilene", 1_000), site("azure", 400)]));
    check(&page);
    assert_eq!(page, replay_page(&replay(vec![site("abilene", 1_000), site("azure", 400)])));
    for text in ["abilene", "azure-commitment", "35.0 %", "1.5", "site-5 and 3 more", "Queue times"]
    {
        assert!(page.contains(text), "{text} is on the page");
    }
    let page = price_page(&price(), &[price()]);
    check(&page);
    assert_eq!(page, price_page(&price(), &[price()]));
    for text in ["+83,151,780", "-88,041,180", "build-exclusive-2019", "400 pairs", "95 %"] {
        assert!(page.contains(text), "{text} is on the page");
    }
}

#[test]
fn names_are_shown_and_never_read_as_markup() {
    let mut report = replay(vec![site(HOSTILE, 10)]);
    HOSTILE.clone_into(&mut report.deal);
    HOSTILE.clone_into(&mut report.agreements[0].name);
    HOSTILE.clone_into(&mut report.agreements[0].versions[0].version);
    HOSTILE.clone_into(&mut report.in_force.sites[0].used[0].0);
    HOSTILE.clone_into(&mut report.in_force.queues[0].purpose);
    HOSTILE.clone_into(&mut report.in_force.commitments[0].term);
    HOSTILE.clone_into(&mut report.in_force.owed[0].from);
    let page = replay_page(&report);
    check(&page);
    assert!(page.contains("&lt;script&gt;"));
    let mut report = price();
    HOSTILE.clone_into(&mut report.title);
    HOSTILE.clone_into(&mut report.priced[0].sentence);
    HOSTILE.clone_into(&mut report.money[0].party);
    HOSTILE.clone_into(&mut report.waits[0].purpose);
    HOSTILE.clone_into(&mut report.with);
    report.moved[0].from = Some(HOSTILE.to_owned());
    check(&price_page(&report, &[]));
}

#[test]
fn nothing_to_show_is_said() {
    let mut report = replay(vec![]);
    report.compared = None;
    report.agreements.clear();
    report.in_force = Run {
        name: String::new(),
        answers: vec![],
        slots: Slots::of(period()).windows(),
        sites: vec![],
        queues: vec![],
        services: vec![],
        commitments: vec![],
        owed: vec![],
    };
    let page = replay_page(&report);
    check(&page);
    for text in ["No site is open", "No jobs were handed in", "No commitment", "Nothing is owed"] {
        assert!(page.contains(text), "{text}");
    }
    let mut report = price();
    report.money.clear();
    report.moved.clear();
    report.waits.clear();
    report.commitments.clear();
    report.flips.clear();
    report.explained_by.clear();
    let page = price_page(&report, &[]);
    check(&page);
    assert!(page.contains("No money moves"));
}

#[test]
fn nothing_used_and_amounts_of_nothing_are_drawn() {
    let mut report = replay(vec![site("idle", 0)]);
    report.in_force.owed = vec![owing("a", "b", 0)];
    report.in_force.commitments[0].promised = 0;
    report.in_force.queues = vec![queue("none", vec![0])];
    check(&replay_page(&report));
    let mut report = price();
    for it in &mut report.money {
        it.change = estimate(0, 0, 0);
    }
    for it in &mut report.waits {
        it.with = estimate(0, 0, 0);
        it.without = estimate(0, 0, 0);
    }
    check(&price_page(&report, &[]));
}

#[test]
fn many_sites_and_parties_are_put_together() {
    let sites: Vec<SiteUse> =
        (0..500).map(|it| site(&format!("site-{it:03}"), 1_000 - it)).collect();
    let mut report = replay(sites);
    report.in_force.owed =
        (1..60).map(|it| owing("Buyer", &format!("seller-{it:02}"), it * 100_000)).collect();
    for (index, site) in report.in_force.sites.iter_mut().enumerate() {
        site.used[0].0 = format!("purpose-{}", index % 30);
    }
    let page = replay_page(&report);
    check(&page);
    assert!(page.contains("489 smaller sites"));
    assert!(page.contains("51 others"), "parties");
    assert!(page.contains("27 others"), "purposes: 30 and those of the other runs");
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
}

#[test]
fn what_is_owed_below_zero_is_owed_the_other_way() {
    let mut report = replay(vec![site("one", 10)]);
    report.in_force.owed = vec![owing("a", "b", -50000)];
    report.compared = None;
    let page = replay_page(&report);
    check(&page);
    let row = "<tr><th scope=\"row\">b</th><td class=\"n\" style=\"--p:100\">500</td>";
    assert!(page.contains(row), "b owes a");
}

#[test]
fn waits_are_nearest_ranks() {
    let waits = Waits::of((1..=200).rev().collect());
    assert_eq!(
        waits,
        Waits { jobs: 200, half: 100, nine_of_ten: 180, ninety_nine: 198, longest: 200 }
    );
    assert_eq!(Waits::of(vec![5]).half, 5);
    assert_eq!(Waits::of(vec![]), Waits::default());
}
