//! What a first refusal delays when its holder is silent: which parts of which sites, until when, and
//! what is on record for it.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use comity_base::{Instant, Known, PartyId, PlaceId, SiteId};
use comity_lang::Loaded;
use comity_price::{Delayed, delayed};
use comity_replay::Under;
use comity_terms::{Answer, Offer, Refusal, Request, Role, decide};

use common::{at, deal, term};

/// A first refusal of the cloud that holds from February to November of 2025.
const AGREEMENT: &str = "\
kind: version
agreement: main
name: Main
parties: [lab, cloud, rival]
version: \"2025-02-01\"
summary: A first refusal.
executed: 2025-01-01
effective: {from: 2025-02-01}
recorded: 2025-01-01
adds:
  - first-refusal: {id: refusal, holder: cloud, grantor: lab, action: build, object: capacity, for: lab, election-days: 90, to: 2025-12-01, MORE BASIS}
  - duty: {id: report, bound: lab, owed-to: cloud, text: it reports, BASIS}
";
const SITES: &str = "\
kind: sites
gpus: {h100: {name: H100}}
sites:
  plain:
    name: what is there by no act
    place: us
    owner: rival
    host: rival
    operator: rival
    phases: [{from: 2025-03-01, gpu: h100, gpus: 7, power-mw: 1, BASIS}]
    BASIS
  rival-us:
    name: what the rival builds
    place: us
    owner: rival
    host: rival
    operator: rival
    acts: [{action: build, object: capacity, by: host}]
    phases:
      - {from: 2025-12-15, gpu: h100, gpus: 50, power-mw: 1, BASIS}
      - {from: 2025-01-15, gpu: h100, gpus: 10, power-mw: 1, BASIS}
      - {from: 2025-06-01, gpu: h100, gpus: 30, power-mw: 1, BASIS}
      - {from: 2025-03-01, to: 2025-09-01, gpu: h100, gpus: 20, power-mw: 1, BASIS}
      - {from: 2025-04-15, gpu: h100, gpus: 0, power-mw: 1, BASIS}
      - {from: 2025-06-01, gpu: h100, gpus: 5, power-mw: 1, BASIS}
      - {from: 2025-07-01, to: 2025-07-20, gpu: h100, gpus: 40, power-mw: 1, BASIS}
    BASIS
  own:
    name: what the holder builds
    place: us
    owner: cloud
    host: cloud
    operator: cloud
    acts: [{action: build, object: capacity, by: host}]
    phases: [{from: 2025-03-01, gpu: h100, gpus: 9, power-mw: 1, BASIS}]
    BASIS
";
const RECORD: &str = "\
kind: record
complete-to: 2025-12-31
facts: []
offers:
  - {term: refusal, place: rival-us, notice: 2025-02-10, recorded: 2025-02-10, BASIS}
  - {term: refusal, place: plain, notice: 2025-02-11, recorded: 2025-02-11, BASIS}
consents: []
";
const WORKLOAD: &str = "\
kind: workload
period: {from: 2025-06-01, to: 2025-07-01}
seed: 1
streams:
  train:
    party: lab
    purpose: training
    acts: [{action: host, object: api, by: user}]
    jobs:
      per-day: 1
      sizes: [{gpus: 1, weight: 1}]
      run: [{share: 0 %, hours: 1}, {share: 100 %, hours: 2}]
      asked-percent: 150
    BASIS
";

fn small(more: &str) -> Loaded {
    deal(&[
        ("main.yaml", &AGREEMENT.replace("MORE", more)),
        ("sites.yaml", SITES),
        ("record.yaml", RECORD),
        ("workload.yaml", WORKLOAD),
    ])
}

fn delay(loaded: &Loaded, under: Under, id: &str, days: u32) -> Option<Delayed> {
    let workload = loaded.workload.as_ref().unwrap();
    delayed(&loaded.deal, &loaded.fleet, workload, under, &term(id), days).unwrap()
}

fn moved(delayed: &Delayed) -> Vec<String> {
    let show = |(site, filed, opens): &(SiteId, Instant, Option<Instant>)| {
        let opens = opens.map_or("never".to_owned(), |opens| opens.to_string());
        format!("{site} {filed} {opens}")
    };
    delayed.moved.iter().map(show).collect()
}

/// When phases open and close, and with how many GPUs.
fn phases(delayed: &Delayed, site: &str) -> Vec<(String, u32)> {
    let site = delayed.fleet.site(&SiteId::new(site).unwrap()).unwrap();
    site.phases.iter().map(|it| (it.window.start().to_string(), it.gpus)).collect()
}

/// The offers under the right by place and notice.
fn offers(delayed: &Delayed) -> Vec<(String, Instant)> {
    let offer = |it: &Offer| (it.place.as_ref().unwrap().to_string(), it.notice);
    delayed.deal.parts().record.offers.iter().map(offer).collect()
}

/// How it stands with the right for building at a place, and what the terms answer.
fn standing(delayed: &Delayed, place: &str, date: Instant) -> (Option<Refusal>, Answer) {
    let rules = delayed.deal.rules(Known::ALL);
    let request = Request {
        party: PartyId::new("rival").unwrap(),
        action: comity_base::ActionId::new("build").unwrap(),
        object: comity_base::ObjectId::new("capacity").unwrap(),
        beneficiary: Some(PartyId::new("lab").unwrap()),
        purpose: None,
        place: Some(PlaceId::new(place).unwrap()),
        amount: None,
        at: date,
    };
    let decision = decide(&rules, &request);
    let refusal = decision.reasons.iter().find_map(|it| {
        let Role::FirstRefusal(refusal) = it.role else { return None };
        Some(refusal)
    });
    (refusal, decision.answer)
}

