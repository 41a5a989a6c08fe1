//! Terms that move money, in words.

use comity_base::{Decimal, Instant, Meter, Money, PriceUnit, Ratio};

use super::Body;
use super::act::Names;
use super::words::{Noun, count, list, money, price};
use crate::money::{
    Commitment, CostSplit, Credit, Discount, Eligible, Interval, Periodic, Promise, RevenueShare,
    ShareRate, Shortfall, Unused,
};

/// What a meter counts, as something that is paid for.
pub(super) fn metered(meter: Meter) -> &'static str {
    match meter {
        Meter::GpuTime => "GPU time",
        Meter::TokensIn => "tokens read",
        Meter::TokensOut => "tokens written",
        Meter::Power => "power",
        Meter::NodeTime => "node time",
        Meter::CoreTime => "core time",
        Meter::Storage => "storage",
    }
}

/// A unit that is priced, of so many.
pub(super) fn unit(per: PriceUnit, meter: Meter, gpu: &str) -> String {
    match per {
        PriceUnit::GpuHour => format!("hour of one {gpu}"),
        PriceUnit::MillionTokens => format!("million {}", metered(meter)),
        PriceUnit::MwYear => "megawatt of power that is made available for a year".to_owned(),
        PriceUnit::MwMonth => "megawatt of power that is made available for a month".to_owned(),
        PriceUnit::NodeHour => "hour of one node".to_owned(),
        PriceUnit::CoreHour => "hour of one core".to_owned(),
        PriceUnit::TbMonth => "terabyte that is stored for a month".to_owned(),
        PriceUnit::KwHour => "kilowatt-hour of power".to_owned(),
    }
}

/// An interval as one of many: `each month`; nothing for the whole term.
fn each(interval: Interval) -> Option<&'static str> {
    match interval {
        Interval::Term => None,
        Interval::Hour => Some("hour"),
        Interval::Day => Some("day"),
        Interval::Month => Some("calendar month"),
        Interval::Quarter => Some("calendar quarter"),
        Interval::Year => Some("year of the term"),
    }
}

/// ` in each calendar month`, or ` over the term`.
pub(super) fn over(interval: Interval) -> String {
    each(interval).map_or_else(|| " over the term".to_owned(), |word| format!(" in each {word}"))
}

pub(super) fn periodic(periodic: Periodic) -> String {
    format!("{}{}", money(periodic.amount), over(periodic.each))
}

/// What charges count, as goods: `GPU time for inference at Abilene`.
pub(super) fn goods(names: Names<'_>, on: &Eligible) -> String {
    let meters: Vec<String> = on.meters.iter().map(|meter| metered(*meter).to_owned()).collect();
    let mut words = if meters.is_empty() {
        "anything that is charged".to_owned()
    } else {
        list(&meters, "and")
    };
    if !on.objects.is_empty() {
        words = format!("{words} for {}", names.objects(&on.objects, "and"));
    }
    let sites: Vec<String> = on.sites.iter().map(|site| names.at(&site.into())).collect();
    if !sites.is_empty() {
        words = format!("{words} {}", list(&sites, "and"));
    }
    let gpus: Vec<String> = on.gpus.iter().map(|gpu| names.gpu(gpu).to_owned()).collect();
    if !gpus.is_empty() {
        words = format!("{words} on {}", list(&gpus, "and"));
    }
    words
}

