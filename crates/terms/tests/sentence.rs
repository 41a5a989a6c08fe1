//! Each kind of term, and each of its options, in plain English; and a whole deal.

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{
    Calendar, Decimal, GpuTypeId, Known, Meter, Money, PriceUnit, RateId, Ratio, SiteId,
};
use comity_terms::{
    Ambiguity, AsOf, Called, Cap, CapacityTerm, CapitalCommitment, Cited, Commitment, Condition,
    Deal, Draft, Duty, Election, Eligible, Equity, Extension, Fact, FactKind, FirstRefusal,
    Governance, Interval, Measure, Milestone, Paragraph, Parties, Party, Permission, Price,
    Prohibition, Promise, Rate, RatioTest, Replacement, RevenueShare, Sale, Scope, Shortfall,
    Silence, Suspension, TechnologyPartner, Term, TermKind, prose, sentence,
};
use expect_test::{Expect, expect};

use common::build::{
    Build, action, at, cited, exclusivity, fact, first_refusal, guarded, object, only, overriding,
    party, permission, place, position, prohibition, provenance, purpose, scope, term, term_id,
    usd, window,
};

/// The names of the deals of these tests, as people use them.
fn named(draft: &mut Draft) {
    let parties = [
        ("lab", "The Lab"),
        ("cloud", "Cumulus Services"),
        ("venture", "Hill and Dale"),
        ("rival", "Rival"),
    ];
    for (id, name) in parties {
        let role = format!("is the {id}");
        draft.parties.insert(party(id), Party { name: name.to_owned(), role });
    }
    let of = |text: &str| text.to_owned();
    let vocabulary = &mut draft.vocabulary;
    vocabulary.called = Called {
        actions: BTreeMap::from([(action("sell"), of("supply"))]),
        objects: BTreeMap::from([
            (object("api"), of("the Lab's API")),
            (object("mini"), of("work on, and tests of, the mini model")),
            (object("capacity"), of("new capacity")),
        ]),
        purposes: BTreeMap::from([(purpose("training"), of("training of models"))]),
        places: BTreeMap::from([
            (place("us"), of("United States")),
            (place("abilene"), of("Abilene, Texas")),
        ]),
        gpus: BTreeMap::from([(GpuTypeId::new("h100").expect("tests use good ids"), of("H100"))]),
    };
    let facts = [
        ("verified", FactKind::Event, "A panel has verified it."),
        ("safe", FactKind::State, "The site is safe."),
        ("stateful", FactKind::Reading, "It does."),
        ("stateless", FactKind::Reading, "It does not."),
    ];
    for (id, kind, statement) in facts {
        vocabulary.facts.insert(fact(id), Fact { kind, statement: of(statement) });
    }
    let readings = BTreeSet::from([fact("stateful"), fact("stateless")]);
    let open = Ambiguity { question: of("Does a runtime fall under it?"), readings };
    vocabulary.ambiguities.insert(fact("runtime"), open);
}

fn draft() -> Draft {
    let mut build = Build::new(Silence::Liberty);
    named(&mut build.draft);
    build.draft
}

#[track_caller]
fn check(term: &Term, expected: Expect) {
    expected.assert_eq(&sentence(&draft(), term));
}

#[track_caller]
fn check_kind(kind: TermKind, expected: Expect) {
    check(&term("t", kind), expected);
}

fn billions(amount: i128) -> Money {
    Money { minor: amount * 100_000_000_000, currency: usd() }
}

fn narrow() -> Scope {
    Scope {
        beneficiary: only(&["lab"]),
        purposes: BTreeSet::from([purpose("training"), purpose("inference")]),
        places: BTreeSet::from([place("us"), place("abilene")]),
        ..scope("build", "capacity")
    }
}

fn of_lab(scope: Scope) -> Scope {
    Scope { beneficiary: only(&["lab"]), ..scope }
}

