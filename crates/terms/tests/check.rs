//! Each problem that the check of a deal can find, beside a deal in which it is mended.

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use comity_base::{Decimal, Known, Meter, Money, PriceUnit, RateId, Ratio, Window};
use comity_terms::{
    CapitalCommitment, Deal, Price, Problem, Prohibition, Rate, RevenueShare, Scope, Silence,
    TechnologyPartner, Term, TermKind,
};
use expect_test::{Expect, expect};

use common::build::{
    Build, at, cited, exclusivity, first_refusal, guarded, object, only, overriding, party,
    permission, position, prohibition, provenance, purpose, scope, term, usd, window,
};

/// Shows every problem with the line on which it stands.
#[track_caller]
fn check(build: &Build, expected: Expect) {
    let text = match Deal::new(build.draft.clone()) {
        Ok(_) => String::from("clean"),
        Err(problems) => {
            let show = |it: &Problem| format!("{}: {:?}", it.position.line, it.kind);
            let text = problems.iter().map(show).collect::<Vec<_>>().join("\n");
            let short = |text: String, line| {
                text.replace(&format!("{:?}", position(line)), &format!("line {line}"))
            };
            (0..100).fold(text, short)
        }
    };
    expected.assert_eq(&text);
}

fn deal() -> Build {
    Build::new(Silence::Liberty).version("main", "2020-01-01", "")
}

fn yes() -> Term {
    term("yes", permission(scope("sell", "api")))
}

fn no() -> Term {
    term("no", prohibition(scope("sell", "api")))
}

#[test]
fn term_twice() {
    check(&deal().add(no()).add(no()), expect!["3: TermTwice { term: TermId(no), first: line 2 }"]);
    check(
        &deal().add(no()).consent("no", "cloud", "no", "2021-01-01"),
        expect!["3: TermTwice { term: TermId(no), first: line 2 }"],
    );
    check(&deal().add(no()).consent("agreed", "cloud", "no", "2021-01-01"), expect!["clean"]);
}

#[test]
fn unknown_term() {
    check(
        &deal().add(overriding(yes(), &["nothing"])),
        expect!["0: UnknownTerm { term: TermId(nothing), known: {TermId(yes)} }"],
    );
    check(
        &deal().add(no()).consent("agreed", "cloud", "nothing", "2021-01-01"),
        expect!["0: UnknownTerm { term: TermId(nothing), known: {TermId(no)} }"],
    );
    let right = term("r", first_refusal(scope("sell", "api"), 30));
    check(
        &deal().add(right).offer("nothing", None, "2021-01-01", None),
        expect!["0: UnknownTerm { term: TermId(nothing), known: {TermId(r)} }"],
    );
    check(&deal().add(no()).add(overriding(yes(), &["no"])), expect!["clean"]);
}

#[test]
fn not_in_force() {
    check(
        &deal().add(no()).version("main", "2021-01-01", "").end("nothing"),
        expect![
            "4: NotInForce { term: TermId(nothing), at: Instant(1609459200), in_force: {TermId(no)} }"
        ],
    );
    let expired = |end| Term { to: Some(at(end)), ..no() };
    let next = |end| deal().add(expired(end)).version("main", "2021-01-01", "").end("no");
    check(
        &next("2020-12-31"),
        expect!["4: NotInForce { term: TermId(no), at: Instant(1609459200), in_force: {} }"],
    );
    check(&next("2021-01-01"), expect!["clean"]);
    check(&next("2022-01-01"), expect!["clean"]);
    let lapsed = Build::new(Silence::Liberty)
        .version("main", "2020-01-01", "2021-01-01")
        .add(no())
        .version("main", "2022-01-01", "")
        .end("no");
    check(
        &lapsed,
        expect!["4: NotInForce { term: TermId(no), at: Instant(1640995200), in_force: {} }"],
    );
}

#[test]
fn not_added() {
    let mut build = deal().add(no()).version("main", "2021-01-01", "").replace("no", yes());
    check(&build, expect!["clean"]);
    build.draft.agreements[0].versions[1].replaces[0].by.push(cited("no"));
    check(&build, expect!["0: NotAdded { term: TermId(no), added: {TermId(yes)} }"]);
}

#[test]
fn versions_overlap() {
    let versions = |end| Build::new(Silence::Liberty).version("main", "2020-01-01", end).add(no());
    check(&versions("2022-01-01").version("main", "2021-01-01", "").end("no"), expect!["clean"]);
    check(
        &versions("").version("main", "2020-01-01", ""),
        expect![
            "3: VersionsOverlap { agreement: AgreementId(main), other: VersionId(2020-01-01), first: line 1, window: Window { start: Instant(1577836800), end: Instant(253402207200) } }"
        ],
    );
    check(&versions("2021-01-01").version("main", "2021-01-01", ""), expect!["clean"]);
    check(&versions("").version("main", "2021-01-01", ""), expect!["clean"]);
}

