//! `comity prove`: what holds of every request, and what the deal's authors expect of it.

use std::fmt::Write as _;

use comity_base::TermId;
use comity_lang::{Diagnostic, Place, Source};
use comity_proof::{Case, Failure, Proved, Standing, check, prove};
use comity_terms::{Draft, Expectation};
use serde_json::{Value, json};

use crate::args::ProveArgs;
use crate::commands::Outcome;
use crate::commands::diff::{acts, extent_json, outcome_json, period, settled};
use crate::commands::read::wrap;
use crate::load::{LoadError, counted, load, sources};
use crate::render::print;
use crate::status;

/// How many cases of one property are printed as text; JSON has all.
const CASES_MAX: usize = 12;

pub(crate) fn run(args: &ProveArgs) -> Outcome {
    let loaded = load(&args.deal)?;
    let proved = prove(&loaded.deal);
    let failures = check(&loaded.deal, &loaded.expectations);
    let text = if args.json {
        format!("{:#}\n", json(&proved, &loaded.expectations, &failures))
    } else {
        text(loaded.deal.parts(), &proved, &loaded.expectations, &failures)
    };
    print(&text)?;
    if !failures.is_empty() && !args.json {
        return Err(unmet(&args.deal, &failures)?.into());
    }
    let failed = proved.iter().any(|it| it.standing == Standing::Fail) || !failures.is_empty();
    Ok(if failed { status::PROBLEMS } else { status::CLEAN })
}

/// Expectations that do not hold, as problems of the files in which they stand.
pub(crate) fn unmet(
    folder: &std::path::Path,
    failures: &[Failure],
) -> Result<LoadError, LoadError> {
    let (sources, unreadable) = sources(folder)?;
    let diagnostics = failures.iter().map(|failure| diagnostic(failure, &sources)).collect();
    Ok(LoadError::Problems { unreadable, sources, diagnostics })
}

fn diagnostic(failure: &Failure, sources: &[Source]) -> Diagnostic {
    let position = failure.position.clone();
    let source = sources.iter().find(|source| source.path == position.file);
    let index = |from_one: u32| usize::try_from(from_one).unwrap_or(usize::MAX).saturating_sub(1);
    let line = source.and_then(|source| source.text.lines().nth(index(position.line)));
    let rest = line.unwrap_or_default().chars().skip(index(position.column));
    let length = rest.take_while(|c| c.is_alphanumeric() || *c == '-').count().max(1);
    let place = Place { position, length: u32::try_from(length).unwrap_or(1) };
    let mut help: Vec<String> = failure.cases.iter().take(CASES_MAX).map(case_line).collect();
    if failure.cases.len() > CASES_MAX {
        help.push(format!("and {} more cases", failure.cases.len() - CASES_MAX));
    }
    Diagnostic {
        place,
        title: failure.title.clone(),
        label: Some("expected here".to_owned()),
        also: Vec::new(),
        help,
    }
}

/// A case in one line.
fn case_line(case: &Case) -> String {
    let mut line = String::new();
    if let Some(extent) = &case.extent {
        let _ = write!(line, "{extent}: ");
    }
    line.push_str(&case.text);
    for (view, outcome) in &case.answers {
        let _ = write!(line, "; {view}: {}", settled(outcome));
    }
    if case.answers.is_empty() && !case.terms.is_empty() {
        let terms: Vec<&str> = case.terms.iter().map(TermId::as_str).collect();
        let _ = write!(line, " ({})", terms.join(", "));
    }
    line.push_str(&periods(case));
    line
}

fn periods(case: &Case) -> String {
    let shown: Vec<String> = case.periods.iter().map(|it| period(*it)).collect();
    if shown.is_empty() { String::new() } else { format!(", {}", shown.join(" and ")) }
}

fn text(
    deal: &Draft,
    proved: &[Proved],
    expectations: &[Expectation],
    failures: &[Failure],
) -> String {
    let failed = proved.iter().filter(|it| it.standing == Standing::Fail).count();
    let mut out = format!("{}: ", deal.name);
    let _ = match failed {
        0 => writeln!(out, "every property holds"),
        count => writeln!(out, "{} not hold", counted(count, "property does", "properties do")),
    };
    for it in proved {
        let mark = match it.standing {
            Standing::Pass => "pass",
            Standing::Fail => "FAIL",
            Standing::Information => "note",
        };
        let line = format!("{} ({})", it.property.statement(), it.covered);
        wrap(&line, &format!("\n{mark}  "), "      ", &mut out);
        for case in it.cases.iter().take(CASES_MAX) {
            case_text(deal, case, &mut out);
        }
        if it.cases.len() > CASES_MAX {
            let _ = writeln!(out, "      - and {} more", it.cases.len() - CASES_MAX);
        }
    }
    let mark = if failures.is_empty() { "pass" } else { "FAIL" };
    let all = counted(expectations.len(), "expectation", "expectations");
    let _ = match failures.len() {
        0 => writeln!(out, "\n{mark}  what the deal expects of itself holds ({all})"),
        count => writeln!(
            out,
            "\n{mark}  what the deal expects of itself does not all hold ({count} of {all} failed)"
        ),
    };
    out
}

fn case_text(deal: &Draft, case: &Case, out: &mut String) {
    let line = format!("{}{}", case.text, periods(case));
    wrap(&line, "      - ", "        ", out);
    if let Some(extent) = &case.extent {
        wrap(&acts::asked(deal, extent), "        ", "          ", out);
    }
    for (view, outcome) in &case.answers {
        wrap(&format!("{view}: {}", settled(outcome)), "        ", "          ", out);
    }
}

fn json(proved: &[Proved], expectations: &[Expectation], failures: &[Failure]) -> Value {
    let property = |it: &Proved| {
        let cases: Vec<Value> = it.cases.iter().map(case_json).collect();
        json!({
            "property": it.property.name(),
            "statement": it.property.statement(),
            "result": it.standing.name(),
            "covered": it.covered,
            "cases": cases,
        })
    };
    let failure = |it: &Failure| {
        let cases: Vec<Value> = it.cases.iter().map(case_json).collect();
        json!({
            "file": &*it.position.file,
            "line": it.position.line,
            "title": it.title,
            "cases": cases,
        })
    };
    let properties: Vec<Value> = proved.iter().map(property).collect();
    let unmet: Vec<Value> = failures.iter().map(failure).collect();
    json!({
        "properties": properties,
        "expectations": {"count": expectations.len(), "failures": unmet},
    })
}

fn case_json(case: &Case) -> Value {
    let terms: Vec<String> = case.terms.iter().map(TermId::to_string).collect();
    let answers: Vec<Value> = case
        .answers
        .iter()
        .map(|(view, outcome)| {
            let mut value = outcome_json(outcome);
            value["view"] = json!(view);
            value
        })
        .collect();
    let periods: Vec<Value> = case
        .periods
        .iter()
        .map(|it| json!({"from": it.start().to_string(), "to": it.end().to_string()}))
        .collect();
    json!({
        "text": case.text,
        "terms": terms,
        "box": case.extent.as_ref().map(extent_json),
        "answers": answers,
        "periods": periods,
    })
}