#[test]
fn exclusivities() {
    let api = of_lab(scope("host", "api"));
    check_kind(
        exclusivity(api.clone(), true),
        expect![
            "Only Cumulus Services may host the Lab's API for the Lab; the Lab itself may not either. The Lab owes this to Cumulus Services."
        ],
    );
    check_kind(
        exclusivity(scope("sell", "api"), false),
        expect![
            "Apart from the Lab itself, only Cumulus Services may supply the Lab's API. The Lab owes this to Cumulus Services."
        ],
    );
    let mut long = api;
    long.objects.insert(object("mini"));
    long.objects.insert(object("services"));
    check_kind(
        exclusivity(long, true),
        expect![
            "For the Lab, only Cumulus Services may host the Lab's API, services, or work on, and tests of, the mini model; the Lab itself may not either. The Lab owes this to Cumulus Services."
        ],
    );
}

#[test]
fn permissions() {
    let with = |actor| permission(Scope { actor, ..of_lab(scope("build", "capacity")) });
    let but = |name: &str| Parties::AllBut(BTreeSet::from([party(name)]));
    check_kind(
        with(Parties::Any),
        expect!["Cumulus Services allows anyone to build new capacity for the Lab."],
    );
    check_kind(
        with(but("cloud")),
        expect!["Cumulus Services allows anyone else to build new capacity for the Lab."],
    );
    check_kind(
        with(but("rival")),
        expect!["Cumulus Services allows anyone but Rival to build new capacity for the Lab."],
    );
    check_kind(
        with(only(&["rival", "venture"])),
        expect![
            "Cumulus Services allows Rival, and Hill and Dale to build new capacity for the Lab."
        ],
    );
    check_kind(
        with(only(&["cloud"])),
        expect!["Cumulus Services may build new capacity for the Lab."],
    );
    check_kind(
        permission(narrow()),
        expect![
            "In the United States, or at Abilene, Texas, where the purpose is inference or training of models, Cumulus Services allows anyone to build new capacity for the Lab."
        ],
    );
}

#[test]
fn verbs_of_several_words() {
    let mut draft = draft();
    let called = &mut draft.vocabulary.called.actions;
    called.insert(action("host"), String::from("use as property"));
    let check = |scope, expected: Expect| {
        expected.assert_eq(&sentence(&draft, &term("t", permission(scope))));
    };
    let mut both = scope("host", "api");
    check(
        both.clone(),
        expect!["Cumulus Services allows anyone to use the Lab's API as property."],
    );
    both.actions.insert(action("build"));
    check(
        both,
        expect!["Cumulus Services allows anyone to build or use as property the Lab's API."],
    );
}

#[test]
fn conditions() {
    let with = |ratio| {
        let text = String::from("At least half is for training.");
        let condition = Some(Condition { fact: fact("approved"), text, ratio });
        let scope = scope("build", "capacity");
        TermKind::Permission(Permission { grantor: party("venture"), scope, condition })
    };
    check_kind(
        with(None),
        expect![
            "Hill and Dale allow anyone to build new capacity, provided that at least half is for training."
        ],
    );
    let ratio = |more_than| RatioTest {
        counted: BTreeSet::from([purpose("training")]),
        threshold: Ratio::new(1, 2).unwrap(),
        more_than,
        unit: String::from("MW"),
    };
    check_kind(
        with(Some(ratio(false))),
        expect![
            "Hill and Dale allow anyone to build new capacity, provided that at least half is for training. This is measured in MW, what is newly asked for included: at least 50 % of the total must be for training of models."
        ],
    );
    check_kind(
        with(Some(ratio(true))),
        expect![
            "Hill and Dale allow anyone to build new capacity, provided that at least half is for training. This is measured in MW, what is newly asked for included: more than 50 % of the total must be for training of models."
        ],
    );
}

#[test]
fn prohibitions() {
    let with = |actor| prohibition(Scope { actor, ..scope("host", "api") });
    check_kind(
        with(Parties::Any),
        expect![
            "No one may host the Lab's API. The Lab owes this to Cumulus Services, which may consent to exceptions."
        ],
    );
    check_kind(
        with(Parties::AllBut(BTreeSet::from([party("rival"), party("venture")]))),
        expect![
            "No one but Rival or Hill and Dale may host the Lab's API. The Lab owes this to Cumulus Services, which may consent to exceptions."
        ],
    );
    check_kind(
        with(only(&["lab"])),
        expect![
            "The Lab may not host the Lab's API. The Lab owes this to Cumulus Services, which may consent to exceptions."
        ],
    );
    let (bound, owed_to) = (party("venture"), party("rival"));
    let scope = Scope { actor: only(&["lab", "venture"]), ..scope("host", "api") };
    check_kind(
        TermKind::Prohibition(Prohibition { bound, owed_to, scope }),
        expect![
            "The Lab, and Hill and Dale may not host the Lab's API. Hill and Dale owe this to Rival, which may consent to exceptions."
        ],
    );
}

