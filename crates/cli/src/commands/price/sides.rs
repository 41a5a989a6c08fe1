//! What is compared: the deal as filed, without terms, with a draft, or under an assumption.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use comity_base::{Currency, Decimal, Instant, Money, TermId, Window};
use comity_fleet::{Fleet, Workload};
use comity_lang::{Loaded, Source, explain, nearest};
use comity_price::{Asked, Confidence, Moved, Side, WithoutError, also_held, delayed, without};
use comity_replay::{Traces, Under, work};
use comity_terms::{Deal, Draft, Problem, Term, sentence};

use super::Failure;
use super::setting::{Setting, Variant};
use crate::args::PriceArgs;
use crate::load::{LoadError, load, load_with, one, sources};

/// What is compared, with all that a run needs.
pub(super) struct Change {
    pub(super) setting: Setting,
    pub(super) period: Window,
    loaded: Loaded,
    under: Under,
    /// Deals and sites before and after, of each variant.
    variants: Vec<[(Deal, Fleet); 2]>,
}

impl Change {
    pub(super) fn workload(&self) -> &Workload {
        self.loaded.workload.as_ref().expect("a change is made of a deal with a workload")
    }

    /// Both sides of each variant, with what does not depend on the drawn work prepared.
    pub(super) fn sides(&self) -> Vec<[Side<'_>; 2]> {
        // What is prepared depends on the streams only, not on the seed.
        let work = work(self.workload(), self.period, self.setting.seed, Traces::default());
        let work = work.expect("work that no trace replaces can be drawn");
        self.variants
            .iter()
            .map(|both| {
                both.each_ref().map(|(deal, fleet)| Side::new(deal, fleet, &work, self.under))
            })
            .collect()
    }

    /// Which other terms close the same sites, so that taking these out does not open them.
    fn held_notes(&self, terms: &BTreeSet<TermId>, out: bool) -> Result<Vec<String>, Failure> {
        let work = work(self.workload(), self.period, self.setting.seed, Traces::default())?;
        let mut notes = Vec::new();
        for [before, after] in self.sides() {
            let (before, after) = (before.run(&work)?, after.run(&work)?);
            let (with, without) = if out { (before, after) } else { (after, before) };
            let others = also_held(&with, &without, terms, self.period);
            if !others.is_empty() {
                let [named, others] = [terms, &others]
                    .map(|them| them.iter().map(TermId::as_str).collect::<Vec<_>>().join(", "));
                notes.push(format!(
                    "Also held up, where {named} speaks, by {others}: some of the work gets the same answer without."
                ));
            }
        }
        Ok(notes)
    }
}