pub(super) fn revenue_share(names: Names<'_>, term: &RevenueShare) -> Body {
    let RevenueShare { payer, payee, base, less, rate, guarantee, floor, cap } = term;
    let payer = names.party(payer);
    let payee = names.party(payee).text;
    let (rate, brackets) = match rate {
        ShareRate::Flat(rate) => (rate.to_string(), None),
        ShareRate::Marginal { over: interval, brackets } => {
            let step = |(place, it): (usize, &crate::money::Bracket)| match place {
                0 => it.rate.to_string(),
                _ => format!("{} of what exceeds {}", it.rate, money(it.from)),
            };
            let steps: Vec<String> = brackets.iter().enumerate().map(step).collect();
            let rule = format!("the part is counted{}: {}", over(*interval), list(&steps, "and"));
            ("a part that grows".to_owned(), Some(rule))
        }
    };
    let mut core = format!(
        "{} {payee} {rate} of {} revenue from {}",
        payer.does("pay"),
        payer.its(),
        names.objects(base, "and"),
    );
    if let Some(total) = cap.total {
        core = format!("{core}, up to {} in all", money(total));
        if let Some(before) = cap.paid_before.filter(|before| before.minor != 0) {
            core = format!("{core}, of which {} was paid before", money(before));
        }
    }
    let mut body = Body::of(core);
    body.more.extend(brackets);
    let mut off: Vec<String> = Vec::new();
    off.extend(less.discounts.then(|| format!("discounts that {} on it", payer.does("grant"))));
    off.extend(less.credits.then(|| "what was paid from credits".to_owned()));
    if !less.costs.is_empty() {
        let costs = names.objects(&less.costs, "and");
        off.push(format!(
            "what {} charged for {costs}",
            if payer.plural { format!("{} are", payer.text) } else { format!("{} is", payer.text) }
        ));
    }
    if !off.is_empty() {
        body.more.push(format!("{} are first taken off that revenue", list(&off, "and")));
    }
    if let Some(guarantee) = guarantee {
        let paid = periodic(guarantee.minimum);
        body.more.push(if guarantee.recoupable {
            format!(
                "{} at least {paid}, in advance, against which later shares are set",
                payer.does("pay")
            )
        } else {
            format!("{} {paid} besides, in advance", payer.does("pay"))
        });
    }
    if let Some(floor) = floor {
        body.more.push(format!("{} no less than {}", payer.does("pay"), periodic(*floor)));
    }
    if let Some(each) = cap.each {
        body.more.push(format!("{} no more than {}", payer.does("pay"), periodic(each)));
    }
    body
}

pub(super) fn commitment(names: Names<'_>, term: &Commitment, to: Option<Instant>) -> Body {
    let buyer = names.party(&term.buyer);
    let seller = names.party(&term.seller).text;
    let goods = goods(names, &term.on);
    let each = each(term.interval).map_or_else(String::new, |word| format!(" in each {word}"));
    let core = match &term.promise {
        Promise::Spend(amount) => {
            let promise = format!("{goods} worth {}", money(*amount));
            let before = if term.drawn_before == 0 {
                String::new()
            } else {
                let minor = term.drawn_before;
                format!(", of which {} was bought before", money(Money { minor, ..*amount }))
            };
            format!("{} to buy {promise} from {seller}{each}{before}", buyer.does("commit"))
        }
        Promise::Use { per, quantity, price: unit_price, meter, .. } => {
            let of = counted(*per, *meter, *quantity);
            let at = unit_price.map_or_else(String::new, |it| {
                let currency = names.deal.currency;
                format!(" at {} for each {}", price(it, currency), unit(*per, *meter, "GPU"))
            });
            format!("{} to use {of} of {goods} from {seller}{each}{at}", buyer.does("commit"))
        }
    };
    let mut body = Body::of(core).and(short(&buyer, term, to));
    body.more.extend(rules(names, &buyer, term));
    body
}

fn counted(per: PriceUnit, meter: Meter, quantity: Decimal) -> String {
    match per {
        PriceUnit::GpuHour => format!("{quantity} GPU-hours"),
        PriceUnit::MillionTokens => format!("{quantity} million {}", metered(meter)),
        PriceUnit::MwYear => format!("{quantity} MW-years"),
        PriceUnit::MwMonth => format!("{quantity} MW-months"),
        PriceUnit::KwHour => format!("{quantity} kWh"),
        PriceUnit::NodeHour => format!("{quantity} node-hours"),
        PriceUnit::CoreHour => format!("{quantity} core-hours"),
        PriceUnit::TbMonth => format!("{quantity} TB-months"),
    }
}

/// What happens with what falls short.
fn short(buyer: &Noun, term: &Commitment, to: Option<Instant>) -> String {
    let when = match each(term.interval) {
        None if to.is_none() => return "no end is set, so nothing can fall short".to_owned(),
        None => "at the end".to_owned(),
        Some("calendar month") => "in a month".to_owned(),
        Some(word) => format!("in a {word}"),
    };
    match term.shortfall {
        Shortfall::Show => format!("what falls short {when} is shown, not paid"),
        Shortfall::Pay => {
            format!("{} {} what falls short {when} (take or pay)", buyer.it(), buyer.verb("pay"))
        }
    }
}