#[test]
fn first_refusals() {
    let capacity = of_lab(scope("build", "capacity"));
    check_kind(
        first_refusal(capacity.clone(), 30),
        expect![
            "Before anyone but Cumulus Services builds new capacity for the Lab, the Lab must offer it to Cumulus Services, which then has 30 days to decide whether to take it. Once Cumulus Services has declined or let that time pass, this no longer keeps the Lab from turning to others, on terms no better than those offered."
        ],
    );
    let mut both = capacity;
    both.actions.insert(action("sell"));
    let right = FirstRefusal {
        holder: party("venture"),
        grantor: party("lab"),
        scope: both,
        election_days: 1,
        calendar: Calendar::new("America/New_York", true).unwrap(),
        sale_window_days: Some(90),
    };
    check_kind(
        TermKind::FirstRefusal(right),
        expect![
            "Before anyone but Hill and Dale builds or supplies new capacity for the Lab, the Lab must offer it to Hill and Dale, which then have 1 business day (America/New_York time) to decide whether to take it. Once Hill and Dale have declined or let that time pass, this no longer keeps the Lab from turning to others within 90 business days, on terms no better than those offered; after that it must be offered again."
        ],
    );
}

#[test]
fn words() {
    let text = String::from("Each side names a contact.");
    check_kind(
        TermKind::Duty(Duty { bound: party("venture"), owed_to: party("lab"), text }),
        expect!["Hill and Dale owe this to the Lab: each side names a contact."],
    );
    check_kind(
        TermKind::Clause(None),
        expect!["This stands in words only, and no rule is made of it: “so it is”."],
    );
    check_kind(
        TermKind::Clause(Some(narrow())),
        expect![
            "This stands in words only, and no rule is made of it: “so it is”. In the United States, or at Abilene, Texas, where the purpose is inference or training of models, whether anyone may build new capacity for the Lab depends on how these words are read."
        ],
    );
}

#[test]
fn revenue_shares() {
    let with = |payer: &str, cap| {
        let base = vec![object("api"), object("services")];
        let fifth = Ratio::new(1, 5).unwrap();
        let share = RevenueShare::flat(party(payer), party("cloud"), base, fifth);
        TermKind::RevenueShare(RevenueShare { cap, ..share })
    };
    check_kind(
        with("lab", Cap::default()),
        expect![
            "The Lab pays Cumulus Services 20 % of its revenue from the Lab's API and services."
        ],
    );
    let cap =
        |paid| Cap { total: Some(billions(38)), paid_before: Some(billions(paid)), each: None };
    check_kind(
        with("venture", cap(0)),
        expect![
            "Hill and Dale pay Cumulus Services 20 % of their revenue from the Lab's API and services, up to USD 38 billion in all."
        ],
    );
    check_kind(
        with("lab", cap(2)),
        expect![
            "The Lab pays Cumulus Services 20 % of its revenue from the Lab's API and services, up to USD 38 billion in all, of which USD 2 billion was paid before."
        ],
    );
}

fn commitment(buyer: &str, interval: Interval, shortfall: Shortfall) -> Commitment {
    Commitment {
        on: Eligible { meters: BTreeSet::from([Meter::GpuTime]), ..Eligible::default() },
        ..Commitment::spend(party(buyer), party("cloud"), billions(250), interval, shortfall)
    }
}

