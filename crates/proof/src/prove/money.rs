//! Commitments and revenue shares.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Instant, Money, ObjectId, PartyId, Ratio, TermId, Window};
use comity_terms::{Answer, Commitment, InForce, Interval, Rate, Request, RevenueShare, Verdict};

use super::{Case, Property, Proved, counted, judged, list};
use crate::answers::{Side, segments};

/// For every commitment there is something priced that its seller may supply to its buyer, in each
/// interval over which it is to be met.
///
/// A supply is free where no term forbids the seller any act on the product for the buyer, and it
/// may do some act. Answers do not depend on what else is done, so commitments that can each be
/// met can be met together; what is not looked at is how much: capacity is no part of a deal's
/// terms, and no amount is asked of a ratio.
pub(super) fn commitments(side: &Side<'_>) -> Proved {
    let found = side.rules.commitments().in_force;
    let cases = found.iter().filter_map(|commitment| unmeetable(side, commitment)).collect();
    let covered = match found.len() {
        0 => "no commitment".to_owned(),
        count => counted(count, "commitment", "commitments"),
    };
    judged(Property::CommitmentsCanBeMet, cases, covered)
}

fn unmeetable(side: &Side<'_>, commitment: &InForce<Commitment>) -> Option<Case> {
    let Commitment { buyer, seller, interval, .. } = &commitment.value;
    let objects = priced(side, commitment);
    let mut denying: BTreeSet<TermId> = BTreeSet::new();
    let mut without: Vec<Window> = Vec::new();
    let windows = segments(&[side]).into_iter().filter_map(|it| it.intersect(commitment.window));
    for window in windows {
        let by = match supply(side, (seller, buyer), &objects, window) {
            Supply::Free => continue,
            Supply::None { by } => by,
        };
        denying.extend(by);
        match without.last_mut() {
            Some(last) if last.end() == window.start() => {
                *last = Window::new(last.start(), window.end()).expect("both parts hold instants");
            }
            Some(_) | None => without.push(window),
        }
    }
    let too_long = |window: &Window| match interval {
        Interval::Term => *window == commitment.window,
        Interval::Hour | Interval::Day | Interval::Month | Interval::Quarter | Interval::Year => {
            *window == commitment.window || holds_a_whole(*interval, *window, commitment.own)
        }
    };
    without.retain(too_long);
    if without.is_empty() {
        return None;
    }
    let why = if denying.is_empty() {
        "no term permits it".to_owned()
    } else {
        format!("{} forbids it", list(&denying))
    };
    let text = format!(
        "{} is to be bought from {seller} by {buyer}, for whom {seller} may supply nothing in all that time: {why}",
        commitment.term,
    );
    let terms = denying.into_iter().chain([commitment.term.clone()]);
    Some(Case::of(text, terms).during(without))
}

/// What the rate cards price that counts towards a commitment; where they have no line for it,
/// everything.
fn priced<'d>(side: &Side<'d>, commitment: &InForce<Commitment>) -> Vec<&'d ObjectId> {
    let Commitment { buyer, seller, on, .. } = &commitment.value;
    let parts = side.deal.parts();
    let counts = |rate: &&Rate| {
        &rate.seller == seller
            && rate.buyer.as_ref().is_none_or(|it| it == buyer)
            && (on.meters.is_empty() || on.meters.contains(&rate.meter))
            && rate.window.intersect(commitment.window).is_some()
    };
    let lines: Vec<&Rate> = parts.rates.iter().filter(counts).collect();
    let objects = &parts.vocabulary.objects;
    let prices = |name: &&ObjectId| {
        let prices = |line: &&Rate| {
            line.object.as_ref().is_none_or(|object| objects.lies_within(name, object))
        };
        let counts = on.objects.is_empty() || on.objects.contains(*name);
        counts && (lines.is_empty() || lines.iter().any(prices))
    };
    objects.names().filter(prices).collect()
}

/// Whether there is something to supply in a period.
enum Supply {
    Free,
    /// Nothing; the terms that forbid it.
    None {
        by: BTreeSet<TermId>,
    },
}

fn supply(
    side: &Side<'_>,
    (seller, buyer): (&PartyId, &PartyId),
    objects: &[&ObjectId],
    window: Window,
) -> Supply {
    let names = &side.deal.parts().vocabulary;
    let mut by = BTreeSet::new();
    for &object in objects {
        for (purpose, place) in
            names.purposes.names().flat_map(|it| names.places.names().map(move |at| (it, at)))
        {
            let (mut may, mut forbidden) = (false, false);
            for action in &names.actions {
                let request = Request {
                    party: seller.clone(),
                    action: action.clone(),
                    object: object.clone(),
                    beneficiary: Some(buyer.clone()),
                    purpose: Some(purpose.clone()),
                    place: Some(place.clone()),
                    amount: None,
                    at: window.start(),
                };
                let (answer, verdict) = side.verdict(&request);
                may |= answer != Answer::Deny;
                if answer == Answer::Deny && verdict != Verdict::Silent {
                    forbidden = true;
                    by.extend(side.outcome(&request).terms);
                }
            }
            if may && !forbidden {
                return Supply::Free;
            }
        }
    }
    Supply::None { by }
}