#[test]
fn contradiction() {
    check(
        &deal().add(yes()).add(no()),
        expect![
            "3: Contradiction { permits: TermId(yes), forbids: TermId(no), other: line 2, window: Window { start: Instant(1577836800), end: Instant(253402207200) } }"
        ],
    );
    check(&deal().add(yes()).add(overriding(no(), &["yes"])), expect!["clean"]);
    check(
        &deal().add(guarded(yes(), "safe", true)).add(guarded(no(), "safe", false)),
        expect!["clean"],
    );
    check(
        &deal().add(yes()).version("main", "2021-01-01", "").end("yes").add(no()),
        expect!["clean"],
    );
    let elsewhere = term("no", prohibition(scope("build", "api")));
    check(&deal().add(yes()).add(elsewhere), expect!["clean"]);
    // An exclusivity permits its holder, and forbids all others.
    let of = |actor: &str, id| {
        let kind = TermKind::Prohibition(Prohibition {
            bound: party("lab"),
            owed_to: party("rival"),
            scope: Scope { actor: only(&[actor]), ..scope("sell", "api") },
        });
        term(id, kind)
    };
    let x = || term("x", exclusivity(scope("sell", "api"), true));
    check(
        &deal().add(x()).add(of("cloud", "no")),
        expect![
            "3: Contradiction { permits: TermId(x), forbids: TermId(no), other: line 2, window: Window { start: Instant(1577836800), end: Instant(253402207200) } }"
        ],
    );
    check(&deal().add(x()).add(of("rival", "no")), expect!["clean"]);
}

#[test]
fn contradiction_settled_by_a_third_term() {
    let build = |kind| deal().add(yes()).add(overriding(term("third", kind), &["yes"])).add(no());
    check(&build(prohibition(scope("sell", "api"))), expect!["clean"]);
    let narrow = Scope { purposes: [purpose("training")].into(), ..scope("sell", "api") };
    check(
        &build(prohibition(narrow)),
        expect![
            "4: Contradiction { permits: TermId(yes), forbids: TermId(no), other: line 2, window: Window { start: Instant(1577836800), end: Instant(253402207200) } }"
        ],
    );
    // A consent to the third would bring the two together: that is for the answer to say.
    let consented = build(prohibition(scope("sell", "api")));
    check(&consented.consent("agreed", "cloud", "third", "2021-01-01"), expect!["clean"]);
}

#[test]
fn circle() {
    let build = || deal().add(overriding(yes(), &["no"])).add(overriding(no(), &["yes"]));
    check(&build(), expect!["2: Circle { terms: [TermId(no), TermId(yes)] }"]);
    // By what is known now neither term ever holds; before 2023 they did not know that.
    let later = |term: Term| Term { from: Some(at("2025-01-01")), ..term };
    let build = deal()
        .add(later(overriding(yes(), &["no"])))
        .add(later(overriding(no(), &["yes"])))
        .version("main", "2023-01-01", "")
        .end("yes")
        .end("no");
    check(&build, expect!["2: Circle { terms: [TermId(no), TermId(yes)] }"]);
    check(&deal().add(yes()).add(overriding(no(), &["yes"])), expect!["clean"]);
}

#[test]
fn no_effect() {
    let other = || term("other", permission(scope("sell", "api")));
    check(
        &deal().add(yes()).add(overriding(other(), &["yes"])),
        expect!["0: NoEffect { term: TermId(other), overridden: TermId(yes) }"],
    );
    check(&deal().add(no()).add(overriding(other(), &["no"])), expect!["clean"]);
}

#[test]
fn stranger() {
    check(
        &deal().add(no()).consent("agreed", "rival", "no", "2021-01-01"),
        expect!["3: Stranger { by: PartyId(rival), term: TermId(no), owed_to: {PartyId(cloud)} }"],
    );
    check(
        &deal().add(yes()).consent("agreed", "cloud", "yes", "2021-01-01"),
        expect!["3: Stranger { by: PartyId(cloud), term: TermId(yes), owed_to: {} }"],
    );
    check(&deal().add(no()).consent("agreed", "cloud", "no", "2021-01-01"), expect!["clean"]);
}

#[test]
fn not_signed() {
    let mut build = deal().add(no());
    build.draft.agreements[0].parties = [party("lab")].into();
    check(
        &build,
        expect![
            "2: NotSigned { party: PartyId(cloud), agreement: AgreementId(main), signed: {PartyId(lab)} }"
        ],
    );
    build.draft.agreements[0].parties.insert(party("cloud"));
    check(&build, expect!["clean"]);
}