#[test]
fn commitments() {
    let open = commitment("lab", Interval::Term, Shortfall::Show);
    check_kind(
        TermKind::Commitment(open.clone()),
        expect![
            "The Lab commits to buy GPU time worth USD 250 billion from Cumulus Services. No end is set, so nothing can fall short."
        ],
    );
    let ending = |it: Commitment| Term {
        from: Some(at("2027-01-01")),
        to: Some(at("2032-01-01")),
        ..term("t", TermKind::Commitment(it))
    };
    check(
        &ending(Commitment { drawn_before: billions(3).minor, ..open }),
        expect![
            "From 2027 through 2031, the Lab commits to buy GPU time worth USD 250 billion from Cumulus Services, of which USD 3 billion was bought before. What falls short at the end is shown, not paid."
        ],
    );
    check(
        &ending(commitment("venture", Interval::Term, Shortfall::Pay)),
        expect![
            "From 2027 through 2031, Hill and Dale commit to buy GPU time worth USD 250 billion from Cumulus Services. They pay what falls short at the end (take or pay)."
        ],
    );
    check_kind(
        TermKind::Commitment(commitment("lab", Interval::Month, Shortfall::Pay)),
        expect![
            "The Lab commits to buy GPU time worth USD 250 billion from Cumulus Services in each calendar month. It pays what falls short in a month (take or pay)."
        ],
    );
    let on = Eligible {
        meters: BTreeSet::from_iter(vec![Meter::TokensIn, Meter::TokensOut, Meter::Power]),
        ..Eligible::default()
    };
    let monthly = commitment("lab", Interval::Month, Shortfall::Show);
    check_kind(
        TermKind::Commitment(Commitment { on, ..monthly }),
        expect![
            "The Lab commits to buy tokens read, tokens written and power worth USD 250 billion from Cumulus Services in each calendar month. What falls short in a month is shown, not paid."
        ],
    );
}

#[test]
fn a_commitment_of_gpu_hours_may_have_parts_of_them() {
    let hour = PriceUnit::GpuHour.base_units(at("2027-01-01"));
    let promise = Promise::Use {
        meter: Meter::GpuTime,
        per: PriceUnit::GpuHour,
        quantity: Decimal::parse("1_000.25").unwrap(),
        price: None,
        weights: BTreeMap::new(),
    };
    let milestone = |by: &str, at_least| Milestone { by: at(by), at_least };
    let milestones =
        vec![milestone("2027-02-01", 120 * hour), milestone("2027-03-01", 500 * hour + hour / 4)];
    let monthly = commitment("lab", Interval::Month, Shortfall::Show);
    check_kind(
        TermKind::Commitment(Commitment { promise, milestones, ..monthly }),
        expect![
            "The Lab commits to use 1000.25 GPU-hours of GPU time from Cumulus Services in each calendar month. What falls short in a month is shown, not paid. At least 120 GPU-hours of it is due by 2027-02-01. At least 500.25 GPU-hours of it is due by 2027-03-01."
        ],
    );
}

#[test]
fn companies() {
    let holds = |holder: &str, share, amount| {
        let (holder, company) = (party(holder), party("lab"));
        TermKind::Equity(Equity { holder, company, share, amount })
    };
    let share = Ratio::new(27, 100);
    check_kind(holds("cloud", share, None), expect!["Cumulus Services holds 27 % of the Lab."]);
    check_kind(
        holds("venture", None, Some(billions(7))),
        expect!["Hill and Dale hold a share of the Lab, for USD 7 billion."],
    );
    let funds = |investor: Option<&str>| {
        let (investor, company) = (investor.map(party), party("lab"));
        TermKind::CapitalCommitment(CapitalCommitment { investor, company, amount: billions(500) })
    };
    check_kind(
        funds(Some("cloud")),
        expect!["Cumulus Services commits to invest up to USD 500 billion in the Lab."],
    );
    check_kind(
        funds(None),
        expect!["Up to USD 500 billion is to be invested in the Lab; no investor is named."],
    );
    let office = |office: &str, held_by: &[&str]| {
        let (company, office) = (party("lab"), object(office));
        let held_by = held_by.iter().map(|id| party(id)).collect();
        TermKind::Governance(Governance { company, office, held_by })
    };
    check_kind(office("chair", &["rival"]), expect!["In the Lab, Rival holds the chair."]);
    check_kind(
        office("operational-control", &["rival", "cloud"]),
        expect!["In the Lab, Rival and Cumulus Services have operational control."],
    );
    check_kind(
        office("appoints-the-board", &["rival"]),
        expect!["In the Lab, Rival appoints the board."],
    );
    check_kind(
        office("appoints-the-board", &["rival", "cloud"]),
        expect!["In the Lab, Rival and Cumulus Services appoint the board."],
    );
    let partner = |party_name: &str, funds| {
        let (party, company) = (party(party_name), party("lab"));
        TermKind::TechnologyPartner(TechnologyPartner { party, company, funds })
    };
    check_kind(
        partner("cloud", false),
        expect!["Cumulus Services is a technology partner of the Lab and does not fund it."],
    );
    check_kind(
        partner("venture", true),
        expect!["Hill and Dale are technology partners of the Lab and fund it as well."],
    );
    let (provider, user) = (party("cloud"), party("lab"));
    check_kind(
        TermKind::Capacity(CapacityTerm { provider, user, power_kw: 4_500_000 }),
        expect!["Cumulus Services makes 4.5 GW of capacity available to the Lab."],
    );
}