/// Whether all of some interval lies in a period.
fn holds_a_whole(interval: Interval, window: Window, own: Window) -> bool {
    if window.end() == Instant::MAX {
        return true;
    }
    let first = interval.around(window.start(), own);
    if first.start() >= window.start() {
        return first.end() <= window.end();
    }
    interval.around(first.end(), own).end() <= window.end()
}

/// At every instant, each payer shares at most all of each product's revenue, and each product
/// is in one share with each payee; and no cap is passed before the term begins.
pub(super) fn shares(side: &Side<'_>) -> Proved {
    let found = side.rules.shares().in_force;
    let objects = &side.deal.parts().vocabulary.objects;
    let mut cases = Vec::new();
    let cuts = found.iter().flat_map(|it| [it.window.start(), it.window.end()]);
    let mut seen: BTreeMap<(String, BTreeSet<TermId>), Vec<Window>> = BTreeMap::new();
    for window in Window::ALWAYS.cut(cuts.collect::<Vec<_>>()) {
        let now = found.iter().filter(|it| it.window.contains(window.start()));
        let now: Vec<&InForce<RevenueShare>> = now.collect();
        for object in objects.names() {
            let shares = |it: &&&InForce<RevenueShare>| {
                it.value.base.iter().any(|base| objects.lies_within(object, base))
            };
            let mine: Vec<&InForce<RevenueShare>> = now.iter().filter(shares).copied().collect();
            for (text, terms) in over_shared(object, &mine) {
                seen.entry((text, terms)).or_default().push(window);
            }
        }
    }
    for ((text, terms), windows) in seen {
        cases.push(Case::of(text, terms).during(windows));
    }
    let mut capped = BTreeSet::new();
    for share in &found {
        let Some(total) = share.value.cap.total else { continue };
        let before = share.value.cap.paid_before.unwrap_or(Money::zero(total.currency));
        if capped.insert(share.term.clone()) && before > total {
            let text = format!("{} had paid {before} before, above its cap of {total}", share.term);
            cases.push(Case::of(text, [share.term.clone()]).during([share.window]));
        }
    }
    let terms: BTreeSet<&TermId> = found.iter().map(|it| &it.term).collect();
    let covered = match terms.len() {
        0 => "no revenue share".to_owned(),
        count => format!(
            "{}, {}",
            counted(count, "revenue share", "revenue shares"),
            counted(capped.len(), "cap", "caps")
        ),
    };
    judged(Property::SharesFit, cases, covered)
}

/// Payers of too much of a product's revenue, and payees that are paid for it twice.
fn over_shared(
    object: &ObjectId,
    shares: &[&InForce<RevenueShare>],
) -> Vec<(String, BTreeSet<TermId>)> {
    let mut by_payer: BTreeMap<&PartyId, Vec<&InForce<RevenueShare>>> = BTreeMap::new();
    for share in shares {
        by_payer.entry(&share.value.payer).or_default().push(share);
    }
    let mut found = Vec::new();
    for (payer, shares) in by_payer {
        let terms = |shares: &[&InForce<RevenueShare>]| {
            shares.iter().map(|it| it.term.clone()).collect::<BTreeSet<TermId>>()
        };
        if above_whole(shares.iter().map(|it| it.value.rate.highest())) {
            let text = format!("{payer} shares more than all of its sales of {object}");
            found.push((text, terms(&shares)));
        }
        let payees: BTreeSet<&PartyId> = shares.iter().map(|it| &it.value.payee).collect();
        for payee in payees {
            let mine = shares.iter().filter(|it| &it.value.payee == payee).copied();
            let mine: Vec<&InForce<RevenueShare>> = mine.collect();
            if mine.len() > 1 {
                let text = format!("{payer} shares its sales of {object} with {payee} twice");
                found.push((text, terms(&mine)));
            }
        }
    }
    found
}

/// Whether parts come to more than one; so too where the sum cannot be formed.
fn above_whole(parts: impl Iterator<Item = Ratio>) -> bool {
    let mut sum = (0_i128, 1_i128);
    for part in parts {
        let (numerator, denominator) =
            (i128::from(part.numerator()), i128::from(part.denominator()));
        let up = sum.0.checked_mul(denominator);
        let added = numerator.checked_mul(sum.1);
        let up = up.zip(added).and_then(|(a, b)| a.checked_add(b));
        let Some(next) = up.zip(sum.1.checked_mul(denominator)) else { return true };
        sum = reduced(next);
    }
    sum.0 > sum.1
}

fn reduced((numerator, denominator): (i128, i128)) -> (i128, i128) {
    let (mut a, mut b) = (numerator, denominator);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    if a == 0 { (numerator, denominator) } else { (numerator / a, denominator / a) }
}
