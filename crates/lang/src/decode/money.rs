//! What moves money.

use std::collections::BTreeSet;

use comity_base::{
    Decimal, GpuTypeId, Instant, Meter, Money, ObjectId, PartyId, PriceUnit, RateId, Ratio, SiteId,
    TermId,
};
use comity_terms::{
    Bracket, Cap, Commitment, Conversion, CostSplit, Credit, Discount, Dispute, Eligible, Figure,
    Interval, Less, Milestone, MinimumGuarantee, Periodic, Prepaid, Price, Promise, Rate,
    RevenueShare, ShareRate, Shortfall, Step, TermKind, TierMode, Tiers, Tolerance, ToleranceRule,
    Unused,
};

use super::{Context, position, provenance};
use crate::diagnostic::Diagnostic;
use crate::node::{Key, Node};

/// A line of a rate card.
pub(crate) fn rate(key: &Key, node: &Node, context: &mut Context<'_>) -> Option<Rate> {
    let one = one_of(node, ["price", "tiers"], context);
    let price = match node.get("tiers") {
        Some(tiers) => Price::Tiered(self::tiers(tiers, context)?),
        None => Price::Flat(node.decimal("price")?),
    };
    let code = node.get("currency").and_then(|node| Some((node, node.text()?)));
    let currency = match code {
        Some((node, code)) => context.currency(node, code)?,
        None => context.currency,
    };
    one.then_some(Rate {
        id: RateId::new(&key.text).ok()?,
        seller: node.id("seller", PartyId::new)?,
        buyer: node.id("buyer", PartyId::new),
        meter: node.word("meter", &Meter::NAMED)?,
        object: node.id("object", ObjectId::new),
        site: node.id("site", SiteId::new),
        gpu: node.id("gpu", GpuTypeId::new),
        price,
        per: node.word("per", &PriceUnit::NAMED)?,
        currency,
        minimum: optional(node, "minimum", |node| periodic(node, context))?,
        window: context.window(node)?,
        provenance: provenance(node)?,
        position: position(key),
    })
}

/// What a currency is worth in another.
pub(crate) fn conversion(key: &Key, node: &Node, context: &mut Context<'_>) -> Option<Conversion> {
    let mut currency = |key| {
        let node = node.get(key)?;
        context.currency(node, node.text()?)
    };
    let (from, to) = (currency("of"), currency("in"));
    Some(Conversion {
        id: RateId::new(&key.text).ok()?,
        from: from?,
        to: to?,
        rate: node.decimal("rate")?,
        window: context.window(node)?,
        provenance: provenance(node)?,
        position: position(key),
    })
}

/// How small differences are resolved.
pub(crate) fn tolerance(node: &Node, context: &mut Context<'_>) -> Option<Tolerance> {
    Some(Tolerance {
        rate: node.share("rate")?,
        amount: optional(node, "amount", |_| context.money(node, "amount"))?,
        rule: node.word("rule", &ToleranceRule::NAMED)?,
    })
}

/// A charge that a party does not accept.
pub(super) fn dispute(node: &Node, context: &mut Context<'_>) -> Option<Dispute> {
    let one = one_of(node, ["quantity", "amount"], context);
    let figure = match node.decimal("quantity") {
        Some(quantity) => Figure::Quantity(quantity),
        None => Figure::Amount(context.money(node, "amount")?),
    };
    one.then_some(Dispute {
        id: node.id("id", TermId::new)?,
        by: node.id("by", PartyId::new)?,
        with: node.id("with", PartyId::new)?,
        on: eligible(node),
        window: context.window(node)?,
        figure,
        recorded: node.date("recorded")?,
        provenance: provenance(node)?,
        position: node.get("id")?.place.position.clone(),
    })
}

/// A term that moves money; `None` for the name of another kind as well.
pub(super) fn term(name: &str, body: &Node, context: &mut Context<'_>) -> Option<TermKind> {
    let party = |key| body.id(key, PartyId::new);
    Some(match name {
        "revenue-share" => TermKind::RevenueShare(revenue_share(body, context)?),
        "commitment" => TermKind::Commitment(commitment(body, context)?),
        "discount" => TermKind::Discount(Discount {
            seller: party("seller")?,
            buyer: party("buyer")?,
            on: eligible(body),
            rate: body.share("rate")?,
        }),
        "credit" => {
            let amount = context.money(body, "amount")?;
            let paid = optional(body, "paid", |_| context.money(body, "paid"))?;
            TermKind::Credit(Credit {
                seller: party("seller")?,
                buyer: party("buyer")?,
                on: eligible(body),
                amount,
                paid: paid.unwrap_or(Money::zero(amount.currency)),
                counts: body.truth("counts")?,
                priority: body.whole("priority").unwrap_or(0),
            })
        }
        "cost-split" => TermKind::CostSplit(cost_split(body)?),
        _ => return None,
    })
}