pub(super) fn change(args: &PriceArgs) -> Result<Change, Failure> {
    if args.terms.is_empty() && args.with.is_none() && args.assume.is_none() {
        return Err("nothing to price: name a term with `--term`, a draft with `--with` or an assumption with `--assume`".into());
    }
    let mut problems: Vec<String> = Vec::new();
    if let Err(error) = Confidence::parse(&args.confidence) {
        problems.push(error.to_string());
    }
    let loaded = load(&args.deal)?;
    let files = sources(&args.deal)?.0;
    let workload = loaded.workload.as_ref();
    let workload =
        workload.ok_or("the deal has no file of kind `workload`, so there is no work to run")?;
    let (period, deal) = (workload.period, &loaded.deal);
    let under = match args.at.as_deref().map(Instant::parse).transpose() {
        Ok(at) => at.map_or(Under::Calendar, Under::TermsOf),
        Err(error) => {
            problems.push(error.to_string());
            Under::Calendar
        }
    };
    let known: BTreeMap<&str, &Term> = all_terms(deal).map(|it| (it.id.as_str(), it)).collect();
    let assume = args.assume.as_deref().map(assumed);
    let (assumed_term, days) = match assume.transpose() {
        Ok(found) => found.map_or((None, Vec::new()), |(term, days)| (Some(term), days)),
        Err(problem) => {
            problems.push(problem);
            (None, Vec::new())
        }
    };
    let mut named: BTreeSet<TermId> = BTreeSet::new();
    for id in args.terms.iter().chain(&assumed_term) {
        match known.get(id.as_str()) {
            Some(term) => {
                named.insert(term.id.clone());
            }
            None => problems.push(unknown(id, known.keys().copied())),
        }
    }
    let currency = deal.parts().currency;
    let interval = match args.interval.as_deref().map(|text| width(text, &loaded.currencies)) {
        Some(Err(problem)) => {
            problems.push(problem);
            None
        }
        Some(Ok(asked)) => Some(asked),
        None => None,
    };
    if !problems.is_empty() {
        return Err(problems.join("\n").into());
    }
    let mut notes = in_force_notes(deal, &named, under, period);
    notes.push("The intervals are those of runs of an assumed workload: they say how sure the mean of such runs is, not how sure the assumptions are.".to_owned());
    let mut making = Making { loaded: &loaded, files: &files, under, variants: Vec::new() };
    let draft = args.with.as_deref().map(draft).transpose()?;
    match (&draft, assumed_term) {
        (Some(draft), _) => making.drafted(args, draft, &named)?,
        (None, Some(_)) => making.delays(&named, &days)?,
        (None, None) => making.priced(&named, args.without)?,
    }
    let (shown, variants): (_, Vec<[(Deal, Fleet); 2]>) = making.variants.into_iter().unzip();
    let at = match under {
        Under::TermsOf(at) => format!("the terms in force on {at}, for all of the period"),
        Under::Calendar => "the terms in force at each instant of the period".to_owned(),
    };
    let open = loaded.fleet.sites().filter(|site| {
        site.phases.iter().any(|it| it.gpus > 0 && it.window.intersect(period).is_some())
    });
    let setting = Setting {
        deal: deal.parts().name.clone(),
        fingerprint: fingerprint(files.iter().chain(&draft)),
        currency: currency.code().to_owned(),
        digits: loaded.currencies.iter().map(|it| (it.code().to_owned(), it.scale())).collect(),
        period,
        under: at,
        sites: open.map(|site| site.id.to_string()).collect(),
        terms: named.iter().map(|id| shown_term(deal.parts(), known[id.as_str()])).collect(),
        notes,
        variants: shown,
        seed: args.seed.unwrap_or(workload.seed),
        runs: args.runs,
        confidence: args.confidence.clone(),
        interval,
    };
    let mut change = Change { setting, period, loaded: loaded.clone(), under, variants };
    if draft.is_none() && args.assume.is_none() {
        let notes = change.held_notes(&named, args.without)?;
        change.setting.notes.splice(0..0, notes);
    }
    Ok(change)
}

fn all_terms(deal: &Deal) -> impl Iterator<Item = &Term> {
    deal.versions().flat_map(|(_, version)| &version.adds)
}

fn unknown<'a>(id: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near = nearest(id, known).map(|near| format!(": did you mean `{near}`?"));
    format!("unknown term `{id}`{}", near.unwrap_or_default())
}

/// `TERM.days=30,60,90`.
fn assumed(text: &str) -> Result<(String, Vec<u32>), String> {
    let wrong = || {
        format!(
            "`{text}` is no assumption: a first refusal and its days, such as `right.days=30,60,90`"
        )
    };
    let (term, days) = text.split_once(".days=").ok_or_else(wrong)?;
    let days: Result<Vec<u32>, _> = days.split(',').map(str::parse).collect();
    let days = days.map_err(|_| wrong())?;
    if days.iter().any(|days| !(1..=36_525).contains(days)) {
        return Err(wrong());
    }
    Ok((term.to_owned(), days))
}

