//! Problems between the parts of a deal, in a reader's words.

use std::collections::BTreeSet;
use std::fmt::Display;

use comity_base::{PartyId, TermId};
use comity_terms::{Misfit, Position, Problem, ProblemKind, RightProblem};

use crate::diagnostic::{Budget, Diagnostic, Place};

/// The diagnostics for problems; `place` finds how long the text at a position is.
///
/// Two exclusive rights contradict each other both ways: that is reported once.
pub(crate) fn diagnose_all<'a>(
    problems: impl IntoIterator<Item = &'a Problem>,
    place: impl Fn(&Position) -> Place,
) -> Vec<Diagnostic> {
    let mut seen: BTreeSet<(&Position, BTreeSet<&TermId>)> = BTreeSet::new();
    let mut out = Vec::new();
    let budget = Budget::default();
    for problem in problems {
        if let ProblemKind::Contradiction { permits, forbids, .. } = &problem.kind
            && !seen.insert((&problem.position, BTreeSet::from([permits, forbids])))
        {
            continue;
        }
        out.push(diagnose(problem, &place, &budget));
    }
    out
}

/// What to do about an exception that those did not agree to to whom the term is owed.
const FOREIGN_CARVE_OUT: &str = "an exception is for those to agree to whom the term is owed: put it into an agreement that they signed, or record their consent";

/// Which unit goes with which meter.
const UNITS: &str = "`gpu-time`, `node-time` and `core-time` are priced per `gpu-hour`, `node-hour` and `core-hour`, tokens per `million-tokens`, `power` per `mw-month`, `mw-year` or `kw-hour`, `storage` per `tb-month`";

/// Who can consent to what is owed to these.
fn who_can(owed_to: &BTreeSet<PartyId>) -> String {
    if owed_to.is_empty() {
        return "the term is owed to nobody, so nobody can consent".to_owned();
    }
    format!("the term is owed to {}: only it can consent", list(owed_to))
}

