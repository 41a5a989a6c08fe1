//! The statement of one party for one period.

use std::collections::BTreeMap;

use comity_base::{Currency, Money, PartyId, Window};
use comity_settlement::{CreditReport, DisputeReport, Drawdown, Posted, ShareReport, disputes};
use comity_terms::Deal;

use crate::line::{Line, Side};
use crate::reckoned::{Ledger, reckoned};

/// A billing period with its entries.
#[derive(Debug, Clone, Copy)]
pub struct Period<'a> {
    /// The period.
    pub window: Window,
    /// Whether it is closed: if not, the statement is a draft.
    pub is_closed: bool,
    /// Its entries.
    pub entries: &'a [Posted],
}

/// What one party has with the others in one period.
#[derive(Debug, Clone)]
pub struct Statement<'a> {
    /// The deal.
    pub deal: &'a Deal,
    /// Whose statement.
    pub party: PartyId,
    /// The period.
    pub period: Window,
    /// Whether it is closed.
    pub is_closed: bool,
    /// By counterparty and currency.
    pub between: Vec<Between>,
    /// What it comes to, one for each currency: above zero what the party is owed.
    pub totals: Vec<Money>,
    /// The commitments that the party buys or sells under, in the intervals that touch the period.
    pub commitments: Vec<Drawdown>,
    /// The credits that it draws or grants.
    pub credits: Vec<CreditReport>,
    /// The revenue shares that it pays or is paid.
    pub shares: Vec<ShareReport>,
    /// The disputes that it has a part in.
    pub disputes: Vec<DisputeReport>,
}

/// What the party has with one other, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Between {
    /// With whom.
    pub counterparty: PartyId,
    /// The entries, in order.
    pub lines: Vec<Line>,
    /// What the party owes, gross.
    pub owes: Money,
    /// What the party is owed, gross.
    pub is_owed: Money,
    /// What is left: above zero the party is paid it.
    pub net: Money,
}

/// The statement of a party. What it has no part in is not in it.
#[must_use]
pub fn statement<'a>(
    deal: &'a Deal,
    ledger: Ledger<'_>,
    period: Period<'_>,
    party: &PartyId,
) -> Statement<'a> {
    let mut lines: BTreeMap<(PartyId, Currency), Vec<Line>> = BTreeMap::new();
    let mine = |one: &&Posted| &one.entry.payer == party || &one.entry.payee == party;
    for posted in period.entries.iter().filter(mine) {
        let line = Line::of(posted, party, reckoned(ledger, posted));
        let key = (line.counterparty.clone(), line.amount.currency);
        lines.entry(key).or_default().push(line);
    }
    let between: Vec<Between> = lines
        .into_iter()
        .map(|((counterparty, currency), lines)| between(counterparty, currency, lines))
        .collect();
    let mut totals: BTreeMap<Currency, i128> = BTreeMap::new();
    for one in &between {
        *totals.entry(one.net.currency).or_default() += one.net.minor;
    }
    let settlement = ledger.settlement;
    let touches = |window: Window| window.intersect(period.window).is_some();
    let part = |a: &PartyId, b: &PartyId| a == party || b == party;
    let all_disputes = disputes(ledger.terms, &settlement.journal).unwrap_or_default();
    Statement {
        deal,
        party: party.clone(),
        period: period.window,
        is_closed: period.is_closed,
        between,
        totals: totals.into_iter().map(|(currency, minor)| Money { minor, currency }).collect(),
        commitments: settlement
            .drawdowns
            .iter()
            .filter(|it| part(&it.buyer, &it.seller) && touches(it.interval))
            .cloned()
            .collect(),
        credits: settlement
            .credits
            .iter()
            .filter(|it| part(&it.buyer, &it.seller) && touches(it.window))
            .cloned()
            .collect(),
        shares: settlement.shares.iter().filter(|it| part(&it.payer, &it.payee)).cloned().collect(),
        disputes: all_disputes.into_iter().filter(|it| part(&it.by, &it.with)).collect(),
    }
}

fn between(counterparty: PartyId, currency: Currency, lines: Vec<Line>) -> Between {
    let sum = |side| -> i128 {
        lines.iter().filter(|line| line.side == side).map(|line| line.amount.minor).sum()
    };
    let (owes, is_owed) = (sum(Side::Owes), sum(Side::IsOwed));
    let money = |minor| Money { minor, currency };
    Between {
        counterparty,
        lines,
        owes: money(owes),
        is_owed: money(is_owed),
        net: money(is_owed - owes),
    }
}