/// `250000.00` of the first currency, `EUR 250000.00`, or `2%`.
fn width(text: &str, currencies: &[Currency]) -> Result<Asked, String> {
    let wrong = || {
        format!(
            "`{text}` is no width of an interval: an amount above zero such as 250000, with its currency where that is not the deal's own, or a part of the largest change such as 2%"
        )
    };
    let above_zero = |number: i128| Some(number).filter(|it| *it > 0);
    if let Some(part) = text.strip_suffix('%') {
        let part = Decimal::parse(part.trim()).map_err(|_| wrong())?.at_scale(2);
        let part = part.and_then(above_zero).and_then(|it| u32::try_from(it).ok());
        return part.map(Asked::Part).ok_or_else(wrong);
    }
    let (currency, amount) = match text.split_once(' ') {
        None => (currencies.first(), text),
        Some((code, amount)) => {
            let Some(found) = currencies.iter().find(|it| it.code() == code) else {
                let codes: Vec<&str> = currencies.iter().map(Currency::code).collect();
                return Err(format!(
                    "the deal has no currency `{code}`: its amounts are in {}",
                    codes.join(", ")
                ));
            };
            (Some(found), amount)
        }
    };
    let &currency = currency.ok_or_else(wrong)?;
    let minor = Decimal::parse(amount).map_err(|_| wrong())?.at_scale(currency.scale());
    let minor = minor.and_then(above_zero).ok_or_else(wrong)?;
    Ok(Asked::Amount(Money { minor, currency }))
}

fn shown_term(deal: &Draft, term: &Term) -> [String; 4] {
    let basis = &term.provenance;
    let rests =
        format!("\"{}\" ({}, {}; {})", basis.phrase, basis.source, basis.date, basis.status);
    let note = basis.note.clone().unwrap_or_default();
    [format!("{} ({})", term.id, term.kind.name()), sentence(deal, term), rests, note]
}

/// Which of the terms have nothing to say in the period.
fn in_force_notes(
    deal: &Deal,
    terms: &BTreeSet<TermId>,
    under: Under,
    period: Window,
) -> Vec<String> {
    let rules = deal.rules(comity_base::Known::ALL);
    let holds = |id: &&TermId| {
        rules.holdings().iter().any(|holding| {
            &&holding.term.id == id
                && match under {
                    Under::TermsOf(at) => holding.window.contains(at),
                    Under::Calendar => holding.window.intersect(period).is_some(),
                }
        })
    };
    let idle = terms.iter().filter(|id| !holds(id));
    let when = match under {
        Under::TermsOf(at) => format!("on {at}"),
        Under::Calendar => format!("in {period}"),
    };
    idle.map(|id| format!("{id} is not in force {when}: taking it out changes nothing.")).collect()
}

fn draft(path: &Path) -> Result<Source, Failure> {
    Ok(one(path.to_owned())?)
}

/// A number of 128 bits over the files (FNV-1a): it tells states of a deal apart, and hides nothing.
fn fingerprint<'a>(files: impl Iterator<Item = &'a Source>) -> String {
    let mut hash = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    // Paths differ from machine to machine; what stands in the files does not.
    for byte in files.flat_map(|file| file.text.bytes().chain([0])) {
        hash ^= u128::from(byte);
        hash = hash.wrapping_mul(0x0100_0000_0000_0000_0000_013b);
    }
    format!("{hash:032x}")
}

struct Making<'a> {
    loaded: &'a Loaded,
    files: &'a [Source],
    under: Under,
    variants: Vec<(Variant, [(Deal, Fleet); 2])>,
}