fn diagnose(problem: &Problem, place: impl Fn(&Position) -> Place, budget: &Budget) -> Diagnostic {
    let nearest = |diagnostic: Diagnostic, term: &TermId, terms: &BTreeSet<TermId>| {
        if !budget.take(terms.len()) {
            return diagnostic;
        }
        diagnostic.nearest(term.as_str(), terms.iter().map(TermId::as_str))
    };
    let new = |title: String| Diagnostic::new(place(&problem.position), title);
    match &problem.kind {
        ProblemKind::TermTwice { term, first } => {
            new(format!("term `{term}` is defined twice")).also(place(first), "first here")
        }
        ProblemKind::UnknownTerm { term, known } => {
            nearest(new(format!("unknown term `{term}`")), term, known)
        }
        ProblemKind::NotInForce { term, at, in_force } => {
            let diagnostic = new(format!("term `{term}` is not in force on {at}"))
                .label("an amendment can only replace or end what is in force when it takes effect");
            nearest(diagnostic, term, in_force)
        }
        ProblemKind::NotAdded { term, added } => {
            nearest(new(format!("term `{term}` is not among what this version adds")), term, added)
        }
        ProblemKind::VersionsOverlap { agreement, other, first, window } => new(format!(
            "versions of `{agreement}` overlap: this one and `{other}` become effective together, in {window}"
        ))
        .also(place(first), "the other version")
        .help("give each version a date of its own, or make one of the two"),
        ProblemKind::Contradiction { permits, forbids, other, window } => new(format!(
            "terms contradict: `{permits}` permits what `{forbids}` forbids, in {window}"
        ))
        .also(place(other), "the other term")
        .help(format!(
            "state which comes first: `overrides: [{forbids}]` in `{permits}`, or `overrides: [{permits}]` in `{forbids}`"
        )),
        ProblemKind::Circle { terms } => {
            let list = list(terms);
            new(format!("terms override each other in a circle: {list}"))
                .help("remove one `overrides`, so that one term has the last word")
        }
        ProblemKind::NoEffect { term, overridden } => {
            new(format!("`{term}` can have no effect on `{overridden}`")).help(
                "a permission overrides a prohibition, a first refusal or a clause; a prohibition overrides a permission",
            )
        }
        ProblemKind::Stranger { by, term, owed_to } => {
            new(format!("`{by}` cannot consent to what `{term}` forbids")).help(who_can(owed_to))
        }
        ProblemKind::NotSigned { party, agreement, signed } => {
            new(format!("party `{party}` did not sign agreement `{agreement}`"))
                .help(format!("signed by {}", list(signed)))
        }
        ProblemKind::SharesAboveWhole { payer, product, terms, window } => new(format!(
            "more than 100 % of the revenue of `{payer}` from `{product}` is shared in {window}"
        ))
        .help(format!("by {} together", list(terms))),
        ProblemKind::EquityAboveWhole { company, terms, window } => new(format!(
            "more than 100 % of `{company}` is held in {window}"
        ))
        .help(format!("by {} together", list(terms))),
        ProblemKind::RatesOverlap { other, first, window } => {
            new(format!("this line prices the same use as `{other}` in {window}"))
                .also(place(first), "the other line")
                .help("let the earlier line end with `to:` where this one begins, or narrow one of them")
        }
        ProblemKind::WrongUnit { rate } => {
            new(format!("rate `{rate}` is for a unit that its meter does not count")).help(UNITS)
        }
        ProblemKind::PartnerFunds { party, commitment } => new(format!(
            "`{party}` is a technology partner that funds nothing, but has the capital commitment `{commitment}`"
        ))
        .help("set `funds: true`, or take the capital commitment out"),
        ProblemKind::Misfit { of, misfit } => {
            let (title, help) = misfit_text(of, misfit);
            new(title).help(help)
        }
        ProblemKind::NotFirstRefusal { term } => {
            new(format!("term `{term}` is not a first refusal, so nothing can be offered under it"))
        }
        ProblemKind::NothingLifted { consent, term } => nothing_lifted(new, consent, term),
        ProblemKind::ForeignCarveOut { overridden, of, owed_to, agreement } => new(format!(
            "`{overridden}` of `{of}` cannot be overridden in `{agreement}`: {} did not sign that",
            list(owed_to)
        ))
        .help(FOREIGN_CARVE_OUT),
        ProblemKind::Right(right) => of_a_right(right, new, &place),
    }
}

fn nothing_lifted(
    new: impl Fn(String) -> Diagnostic,
    consent: &TermId,
    term: &TermId,
) -> Diagnostic {
    new(format!(
        "consent `{consent}` is limited to what `{term}` does not speak of, so it lifts nothing"
    ))
    .help("limit it to a part of what the term is about, or leave the limits out")
}