#[test]
fn what_would_open_while_the_right_holds_opens_at_its_deadline() {
    let delayed = delay(&small(""), Under::Calendar, "refusal", 30).unwrap();
    // Thirty days after the day of the notice, to the end of the last.
    let expected = [
        "rival-us 2025-03-01 2025-04-01",
        "rival-us 2025-06-01 2025-07-02",
        "rival-us 2025-06-01 2025-07-02",
        "rival-us 2025-07-01 never",
    ];
    assert_eq!(moved(&delayed), expected);
    // What opened before it held or opens after, and what has no GPUs, opens as filed; what would
    // close before it lapses is never there.
    let expected = [
        ("2025-12-15", 50),
        ("2025-01-15", 10),
        ("2025-07-02", 30),
        ("2025-04-01", 20),
        ("2025-04-15", 0),
        ("2025-07-02", 5),
    ];
    assert_eq!(phases(&delayed, "rival-us"), expected.map(|(at, gpus)| (at.to_owned(), gpus)));
    // No act of a site, and no act of the holder, asks for an offer.
    assert_eq!(phases(&delayed, "plain"), [("2025-03-01".to_owned(), 7)]);
    assert_eq!(phases(&delayed, "own"), [("2025-03-01".to_owned(), 9)]);
}

#[test]
fn days_are_counted_as_the_right_counts_them() {
    let delayed = delay(&small("days: business,"), Under::Calendar, "refusal", 10).unwrap();
    // 2025-03-01 is a Saturday: ten working days end with Friday, 2025-03-14.
    assert_eq!(moved(&delayed)[0], "rival-us 2025-03-01 2025-03-15");
    assert_eq!(moved(&delayed)[3], "rival-us 2025-07-01 2025-07-16");
}

#[test]
fn terms_that_are_frozen_hold_for_every_phase() {
    let frozen = |date| delay(&small(""), Under::TermsOf(at(date)), "refusal", 30).unwrap();
    let all = moved(&frozen("2025-05-01"));
    assert_eq!(all.len(), 6);
    assert_eq!(all[0], "rival-us 2025-01-15 2025-02-15");
    assert_eq!(all[5], "rival-us 2025-12-15 2026-01-15");
}

#[test]
fn each_part_that_is_delayed_is_offered_once_and_opens_when_that_offer_lapses() {
    let delayed = delay(&small(""), Under::Calendar, "refusal", 30).unwrap();
    // What was on record for another site stays; for this one it is what is assumed.
    let expected = [
        ("plain", "2025-02-11"),
        ("rival-us", "2025-03-01"),
        ("rival-us-part-2", "2025-06-01"),
        ("rival-us-part-3", "2025-07-01"),
    ];
    assert_eq!(offers(&delayed), expected.map(|(place, notice)| (place.to_owned(), at(notice))));
    let places = &delayed.deal.parts().vocabulary.places;
    let [site, part, us] =
        ["rival-us", "rival-us-part-2", "us"].map(|it| PlaceId::new(it).unwrap());
    assert!(places.lies_within(&part, &site) && places.lies_within(&part, &us));
    for (place, notice) in &offers(&delayed)[1..] {
        let lapses = notice.plus_seconds(31 * Instant::DAY);
        let (open, answer) = standing(&delayed, place, lapses.plus_seconds(-1));
        assert_eq!(
            (open, answer),
            (Some(Refusal::Offered { deadline: lapses }), Answer::Conditional)
        );
        assert_eq!(standing(&delayed, place, lapses).1, Answer::Allow, "{place}");
        // The day of the offer is that on which something would open, and its end that on which
        // all of this that opens does.
        let opened = delayed.moved.iter().filter(|it| it.1 == *notice);
        assert!(opened.clone().count() > 0);
        assert!(opened.filter_map(|it| it.2).all(|opens| opens == lapses));
    }
    // What stands at the site may go on while a later part of it is offered.
    for date in ["2025-04-01", "2025-06-01", "2025-06-15", "2025-07-10", "2025-11-30"] {
        assert_eq!(standing(&delayed, "rival-us", at(date)).1, Answer::Allow, "{date}");
    }
}

#[test]
fn what_has_lapsed_is_sold_inside_the_sale_window() {
    let delayed = delay(&small("sale-window-days: 10,"), Under::Calendar, "refusal", 30).unwrap();
    for date in ["2025-04-01", "2025-04-11", "2025-05-01", "2025-11-30"] {
        assert_eq!(standing(&delayed, "rival-us", at(date)).1, Answer::Allow, "{date}");
    }
}

#[test]
fn a_name_that_is_taken_is_not_given_to_a_part() {
    let taken = SITES.replace("  own:\n", "  rival-us-part-2:\n");
    let loaded = deal(&[
        ("main.yaml", &AGREEMENT.replace("MORE", "")),
        ("sites.yaml", &taken),
        ("workload.yaml", WORKLOAD),
    ]);
    let delayed = delay(&loaded, Under::Calendar, "refusal", 30).unwrap();
    let places: Vec<String> = offers(&delayed).into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["rival-us", "rival-us-part-3", "rival-us-part-4"]);
}

#[test]
fn only_a_first_refusal_has_days() {
    let loaded = small("");
    assert!(delay(&loaded, Under::Calendar, "report", 30).is_none());
    assert!(delay(&loaded, Under::Calendar, "nothing", 30).is_none());
}
