//! Commitments and revenue shares.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{ActionId, Money, ObjectId, PartyId, Ratio, TermId, Window};
use comity_terms::{Answer, Commitment, InForce, Request, RevenueShare, Verdict};

use super::{Case, Property, Proved, counted, judged, list};
use crate::answers::{Side, segments};

/// The actions that are a supply, where a deal has them; every action where it has none of them.
const SUPPLY: [&str; 2] = ["host", "sell"];

/// For every commitment there is something that its seller may host or sell for its buyer, at
/// some time in its period.
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
    let Commitment { buyer, seller, .. } = &commitment.value;
    let actions = &side.deal.parts().vocabulary.actions;
    let supply: Vec<&ActionId> =
        actions.iter().filter(|action| SUPPLY.contains(&action.as_str())).collect();
    let supply = if supply.is_empty() { actions.iter().collect() } else { supply };
    let mut denying: BTreeSet<TermId> = BTreeSet::new();
    let mut forbidden = false;
    let windows = segments(&[side]).into_iter().filter_map(|it| it.intersect(commitment.window));
    for window in windows {
        for request in supplies(side, (seller, buyer), &supply, window) {
            let (answer, verdict) = side.verdict(&request);
            if answer != Answer::Deny {
                return None;
            }
            if verdict != Verdict::Silent {
                forbidden = true;
                denying.extend(side.outcome(&request).terms);
            }
        }
    }
    // What nobody may do because the terms are silent is no term's doing, but cannot be met
    // either.
    let why = if forbidden {
        format!("{} forbids it", list(&denying))
    } else {
        "no term permits it".to_owned()
    };
    let words: Vec<&str> = supply.iter().map(|action| action.as_str()).collect();
    let text = format!(
        "{} is to be bought from {seller} by {buyer}, for whom {seller} may {} nothing in all that time: {why}",
        commitment.term,
        words.join(" or ")
    );
    let terms = denying.into_iter().chain([commitment.term.clone()]);
    Some(Case::of(text, terms).during([commitment.window]))
}

fn supplies<'a>(
    side: &'a Side<'_>,
    (seller, buyer): (&'a PartyId, &'a PartyId),
    supply: &'a [&'a ActionId],
    window: Window,
) -> impl Iterator<Item = Request> + 'a {
    let names = &side.deal.parts().vocabulary;
    supply.iter().flat_map(move |&action| {
        names.objects.names().flat_map(move |object| {
            names.purposes.names().flat_map(move |purpose| {
                names.places.names().map(move |place| Request {
                    party: seller.clone(),
                    action: action.clone(),
                    object: object.clone(),
                    beneficiary: Some(buyer.clone()),
                    purpose: Some(purpose.clone()),
                    place: Some(place.clone()),
                    amount: None,
                    at: window.start(),
                })
            })
        })
    })
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