/// The rules beyond amount and shortfall, one sentence each.
fn rules(names: Names<'_>, buyer: &Noun, term: &Commitment) -> Vec<String> {
    let mut said = Vec::new();
    let intervals = |number: u32| count(u64::from(number), each(term.interval).unwrap_or("term"));
    match term.unused {
        Unused::Expires => {}
        Unused::RollsOver { intervals: number, at_most } => {
            let part = if at_most == Ratio::ONE {
                "what was not used".to_owned()
            } else {
                format!("what was not used, up to {at_most} of what was promised,")
            };
            said.push(format!(
                "{part} may still be used within {}, and counts there before anything else",
                intervals(number)
            ));
        }
        Unused::MadeUp { intervals: number } => said.push(format!(
            "what was paid for and not used can be made up within {}: once the promise of that \
             time is met, further use is credited from it",
            intervals(number)
        )),
    }
    if term.before_discounts {
        said.push("charges count before discounts are taken off".to_owned());
    }
    if let Some(factor) = term.overage {
        said.push(format!("use beyond it costs {factor} times its price"));
    }
    if let Some(outer) = &term.within {
        said.push(format!("what is drawn or paid under it counts for [{outer}] too"));
    }
    if let Some(prepaid) = term.prepaid {
        said.push(match prepaid.upfront {
            Ratio::ONE => format!("{} it all at the start", buyer.does("pay")),
            part if part.numerator() == 0 => {
                format!("{} each part as its time begins", buyer.does("pay"))
            }
            part => format!(
                "{} {part} of it at the start and the rest of each part as its time begins",
                buyer.does("pay")
            ),
        });
    }
    if let Promise::Use { weights, .. } = &term.promise
        && !weights.is_empty()
    {
        let weighs = weights
            .iter()
            .map(|(object, weight)| format!("one of {} counts as {weight}", names.object(object)));
        said.push(list(&weighs.collect::<Vec<_>>(), "and"));
    }
    for milestone in &term.milestones {
        let what = match &term.promise {
            Promise::Spend(amount) => money(Money { minor: milestone.at_least, ..*amount }),
            Promise::Use { per, meter, .. } => {
                let each = per.base_units(milestone.by);
                let whole =
                    || Decimal::whole(i64::try_from(milestone.at_least / each).unwrap_or(i64::MAX));
                let units = Decimal::quotient(milestone.at_least, each).unwrap_or_else(whole);
                counted(*per, *meter, units)
            }
        };
        said.push(format!("at least {what} of it is due by {}", milestone.by));
    }
    said
}

pub(super) fn discount(names: Names<'_>, term: &Discount) -> Body {
    let Discount { seller, buyer, on, rate } = term;
    let (seller, buyer) = (names.party(seller), names.party(buyer).text);
    Body::of(format!("{} {buyer} {rate} off {}", seller.does("let"), goods(names, on)))
}

pub(super) fn credit(names: Names<'_>, term: &Credit) -> Body {
    let Credit { seller, buyer, on, amount, paid, counts, priority: _ } = term;
    let (seller, buyer) = (names.party(seller), names.party(buyer));
    let paid = if paid.minor == 0 {
        String::new()
    } else {
        format!(", for which {} {}", buyer.does("pay"), money(*paid))
    };
    let core = format!(
        "{} {} a credit of {} for {}{paid}",
        seller.does("grant"),
        buyer.text,
        money(*amount),
        goods(names, on)
    );
    let counts = if *counts { "counts" } else { "does not count" };
    Body::of(core).and(format!("what is paid from it {counts} for commitments"))
}

pub(super) fn cost_split(names: Names<'_>, term: &CostSplit) -> Body {
    let CostSplit { of, on, between } = term;
    let bears =
        between.iter().map(|(party, part)| format!("{} {part}", names.party(party).does("bear")));
    Body::of(format!(
        "of what {} pays for {}, {}",
        names.party(of).text,
        goods(names, on),
        list(&bears.collect::<Vec<_>>(), "and")
    ))
}