#[test]
fn periods_guards_and_overrides() {
    let api = || term("t", exclusivity(scope("host", "api"), false));
    let to = |term: Term, end: &str| Term { to: Some(at(end)), ..term };
    check(
        &to(api(), "2031-01-01"),
        expect![
            "Through 2030, apart from the Lab itself, only Cumulus Services may host the Lab's API. The Lab owes this to Cumulus Services."
        ],
    );
    check(
        &Term { from: Some(at("2025-10-28")), ..to(api(), "2026-03-03") },
        expect![
            "From 28 October 2025 until 3 March 2026, apart from the Lab itself, only Cumulus Services may host the Lab's API. The Lab owes this to Cumulus Services."
        ],
    );
    let free = || term("t", permission(scope("host", "api")));
    check(
        &guarded(free(), "verified", false),
        expect![
            "Cumulus Services allows anyone to host the Lab's API. This lasts until a panel has verified it."
        ],
    );
    check(
        &guarded(to(free(), "2031-01-01"), "verified", false),
        expect![
            "Cumulus Services allows anyone to host the Lab's API. This lasts until a panel has verified it, or through 2030, whichever comes first."
        ],
    );
    check(
        &guarded(free(), "verified", true),
        expect![
            "Cumulus Services allows anyone to host the Lab's API. This begins only once a panel has verified it."
        ],
    );
    check(
        &guarded(free(), "safe", true),
        expect![
            "Cumulus Services allows anyone to host the Lab's API. This applies only as long as the site is safe."
        ],
    );
    check(
        &guarded(free(), "safe", false),
        expect![
            "Cumulus Services allows anyone to host the Lab's API. This applies only as long as it is not the case that the site is safe."
        ],
    );
    check(
        &guarded(free(), "stateful", true),
        expect![
            "Cumulus Services allows anyone to host the Lab's API. This applies only on one reading of an open question: “Does a runtime fall under it?” – “It does.”"
        ],
    );
    check(
        &guarded(free(), "stateful", false),
        expect![
            "Cumulus Services allows anyone to host the Lab's API. This applies unless an open question is read so: “Does a runtime fall under it?” – “It does.”"
        ],
    );
    check(
        &Term { survives: true, ..overriding(free(), &["a", "b", "c"]) },
        expect![
            "Cumulus Services allows anyone to host the Lab's API. Where both apply, this goes before [a], [b] and [c]. This goes on when the agreement runs out."
        ],
    );
}

/// A document as text, a line for each paragraph.
fn shown(deal: &Deal, as_of: AsOf) -> String {
    let line = |paragraph: &Paragraph| match paragraph {
        Paragraph::Title(text) => format!("# {text}\n"),
        Paragraph::Heading(text) => format!("## {text}\n"),
        Paragraph::Subheading(text) => format!("### {text}\n"),
        Paragraph::Text(text) => format!("{text}\n"),
        Paragraph::Item { text, note } if note.is_empty() => format!("- {text}\n"),
        Paragraph::Item { text, note } => format!("- {text} | {note}\n"),
    };
    prose(deal, as_of).iter().map(line).collect()
}