impl Making<'_> {
    fn failed(&self, problems: &[Problem], files: Vec<Source>) -> Failure {
        let diagnostics = explain(problems, &files);
        LoadError::Problems { unreadable: Vec::new(), sources: files, diagnostics }.into()
    }

    fn taken_out(
        &self,
        deal: &Deal,
        terms: &BTreeSet<TermId>,
    ) -> Result<(Deal, Vec<String>), Failure> {
        let taken = without(deal.parts(), terms);
        let taken = taken.map_err(|error| match error {
            WithoutError::Unknown(_) => error.into(),
            WithoutError::Rest(problems) => self.failed(&problems, self.files.to_vec()),
        })?;
        let notes = taken.also.iter().map(|also| format!("also taken out with {also}"));
        Ok((taken.deal, notes.collect()))
    }

    /// What terms are worth, or what taking them out changes.
    fn priced(&mut self, terms: &BTreeSet<TermId>, out: bool) -> Result<(), Failure> {
        let (rest, notes) = self.taken_out(&self.loaded.deal, terms)?;
        let fleet = &self.loaded.fleet;
        let mut sides = [(rest, fleet.clone()), (self.loaded.deal.clone(), fleet.clone())];
        let (mut before, mut after) = ("without".to_owned(), "with".to_owned());
        if out {
            sides.reverse();
            std::mem::swap(&mut before, &mut after);
        }
        let title = if out { "terms taken out" } else { "terms" };
        self.variants.push((Variant { title: title.to_owned(), before, after, notes }, sides));
        Ok(())
    }

    /// What a draft changes, in place of terms where some are named.
    fn drafted(
        &mut self,
        args: &PriceArgs,
        draft: &Source,
        terms: &BTreeSet<TermId>,
    ) -> Result<(), Failure> {
        let with = load_with(&args.deal, Some(draft.clone()))?;
        let (deal, notes) = if terms.is_empty() {
            (with.deal, Vec::new())
        } else {
            self.taken_out(&with.deal, terms)?
        };
        let sides = [
            (self.loaded.deal.clone(), self.loaded.fleet.clone()),
            (deal, self.loaded.fleet.clone()),
        ];
        let (before, after) = ("as filed".to_owned(), "with the draft".to_owned());
        let title = if terms.is_empty() { "draft" } else { "draft in place of the terms" };
        self.variants.push((Variant { title: title.to_owned(), before, after, notes }, sides));
        Ok(())
    }

    /// What a first refusal costs at so many days of silence.
    fn delays(&mut self, terms: &BTreeSet<TermId>, days: &[u32]) -> Result<(), Failure> {
        let term = terms.first().ok_or("no first refusal is named")?;
        let (rest, taken) = self.taken_out(&self.loaded.deal, terms)?;
        let (deal, fleet) = (&self.loaded.deal, &self.loaded.fleet);
        let workload = self.loaded.workload.as_ref().ok_or("the deal has no workload")?;
        for &days in days {
            let delayed = delayed(deal, fleet, workload, self.under, term, days);
            let delayed = delayed.map_err(|it| self.failed(&it, self.files.to_vec()))?;
            let delayed =
                delayed.ok_or_else(|| format!("`{term}` is no first refusal: it has no days"))?;
            let mut notes = vec![format!(
                "ASSUMED: without {term} each site opens when its file says; with it, each part that would open while it holds is offered on that day, its holder is silent, and it opens when the right lapses, {days} days later"
            )];
            let before_end = |(_, filed, _): &&Moved| *filed < workload.period.end();
            notes.extend(delayed.moved.iter().filter(before_end).map(|(site, filed, opens)| {
                match opens {
                    Some(opens) => {
                        format!("assumed: {site}, which would open on {filed}, opens on {opens}")
                    }
                    None => format!(
                        "assumed: what would open at {site} on {filed} closes before the right lapses"
                    ),
                }
            }));
            if delayed.moved.is_empty() {
                notes.push("no site would open while it holds: nothing is delayed".to_owned());
            }
            notes.extend(taken.iter().cloned());
            let variant = Variant {
                title: format!("{days} days"),
                before: "without".to_owned(),
                after: format!("{days} days"),
                notes,
            };
            let sides = [(rest.clone(), fleet.clone()), (delayed.deal, delayed.fleet)];
            self.variants.push((variant, sides));
        }
        Ok(())
    }
}
