//! The rulebook against general policy engines, single thread, one run:
//! `cargo run --release --manifest-path bench/peers/Cargo.toml`.
//!
//! With `show`, prints the rules in the language of each engine instead. With `differential`,
//! holds the rulebook against Cedar on random rules and requests, for as many sets of rules as
//! the next word says.

use std::hint::black_box;
use std::time::Instant as Clock;

use comity_base::Known;
use comity_peers::casbin::Casbin;
use comity_peers::cedar::{Asked as Names, Cedar};
use comity_peers::random::{Wins, asks, rules, vocabulary};
use comity_peers::rego::Rego;
use comity_peers::rules::{Ask, article};
use comity_peers::{Failure, casbin, cedar, differential, ours, rego};
use comity_terms::{Answer, Asked, Region, Rulebook, Verdict, decide};

const REQUESTS: usize = 20_000;
const SECONDS: f64 = 1.0;
/// A part of a measurement lasts about so long.
const PART_SECONDS: f64 = 40e-6;

fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    match words.next().as_deref() {
        Some("show") => show(),
        Some("differential") => {
            let sets = words.next().map_or(Ok(1_000), |count| count.parse())?;
            println!("{} answers equal to Cedar's", differential::run(0..sets, 200)?);
            Ok(())
        }
        Some(other) => Err(format!("no such mode: `{other}`; try `show` or `differential`").into()),
        None => measure(),
    }
}

fn show() -> Result<(), Failure> {
    let rules = article();
    for (kind, text) in ours::files(&rules)? {
        println!("# {}.yaml\n{text}", kind.name());
    }
    println!("{}", cedar::policies(&rules, Names::Leaves)?);
    println!("{}", rego::policy(&rules)?);
    println!("{}", casbin::policy(&rules)?);
    Ok(())
}

fn measure() -> Result<(), Failure> {
    let rules = article();
    let asks = asks(&rules.vocabulary, true, REQUESTS, 1);
    let deal = ours::deal(&rules)?;
    let in_force = deal.rules(Known::ALL);
    let started = Clock::now();
    let book = Rulebook::compile(&in_force);
    println!(
        "{} terms, compiled in {:.1} ms; {REQUESTS} requests as strings, one thread",
        rules.rules.len(),
        started.elapsed().as_secs_f64() * 1e3
    );
    let expected = answers(&book, &asks)?;
    let cedar = Cedar::new(&rules, Names::Leaves)?;
    let mut rego = Rego::new(&rules)?;
    let casbin = Casbin::new(&rules)?;
    check("cedar-policy", &asks, &expected, |ask| cedar.allows(ask))?;
    check("regorus", &asks, &expected, |ask| rego.allows(ask))?;
    check("casbin", &asks, &expected, |ask| casbin.allows(ask))?;
    let allowed = expected.iter().filter(|allowed| **allowed).count();
    println!("all four give the same {} answers, {allowed} of them allow\n", asks.len());

    let strings = from_strings(&book, &asks);
    let plain = asks.iter().map(ours::request).collect::<Result<Vec<_>, _>>()?;
    let rows = [
        ("rulebook, from strings, with the live terms", strings),
        ("`decide` (all reasons, typed request)", rate(&plain, |it| decide(&in_force, it).answer)),
        ("cedar-policy 4.14", rate(&asks, |ask| cedar.allows(ask))),
        ("regorus 0.14, bytecode machine", rate(&asks, |ask| rego.allows(ask))),
        ("casbin 2.20", rate(&asks, |ask| casbin.allows(ask))),
    ];
    println!("{:<46} {:>14} {:>10}", "", "decisions/s", "ours is ×");
    for (what, per_second) in rows {
        println!("{what:<46} {per_second:>14.0} {:>10.1}", strings / per_second);
    }
    println!();
    own_goals("24 terms", &book, &asks);
    prove()?;
    thousand()
}

/// One property of a deal with more than 600,000 cells, for every cell: nothing is both permitted
/// and forbidden by terms of which none overrides the other.
fn prove() -> Result<(), Failure> {
    let names = vocabulary(12, 6, 24);
    let deal = ours::deal(&rules(&names, 24, Wins::Either, 11))?;
    let book = Rulebook::compile(&deal.rules(Known::ALL));
    let (mut cells, mut conflicts, mut seconds) = (0_u64, 0_u64, f64::INFINITY);
    for _ in 0..9 {
        let started = Clock::now();
        (cells, conflicts) = (0, 0);
        book.for_each_cell(&Region::ALL, |cell| {
            cells += 1;
            conflicts += u64::from(cell.decided.verdict == Verdict::Conflict);
        });
        seconds = seconds.min(started.elapsed().as_secs_f64());
    }
    if cells < 600_000 {
        return Err(format!("the deal has only {cells} cells").into());
    }
    println!(
        "no conflict, for each of {cells} cells of 24 terms: {conflicts} found in {:.1} ms",
        seconds * 1e3
    );
    Ok(())
}