#[test]
fn shares_above_whole() {
    let share = |id, tenths| {
        let rate = Ratio::new(tenths, 10).expect("a part of the whole");
        let base = vec![object("api")];
        let share = RevenueShare::flat(party("lab"), party("cloud"), base, rate);
        let kind = TermKind::RevenueShare(share);
        term(id, kind)
    };
    check(
        &deal().add(share("a", 6)).add(share("b", 5)),
        expect![
            "3: SharesAboveWhole { payer: PartyId(lab), product: ObjectId(api), terms: {TermId(a), TermId(b)}, window: Window { start: Instant(1577836800), end: Instant(253402207200) } }"
        ],
    );
    check(&deal().add(share("a", 6)).add(share("b", 4)), expect!["clean"]);
}

#[test]
fn partner_funds() {
    let build = |funds| {
        let (partner, company) = (party("rival"), party("venture"));
        let capital = TermKind::CapitalCommitment(CapitalCommitment {
            investor: Some(partner.clone()),
            company: company.clone(),
            amount: Money { minor: 100, currency: usd() },
        });
        let kind =
            TermKind::TechnologyPartner(TechnologyPartner { party: partner, company, funds });
        deal().add(term("capital", capital)).add(term("partner", kind))
    };
    check(
        &build(false),
        expect!["3: PartnerFunds { party: PartyId(rival), commitment: TermId(capital) }"],
    );
    check(&build(true), expect!["clean"]);
}

fn rate(id: &str, line: u32, per: PriceUnit, window: Window) -> Rate {
    Rate {
        id: RateId::new(id).expect("a good id"),
        seller: party("cloud"),
        buyer: None,
        meter: Meter::GpuTime,
        object: None,
        site: None,
        gpu: None,
        price: Price::Flat(Decimal::whole(2)),
        per,
        currency: usd(),
        minimum: None,
        window,
        provenance: provenance(),
        position: position(line),
    }
}

#[test]
fn rates_overlap() {
    let mut build = deal();
    let hour = PriceUnit::GpuHour;
    build.draft.rates.push(rate("a", 90, hour, window("2020-01-01", "2021-01-01")));
    build.draft.rates.push(rate("b", 91, hour, window("2021-01-01", "")));
    check(&build, expect!["clean"]);
    build.draft.rates.push(rate("c", 92, hour, window("2020-06-01", "2020-07-01")));
    check(
        &build,
        expect![
            "92: RatesOverlap { other: RateId(a), first: line 90, window: Window { start: Instant(1590969600), end: Instant(1593561600) } }"
        ],
    );
}

#[test]
fn wrong_unit() {
    let mut build = deal();
    build.draft.rates.push(rate("a", 90, PriceUnit::KwHour, Window::ALWAYS));
    check(&build, expect!["90: WrongUnit { rate: RateId(a) }"]);
    build.draft.rates[0].per = PriceUnit::GpuHour;
    check(&build, expect!["clean"]);
}

#[test]
fn not_first_refusal() {
    check(
        &deal().add(no()).offer("no", None, "2021-01-01", None),
        expect!["0: NotFirstRefusal { term: TermId(no) }"],
    );
    let right = term("r", first_refusal(scope("sell", "api"), 30));
    check(&deal().add(right).offer("r", None, "2021-01-01", None), expect!["clean"]);
}

#[test]
fn every_problem_is_found() {
    let build = deal()
        .add(overriding(yes(), &["nothing"]))
        .add(no())
        .consent("agreed", "rival", "no", "2021-01-01")
        .offer("no", None, "2021-01-01", None);
    check(
        &build,
        expect![[r#"
            0: NotFirstRefusal { term: TermId(no) }
            0: UnknownTerm { term: TermId(nothing), known: {TermId(no), TermId(yes)} }
            3: Contradiction { permits: TermId(yes), forbids: TermId(no), other: line 2, window: Window { start: Instant(1577836800), end: Instant(253402207200) } }
            4: Stranger { by: PartyId(rival), term: TermId(no), owed_to: {PartyId(cloud)} }"#]],
    );
}

#[test]
fn what_a_consent_frees_from_one_term_another_may_forbid() {
    let kind = TermKind::Prohibition(Prohibition {
        bound: party("lab"),
        owed_to: party("rival"),
        scope: scope("sell", "services"),
    });
    let build =
        deal().add(no()).add(term("other", kind)).consent("agreed", "cloud", "no", "2021-01-01");
    check(&build, expect!["clean"]);
    let deal = Deal::new(build.draft).expect("clean, as shown above");
    assert_eq!(deal.rules(Known::ALL).holdings().len(), 2);
}