/// Two versions that do everything that versions can do, and a record of all kinds of entries.
fn eventful() -> Deal {
    let api = |id: &str| term(id, exclusivity(scope("host", "api"), false));
    let capacity = || term("rofr", first_refusal(scope("build", "capacity"), 30));
    let build = Build::new(Silence::Liberty)
        .version("main", "2025-01-01", "")
        .add(api("first"))
        .add(api("wrong"))
        .add(api("void"))
        .add(Term { to: Some(at("2027-01-01")), ..api("short") })
        .add(capacity())
        .version("main", "2026-01-01", "2030-01-01")
        .recorded("2026-02-01")
        .replace("first", term("second", permission(scope("sell", "mini"))))
        .add(api("right"))
        .fact("verified", true, "2026-03-01")
        .fact("safe", false, "2026-03-02")
        .offer("rofr", Some("abilene"), "2026-04-01", None)
        .offer("rofr", None, "2026-06-01", Some((Election::Declined, "2026-06-05")))
        .offer("rofr", Some("us"), "2026-08-01", Some((Election::Accepted, "2026-08-05")))
        .consent("yes", "cloud", "right", "2026-05-01");
    let mut draft = build.draft;
    named(&mut draft);
    let version = &mut draft.agreements[0].versions[1];
    let changes = &mut version.changes;
    changes
        .suspends
        .push(Suspension { term: cited("rofr"), window: window("2026-10-01", "2026-11-01") });
    changes.extends.push(Extension { term: cited("short"), to: at("2029-01-01") });
    changes.corrects.push(Replacement { term: cited("wrong"), by: vec![cited("right")] });
    changes.annuls.push(Cited { value: term_id("void"), position: position(0) });
    draft.record.measures.push(Measure {
        fact: fact("approved"),
        counted: 60,
        total: 100,
        from: at("2026-03-01"),
        recorded: at("2026-03-09"),
        provenance: provenance(),
        position: position(0),
    });
    let offer = &mut draft.record.offers[1];
    offer.price = Some(billions(2));
    offer.content = Some(String::from("sha256:0"));
    offer.sale = Some(Sale {
        party: party("rival"),
        price: billions(1),
        at: at("2026-07-01"),
        recorded: at("2026-06-01"),
    });
    draft.silence.actions.insert(action("sell"), Silence::Prohibited);
    draft.rates = vec![rate()];
    Deal::new(draft).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn rate() -> Rate {
    Rate {
        id: RateId::new("card").expect("tests use good ids"),
        seller: party("cloud"),
        buyer: Some(party("lab")),
        meter: Meter::GpuTime,
        object: Some(object("api")),
        site: Some(SiteId::new("abilene").expect("tests use good ids")),
        gpu: Some(GpuTypeId::new("h100").expect("tests use good ids")),
        price: Price::Flat(Decimal::parse("2.1").expect("a good number")),
        per: PriceUnit::GpuHour,
        currency: usd(),
        minimum: None,
        window: window("2025-01-01", "2026-01-01"),
        provenance: provenance(),
        position: position(0),
    }
}

#[test]
fn a_whole_deal() {
    let as_of = AsOf { at: None, known: Known::ALL };
    expect![[r#"
        # test
        All that was agreed follows, from first to last. Each entry says what one term of an agreement says. Under it stand the term's id, by which others refer to it, and what it rests on: stated by a party, reported by the press, derived by arithmetic from what others said, or assumed by whoever wrote the deal down. What holds from a date was signed and recorded on that day, unless it says otherwise.
        ## The parties
        - Cumulus Services [cloud]: is the cloud.
        - The Lab [lab]: is the lab.
        - Rival [rival]: is the rival.
        - Hill and Dale [venture]: is the venture.
        ## Where the terms are silent
        What no term speaks of may be done. But nobody may supply anything unless a term permits it.
        ## main
        An agreement among Cumulus Services, the Lab, Rival, and Hill and Dale [main].
        ### From 1 January 2025 [2025-01-01]
        - Apart from the Lab itself, only Cumulus Services may host the Lab's API. The Lab owes this to Cumulus Services. | [first] (assumed: test, 1 January 1970)
        - Apart from the Lab itself, only Cumulus Services may host the Lab's API. The Lab owes this to Cumulus Services. | [wrong] (assumed: test, 1 January 1970)
        - Apart from the Lab itself, only Cumulus Services may host the Lab's API. The Lab owes this to Cumulus Services. | [void] (assumed: test, 1 January 1970)
        - Through 2026, apart from the Lab itself, only Cumulus Services may host the Lab's API. The Lab owes this to Cumulus Services. | [short] (assumed: test, 1 January 1970)
        - Before anyone but Cumulus Services builds new capacity, the Lab must offer it to Cumulus Services, which then has 30 days to decide whether to take it. Once Cumulus Services has declined or let that time pass, this no longer keeps the Lab from turning to others, on terms no better than those offered. | [rofr] (assumed: test, 1 January 1970)
        ### From 2026 through 2029, signed on 1 January 2026, recorded on 1 February 2026 [2026-01-01]
        - Cumulus Services allows anyone to supply work on, and tests of, the mini model. | [second] (assumed: test, 1 January 1970)
        - Apart from the Lab itself, only Cumulus Services may host the Lab's API. The Lab owes this to Cumulus Services. | [right] (assumed: test, 1 January 1970)
        Of what was agreed before:
        - [first] gives way to [second].
        - [rofr] does not hold from 1 October 2026 until 1 November 2026.
        - [short] now holds through 2028.
        - [wrong] was written down wrongly: [right] stands in its place from its first day.
        - [void] was never valid.
        ## Questions that the text leaves open
        - Does a runtime fall under it? [runtime] Either it does [stateful]. Or it does not [stateless].
        ## What happened
        The record is complete up to 1 January 2030: what it does not have had not happened by then.
        - This happened on 1 March 2026: a panel has verified it. | [verified] (assumed: test, 1 January 1970)
        - From 2 March 2026 on, it is not the case that the site is safe. | [safe] (assumed: test, 1 January 1970)
        - It is not on record that it is licensed. [licensed]
        - From 1 March 2026 on, 60 of 100 count towards this: it is approved. | [approved] (recorded on 9 March 2026) (assumed: test, 1 January 1970)
        - On 1 April 2026, the Lab offered Cumulus Services new capacity at Abilene, Texas. Cumulus Services did not say in time that it would take it, so its right to this lapsed on 2 May 2026. | [rofr] (assumed: test, 1 January 1970)
        - On 1 June 2026, the Lab offered Cumulus Services new capacity, at a price of USD 2 billion (text sha256:0). Cumulus Services declined on 5 June 2026. On 1 July 2026, the Lab agreed on USD 1 billion with Rival, which is less than was asked before, so it must be offered again. | [rofr] (assumed: test, 1 January 1970)
        - On 1 August 2026, the Lab offered Cumulus Services new capacity in the United States. Cumulus Services took it on 5 August 2026. | [rofr] (assumed: test, 1 January 1970)
        - From 1 May 2026, Cumulus Services consents that anyone may do what [right] forbids. | [yes] (assumed: test, 1 January 1970)
        ## Prices
        - For the Lab's API, at Abilene, Texas, Cumulus Services charges the Lab USD 2.10 for each hour of one H100, in 2025. | [card] (assumed: test, 1 January 1970)
    "#]].assert_eq(&shown(&eventful(), as_of));
}

#[test]
fn a_deal_as_it_stood() {
    let as_of = AsOf { at: Some(at("2026-04-15")), known: Known(at("2026-04-20")) };
    expect![[r#"
        # test
        What is in force on 15 April 2026 follows, as far as it was on record on 20 April 2026. Each entry says what one term of an agreement says. Under it stand the term's id, by which others refer to it, and what it rests on: stated by a party, reported by the press, derived by arithmetic from what others said, or assumed by whoever wrote the deal down.
        ## The parties
        - Cumulus Services [cloud]: is the cloud.
        - The Lab [lab]: is the lab.
        - Rival [rival]: is the rival.
        - Hill and Dale [venture]: is the venture.
        ## Where the terms are silent
        What no term speaks of may be done. But nobody may supply anything unless a term permits it.
        ## main
        An agreement among Cumulus Services, the Lab, Rival, and Hill and Dale [main].
        ### From 1 January 2025 [2025-01-01]
        - Through 2028, apart from the Lab itself, only Cumulus Services may host the Lab's API. The Lab owes this to Cumulus Services. | [short] (assumed: test, 1 January 1970)
        - Before anyone but Cumulus Services builds new capacity, the Lab must offer it to Cumulus Services, which then has 30 days to decide whether to take it. Once Cumulus Services has declined or let that time pass, this no longer keeps the Lab from turning to others, on terms no better than those offered. | [rofr] (assumed: test, 1 January 1970)
        ### From 1 January 2026 [2026-01-01]
        - Cumulus Services allows anyone to supply work on, and tests of, the mini model. | [second] (assumed: test, 1 January 1970)
        - Apart from the Lab itself, only Cumulus Services may host the Lab's API. The Lab owes this to Cumulus Services. | [right] (assumed: test, 1 January 1970)
        ## Questions that the text leaves open
        - Does a runtime fall under it? [runtime] Either it does [stateful]. Or it does not [stateless].
        ## What happened
        The record is complete up to 20 April 2026: what it does not have had not happened by then.
        - This happened on 1 March 2026: a panel has verified it. | [verified] (assumed: test, 1 January 1970)
        - From 2 March 2026 on, it is not the case that the site is safe. | [safe] (assumed: test, 1 January 1970)
        - It is not on record that it is licensed. [licensed]
        - From 1 March 2026 on, 60 of 100 count towards this: it is approved. | [approved] (recorded on 9 March 2026) (assumed: test, 1 January 1970)
        - On 1 April 2026, the Lab offered Cumulus Services new capacity at Abilene, Texas. If Cumulus Services does not take it before, its right to this lapses on 2 May 2026. | [rofr] (assumed: test, 1 January 1970)
    "#]].assert_eq(&shown(&eventful(), as_of));
}

#[test]
fn prices() {
    let mut draft = draft();
    let meter = |meter, per, price: &str| Rate {
        buyer: None,
        object: None,
        site: None,
        gpu: None,
        meter,
        per,
        price: Price::Flat(Decimal::parse(price).unwrap()),
        window: window("2025-01-01", ""),
        ..rate()
    };
    draft.rates = vec![
        rate(),
        meter(Meter::GpuTime, PriceUnit::GpuHour, "2"),
        meter(Meter::TokensIn, PriceUnit::MillionTokens, "2.5"),
        meter(Meter::TokensOut, PriceUnit::MillionTokens, "15"),
        meter(Meter::Power, PriceUnit::MwYear, "1800000"),
        Rate { seller: party("venture"), ..meter(Meter::Power, PriceUnit::KwHour, "0.085") },
    ];
    let deal = Deal::new(draft).unwrap_or_else(|problems| panic!("{problems:?}"));
    let text = shown(&deal, AsOf { at: None, known: Known::ALL });
    let (_, prices) = text.split_once("## Prices\n").unwrap();
    expect![[r#"
        - For the Lab's API, at Abilene, Texas, Cumulus Services charges the Lab USD 2.10 for each hour of one H100, in 2025. | [card] (assumed: test, 1 January 1970)
        - Cumulus Services charges USD 2.00 for each hour of one GPU, from 1 January 2025. | [card] (assumed: test, 1 January 1970)
        - Cumulus Services charges USD 2.50 for each million tokens read, from 1 January 2025. | [card] (assumed: test, 1 January 1970)
        - Cumulus Services charges USD 15.00 for each million tokens written, from 1 January 2025. | [card] (assumed: test, 1 January 1970)
        - Cumulus Services charges USD 1.8 million for each megawatt of power that is made available for a year, from 1 January 2025. | [card] (assumed: test, 1 January 1970)
        - Hill and Dale charge USD 0.085 for each kilowatt-hour of power, from 1 January 2025. | [card] (assumed: test, 1 January 1970)
    "#]].assert_eq(prices);
}