fn thousand() -> Result<(), Failure> {
    let names = vocabulary(12, 8, 60);
    let rules = rules(&names, 1_000, Wins::Either, 7);
    let asks = asks(&names, false, REQUESTS, 2);
    let deal = ours::deal(&rules)?;
    let in_force = deal.rules(Known::ALL);
    let started = Clock::now();
    let book = Rulebook::compile(&in_force);
    println!("\n1,000 terms compiled in {:.0} ms", started.elapsed().as_secs_f64() * 1e3);
    own_goals("1,000 terms", &book, &asks);
    crowded()
}

/// A thousand terms that all speak of one act: many words for each decision.
fn crowded() -> Result<(), Failure> {
    let names = vocabulary(12, 1, 1);
    let rules = rules(&names, 1_000, Wins::Forbid, 9);
    let asks = asks(&names, false, REQUESTS, 3);
    let deal = ours::deal(&rules)?;
    let book = Rulebook::compile(&deal.rules(Known::ALL));
    println!();
    own_goals("1,000 terms on one act", &book, &asks);
    Ok(())
}

fn own_goals(what: &str, book: &Rulebook, asks: &[Ask]) {
    println!("{what}: from strings {:.1} million/s", from_strings(book, asks) / 1e6);
    let asked: Vec<Asked> = asks.iter().filter_map(|it| book.resolve(&ours::strs(it))).collect();
    println!("{what}: on ids {:.1} million/s", rate(&asked, |it| book.decide(it)) / 1e6);
    let (mut cells, mut allowed, mut denied) = (0_u64, 0_u64, 0_u64);
    let mut seconds = f64::INFINITY;
    for _ in 0..3 {
        let started = Clock::now();
        (cells, allowed, denied) = (0, 0, 0);
        book.for_each_cell(&Region::ALL, |cell| {
            cells += 1;
            allowed += u64::from(cell.decided.answer == Answer::Allow);
            denied += u64::from(cell.decided.answer == Answer::Deny);
        });
        seconds = seconds.min(started.elapsed().as_secs_f64());
    }
    println!(
        "{what}: {cells} cells ({allowed} allow, {denied} deny) in {:.1} ms; {:.1} ms for 600,000",
        seconds * 1e3,
        seconds * 1e3 * 600_000.0 / f64::from(u32::try_from(cells).unwrap_or(u32::MAX))
    );
}

fn answers(book: &Rulebook, asks: &[Ask]) -> Result<Vec<bool>, Failure> {
    let answer = |ask: &Ask| {
        let decided = book.decide_strs(&ours::strs(ask)).ok_or("a name is not found")?;
        match decided.answer {
            Answer::Allow => Ok(true),
            Answer::Deny => Ok(false),
            Answer::Conditional | Answer::Undetermined => Err(format!("undecided: {ask:?}").into()),
        }
    };
    asks.iter().map(answer).collect()
}

fn check(
    what: &str,
    asks: &[Ask],
    expected: &[bool],
    mut allows: impl FnMut(&Ask) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    for (ask, expected) in asks.iter().zip(expected) {
        if allows(ask)? != *expected {
            return Err(format!("{what} does not answer {expected}: {ask:?}").into());
        }
    }
    Ok(())
}

fn from_strings(book: &Rulebook, asks: &[Ask]) -> f64 {
    rate(asks, |ask| {
        let decided = book.decide_strs(&ours::strs(ask));
        decided.map(|decided| {
            decided.live().for_each(|term| {
                black_box(term);
            });
            decided.answer
        })
    })
}

/// How many times a second this is done, in rounds over everything for about a second and at
/// least five. Each part of a round counts at its fastest, so that what else runs on the machine
/// counts little; a part is of about the same time for all, so that it helps none more.
fn rate<T, R>(of: &[T], mut each: impl FnMut(&T) -> R) -> f64 {
    let started = Clock::now();
    of.iter().take(500).for_each(|one| {
        black_box(each(black_box(one)));
    });
    let fits = 500.0 * PART_SECONDS / started.elapsed().as_secs_f64();
    let part = (1..=500).rev().find(|part| f64::from(*part) <= fits).unwrap_or(1);
    let part = usize::try_from(part).expect("it is at most 500");
    let mut fastest = vec![f64::INFINITY; of.len().div_ceil(part)];
    let mut rounds = 0;
    while rounds < 5 || started.elapsed().as_secs_f64() < SECONDS {
        rounds += 1;
        for (part, fastest) in of.chunks(part).zip(&mut fastest) {
            let started = Clock::now();
            for one in part {
                black_box(each(black_box(one)));
            }
            *fastest = fastest.min(started.elapsed().as_secs_f64());
        }
    }
    f64::from(u32::try_from(of.len()).expect("there are few")) / fastest.iter().sum::<f64>()
}