fn cost_split(body: &Node) -> Option<CostSplit> {
    let part = |(key, node): &(Key, Node)| {
        Some((PartyId::new(&key.text).ok()?, crate::shape::share(node.text()?).ok()?))
    };
    Some(CostSplit {
        of: body.id("of", PartyId::new)?,
        on: eligible(body),
        between: body.get("between")?.entries().iter().map(part).collect::<Option<_>>()?,
    })
}

fn revenue_share(body: &Node, context: &mut Context<'_>) -> Option<RevenueShare> {
    let one = one_of(body, ["rate", "brackets"], context);
    let rate = match body.get("brackets") {
        None => ShareRate::Flat(body.share("rate")?),
        Some(node) => {
            let steps = node.get("steps")?.items();
            let bracket = |item: &Node| {
                Some(Bracket { from: context.money(item, "from")?, rate: item.share("rate")? })
            };
            let brackets = steps.iter().map(bracket).collect::<Option<Vec<Bracket>>>()?;
            ascending(node, steps, brackets.iter().map(|it| it.from.minor), context)?;
            ShareRate::Marginal { over: node.word("over", &Interval::NAMED)?, brackets }
        }
    };
    let less = body.get("less").map_or_else(Less::default, |node| Less {
        discounts: node.truth("discounts").unwrap_or(false),
        credits: node.truth("credits").unwrap_or(false),
        costs: node.id_set("costs", ObjectId::new),
    });
    let guarantee = optional(body, "guarantee", |node| {
        let minimum = periodic(node, context)?;
        Some(MinimumGuarantee { minimum, recoupable: node.truth("recoupable")? })
    })?;
    let floor = optional(body, "floor", |node| periodic(node, context))?;
    let cap = optional(body, "cap", |node| cap(node, context))?.unwrap_or_default();
    one.then_some(RevenueShare {
        payer: body.id("payer", PartyId::new)?,
        payee: body.id("payee", PartyId::new)?,
        base: body.ids("base", ObjectId::new),
        less,
        rate,
        guarantee,
        floor,
        cap,
    })
}

fn cap(node: &Node, context: &mut Context<'_>) -> Option<Cap> {
    let mut money = |key| optional(node, key, |_| context.money(node, key));
    let (total, paid_before) = (money("total")?, money("paid-before")?);
    let each = optional(node, "each", |node| periodic(node, context))?;
    Some(Cap { total, paid_before, each })
}

fn commitment(body: &Node, context: &mut Context<'_>) -> Option<Commitment> {
    let one = one_of(body, ["amount", "use"], context);
    let promise = match body.get("use") {
        None => Promise::Spend(context.money(body, "amount")?),
        Some(node) => promised_use(node)?,
    };
    let drawn_before = optional(body, "drawn-before", |node| {
        in_base_units(node, "drawn-before", body, &promise, Instant::MIN, context)
    })?;
    let milestones = body.get("milestones").map_or(&[][..], Node::items);
    let milestones = milestones.iter().map(|item| milestone(item, &promise, context));
    let interval = body.word("interval", &Interval::NAMED)?;
    let unused = match body.get("unused") {
        None => Unused::Expires,
        Some(node) => self::unused(node)?,
    };
    let prepaid = |node: &Node| Some(Prepaid { upfront: node.share("upfront")? });
    let mut on = eligible(body);
    if let Promise::Use { meter, .. } = promise {
        on.meters = BTreeSet::from([meter]);
    }
    one.then_some(Commitment {
        buyer: body.id("buyer", PartyId::new)?,
        seller: body.id("seller", PartyId::new)?,
        milestones: milestones.collect::<Option<_>>()?,
        promise,
        interval,
        on,
        before_discounts: body.truth("before-discounts").unwrap_or(false),
        priority: body.whole("priority").unwrap_or(0),
        shortfall: body.word("shortfall", &[("pay", Shortfall::Pay), ("show", Shortfall::Show)])?,
        unused,
        overage: body.decimal("overage"),
        within: body.id("within", TermId::new),
        prepaid: optional(body, "prepaid", prepaid)?,
        drawn_before: drawn_before.unwrap_or(0),
    })
}

fn promised_use(node: &Node) -> Option<Promise> {
    let weights = node.get("weights").map_or(&[][..], Node::entries);
    let weight = |(key, node): &(Key, Node)| {
        Some((ObjectId::new(&key.text).ok()?, Decimal::parse(node.text()?).ok()?))
    };
    Some(Promise::Use {
        meter: node.word("meter", &Meter::NAMED)?,
        per: node.word("per", &PriceUnit::NAMED)?,
        quantity: node.decimal("quantity")?,
        price: node.decimal("price"),
        weights: weights.iter().map(weight).collect::<Option<_>>()?,
    })
}

fn unused(node: &Node) -> Option<Unused> {
    let (key, inner) = node.entries().first()?;
    let intervals = inner.whole("intervals")?;
    match key.text.as_str() {
        "rolls-over" => {
            let at_most = inner.share("at-most").unwrap_or(Ratio::ONE);
            Some(Unused::RollsOver { intervals, at_most })
        }
        "made-up" => Some(Unused::MadeUp { intervals }),
        _ => None,
    }
}