/// Problems with options and guarantees.
fn of_a_right(
    problem: &RightProblem,
    new: impl Fn(String) -> Diagnostic,
    place: impl Fn(&Position) -> Place,
) -> Diagnostic {
    match problem {
        RightProblem::NotOption { term } => {
            new(format!("term `{term}` is not an option, so it cannot be exercised"))
        }
        RightProblem::NotHolder { by, option, holder } => {
            new(format!("`{by}` cannot exercise `{option}`"))
                .help(format!("the option is `{holder}`'s: only it can exercise it"))
        }
        RightProblem::NotExercisable { option, on, windows } => {
            let windows: Vec<String> = windows.iter().map(ToString::to_string).collect();
            new(format!("option `{option}` cannot be exercised on {on}")).help(
                if windows.is_empty() {
                    "the option never holds".to_owned()
                } else {
                    format!("it can be in {}", windows.join(" and "))
                },
            )
        }
        RightProblem::ExerciseUnfounded { option, fact, holds, on } => new(format!(
            "option `{option}` cannot be exercised on {on}: `{fact}` is not on record as {holds}"
        ))
        .help("put the fact into the record from its own date on, with what it rests on"),
        RightProblem::ExercisedTwice { option, first } => {
            new(format!("option `{option}` is exercised twice")).also(place(first), "first here")
        }
        RightProblem::BroughtTwice { term, other, first } => {
            new(format!("term `{term}` is brought by option `{other}` already"))
                .also(place(first), "there")
                .help("give each option terms of its own")
        }
        RightProblem::BringsItself { option } => {
            new(format!("option `{option}` is brought only by its own exercise"))
                .help("an option that nothing brings, or an earlier option does, can be exercised")
        }
        RightProblem::NotOwed { term, debtor, beneficiary, owed } => new(format!(
            "`{term}` is nothing that `{debtor}` owes `{beneficiary}`"
        ))
        .help(match owed {
            Some((bound, to)) => format!("by that term `{bound}` owes `{to}`"),
            None => "that term does not say who owes what to whom".to_owned(),
        }),
        RightProblem::GuaranteesItself { party } => {
            new(format!("`{party}` guarantees what it owes itself"))
                .help("a guarantor answers for another party")
        }
    }
}

fn list<'a, T: Display + 'a>(items: impl IntoIterator<Item = &'a T>) -> String {
    let items: BTreeSet<String> = items.into_iter().map(|item| format!("`{item}`")).collect();
    items.into_iter().collect::<Vec<_>>().join(", ")
}

/// What does not fit, and what to do about it.
fn misfit_text(of: &str, misfit: &Misfit) -> (String, String) {
    let (title, help) = match misfit {
        Misfit::PartsNotWhole => (
            format!("the parts of `{of}` do not make up the whole"),
            "the parts under `between:` add up to 100 %, each party once; thirds are `1/3`",
        ),
        Misfit::WithinOther(outer) => (
            format!("`{of}` cannot count for `{outer}`"),
            "`within:` names a commitment of the same buyer to the same seller",
        ),
        Misfit::WithinItself => (
            format!("`{of}` counts for itself, through others"),
            "`within:` leads from narrower commitments to wider ones",
        ),
        Misfit::WithinOtherMeasure(outer) => (
            format!("`{of}` and `{outer}` are stated in different things"),
            "a commitment counts for one in the same currency, or of use of the same meter",
        ),
        Misfit::WrongUnit => (
            format!("`{of}` is for a unit that its meter does not count"),
            "`gpu-time` is counted per `gpu-hour`, tokens per `million-tokens`, and so on",
        ),
        Misfit::Milestones => (
            format!("the milestones of `{of}` are not in order"),
            "each is later and higher than the one before, in a commitment over the whole `term`",
        ),
        Misfit::NoNextInterval => (
            format!("what `{of}` leaves over has no next interval"),
            "`unused:` needs an `interval:` shorter than the term",
        ),
        Misfit::UpfrontOfNoEnd => (
            format!("`{of}` has no end, so a part of all of it is not known"),
            "give the term a `to:`, or pay nothing upfront",
        ),
        Misfit::PrepaidWithoutPrice => {
            (format!("`{of}` is paid ahead without a price"), "give its `use:` a `price:`")
        }
        Misfit::ShortfallWithoutPrice => (
            format!("what falls short of `{of}` is to be paid, but has no price"),
            "give its `use:` a `price:`, or say `shortfall: show`",
        ),
        Misfit::Currencies => (
            format!("the amounts of `{of}` are in several currencies"),
            "a term is stated in one currency",
        ),
        Misfit::ToItself => {
            (format!("`{of}` converts a currency to itself"), "`of:` and `in:` are two currencies")
        }
        Misfit::ConvertedTwice { other } => (
            format!("`{of}` and `{other}` convert the same currencies at the same time"),
            "let the earlier one end with `to:` where this one begins",
        ),
    };
    (title, help.to_owned())
}