fn milestone(node: &Node, promise: &Promise, context: &mut Context<'_>) -> Option<Milestone> {
    let key = match promise {
        Promise::Spend(_) => "amount",
        Promise::Use { .. } => "quantity",
    };
    let by = node.date("by")?;
    let Some(stated) = node.get(key) else {
        let title = format!("a milestone of this commitment needs `{key}`");
        let place = node.entries().first().map_or(&node.place, |(key, _)| &key.place);
        context.report(
            Diagnostic::new(place.clone(), title)
                .help("it is stated in what the commitment itself is stated in"),
        );
        return None;
    };
    let at_least = in_base_units(stated, key, node, promise, by, context)?;
    Some(Milestone { by, at_least })
}

/// What stands under a key, as money in its smallest unit or as use in base units, as the promise
/// is stated.
fn in_base_units(
    stated: &Node,
    key: &str,
    parent: &Node,
    promise: &Promise,
    at: Instant,
    context: &mut Context<'_>,
) -> Option<i128> {
    let Promise::Use { per, .. } = promise else {
        return context.money(parent, key).map(|money| money.minor);
    };
    let quantity = Decimal::parse(stated.text()?).ok();
    let units = quantity.and_then(|quantity| {
        let units = quantity.mantissa().checked_mul(per.base_units(at))?;
        (units % quantity.unit() == 0).then(|| units / quantity.unit())
    });
    if units.is_none() {
        let title = format!("expected a number of `{}`, found {}", per.name(), stated.describe());
        context.report(
            Diagnostic::new(stated.place.clone(), title)
                .help("the commitment is one of use: this counts the same units"),
        );
    }
    units
}

fn tiers(node: &Node, context: &mut Context<'_>) -> Option<Tiers> {
    let items = node.get("steps")?.items();
    let step =
        |item: &Node| Some(Step { from: item.whole("from")?, price: item.decimal("price")? });
    let steps = items.iter().map(step).collect::<Option<Vec<Step>>>()?;
    ascending(node, items, steps.iter().map(|step| i128::from(step.from)), context)?;
    Some(Tiers {
        mode: node
            .word("mode", &[("graduated", TierMode::Graduated), ("volume", TierMode::Volume)])?,
        over: node.word("over", &Interval::NAMED)?,
        steps,
    })
}

/// Reports steps that do not begin at 0 or do not ascend.
fn ascending(
    node: &Node,
    items: &[Node],
    bounds: impl Iterator<Item = i128>,
    context: &mut Context<'_>,
) -> Option<()> {
    let mut before: Option<i128> = None;
    for (item, bound) in items.iter().zip(bounds) {
        let place = item.get("from").map_or(&item.place, |from| &from.place);
        let wrong = match before {
            None if bound != 0 => Some("the first step begins at 0"),
            Some(before) if bound <= before => Some("each step begins above the one before"),
            None | Some(_) => None,
        };
        if let Some(title) = wrong {
            context.report(Diagnostic::new(place.clone(), title));
            return None;
        }
        before = Some(bound);
    }
    if before.is_none() {
        let place = node.get("steps").map_or(&node.place, |steps| &steps.place);
        context.report(Diagnostic::new(place.clone(), "there are no steps"));
    }
    before.map(|_| ())
}

pub(super) fn eligible(node: &Node) -> Eligible {
    let meters = node.get("meters").map_or(&[][..], Node::items);
    let meter = |item: &Node| super::word(&Meter::NAMED, item.text()?);
    Eligible {
        meters: meters.iter().filter_map(meter).collect(),
        objects: node.id_set("objects", ObjectId::new),
        sites: node.id_set("sites", SiteId::new),
        gpus: node.id_set("gpus", GpuTypeId::new),
    }
}

fn periodic(node: &Node, context: &mut Context<'_>) -> Option<Periodic> {
    Some(Periodic {
        amount: context.money(node, "amount")?,
        each: node.word("each", &Interval::NAMED)?,
    })
}

/// What stands under a key that may be left out: `None` when it is there and not well formed.
fn optional<T>(node: &Node, key: &str, read: impl FnOnce(&Node) -> Option<T>) -> Option<Option<T>> {
    match node.get(key) {
        None => Some(None),
        Some(inner) => read(inner).map(Some),
    }
}

/// Whether exactly one of two keys is there; reports both and neither.
fn one_of(node: &Node, keys: [&str; 2], context: &mut Context<'_>) -> bool {
    let [first, second] = keys;
    match (node.get(first), node.get(second)) {
        (Some(_), None) | (None, Some(_)) => return true,
        (Some(one), Some(other)) => context.report(
            Diagnostic::new(other.place.clone(), format!("`{second}` beside `{first}`"))
                .also(one.place.clone(), "only one of the two can stand here"),
        ),
        (None, None) => {
            let place = node.entries().first().map_or(&node.place, |(key, _)| &key.place);
            let title = format!("missing key `{first}` or `{second}`");
            context.report(
                Diagnostic::new(place.clone(), title).label("in the mapping that begins here"),
            );
        }
    }
    false
}
