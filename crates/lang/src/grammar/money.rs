//! What moves money: rate cards, discounts, credits, commitments, revenue shares, costs that are
//! passed on, disputes.

use comity_base::{Meter, PriceUnit};
use comity_terms::{Interval, ToleranceRule};

use super::{
    basis_field, common, date, each, kind, list, many, may, money, need, party, refer, word,
};
use crate::shape::{Field, Format, Name, Shape};

pub(super) const METERS: [&str; 7] = words(&Meter::NAMED);
const PRICE_UNITS: [&str; 8] = words(&PriceUnit::NAMED);
const INTERVALS: [&str; 6] = words(&Interval::NAMED);
const TOLERANCE_RULES: [&str; 3] = words(&ToleranceRule::NAMED);

/// The words of a list of words with their values.
pub(super) const fn words<T: Copy, const N: usize>(
    named: &[(&'static str, T); N],
) -> [&'static str; N] {
    let mut words = [""; N];
    let mut at = 0;
    while at < N {
        words[at] = named[at].0;
        at += 1;
    }
    words
}

fn whole(least: u64, most: u64) -> Shape {
    Shape::Scalar(Format::Whole(least, most))
}

fn decimal() -> Shape {
    Shape::Scalar(Format::Decimal)
}

fn share() -> Shape {
    Shape::Scalar(Format::Share)
}

fn truth() -> Shape {
    Shape::Scalar(Format::Bool)
}

fn interval() -> Shape {
    word(&INTERVALS)
}

/// An amount for each interval.
fn periodic() -> Shape {
    Shape::Map(vec![
        need("amount", money(), "how much"),
        need("each", interval(), "for each of these"),
    ])
}

/// Which charges count.
fn eligible() -> Vec<Field> {
    vec![
        may("meters", Shape::OneOrMany(Format::Word(&METERS)), "what is counted; any if not said"),
        may(
            "objects",
            many(Name::Object),
            "the products or capacity, with all that lies within; any if not said",
        ),
        may("sites", many(Name::Site), "where; anywhere if not said"),
        may("gpus", many(Name::Gpu), "on which types of GPU; any if not said"),
    ]
}

fn with_eligible(mut own: Vec<Field>) -> Vec<Field> {
    own.extend(eligible());
    own
}

pub(super) fn rates() -> Shape {
    let step = Shape::Map(vec![
        need("from", whole(0, 1_000_000_000_000_000), "from how many units on; the first from 0"),
        need("price", decimal(), "the price of one unit"),
    ]);
    let tiers = Shape::Map(vec![
        need(
            "mode",
            word(&["graduated", "volume"]),
            "`graduated`: each unit at the price of its step; `volume`: all units at that of the step they reach",
        ),
        need("over", interval(), "over which use is counted"),
        need("steps", list(step), "the steps, from 0 up"),
    ]);
    let rate = Shape::Map(vec![
        need("seller", party(), "who is paid"),
        may("buyer", party(), "who pays; anyone if not said"),
        need("meter", word(&METERS), "what is counted"),
        may("object", refer(Name::Object), "the product; any if not said"),
        may("site", refer(Name::Site), "the site; any if not said"),
        may("gpu", refer(Name::Gpu), "the type of GPU; any if not said"),
        may("price", decimal(), "the price of one unit"),
        may("tiers", tiers, "in place of one price: prices by how much is used"),
        need("per", word(&PRICE_UNITS), "the unit"),
        may(
            "currency",
            Shape::Scalar(Format::Currency),
            "what the price is in; the deal's if not said",
        ),
        may("minimum", periodic(), "the least that a buyer is charged by this line"),
        need("from", date(), "the first day on which it holds"),
        may("to", date(), "the first day on which it no longer does"),
        basis_field(),
    ]);
    let conversion = Shape::Map(vec![
        need("of", Shape::Scalar(Format::Currency), "the currency that is converted"),
        need("in", Shape::Scalar(Format::Currency), "the currency that it is converted to"),
        need("rate", decimal(), "what one unit of the first is worth in the second"),
        need("from", date(), "the first day on which it holds"),
        may("to", date(), "the first day on which it no longer does"),
        basis_field(),
    ]);
    Shape::Map(vec![
        kind(&["rates"]),
        may("rates", each(Name::Rate, rate), "each line by its id"),
        may("conversions", each(Name::Rate, conversion), "what currencies are worth in others"),
    ])
}

/// How small differences are resolved.
pub(super) fn tolerance() -> Shape {
    Shape::Map(vec![
        need("rate", share(), "the most that a difference may be of what was charged"),
        may("amount", money(), "the most that it may be, whatever was charged"),
        need(
            "rule",
            word(&TOLERANCE_RULES),
            "which figure holds then: the one `charged`, the `lower`, or `split` halfway",
        ),
    ])
}

pub(super) fn dispute() -> Shape {
    Shape::Map(with_eligible(vec![
        need("id", Shape::Scalar(Format::Define(Name::Term)), "its id, unique among the terms"),
        need("by", party(), "who does not accept the charges"),
        need("with", party(), "who is on the other side of them"),
        need("from", date(), "the first day of the time that they are for"),
        need("to", date(), "the first day after it"),
        may("quantity", decimal(), "what its own meter says, in the unit of the rate"),
        may("amount", money(), "in place of a quantity: what it says is owed"),
        need("recorded", date(), "when it became known"),
        basis_field(),
    ]))
}

fn revenue_share() -> Shape {
    let less = Shape::Map(vec![
        may("discounts", truth(), "whether discounts on these sales are taken off"),
        may("credits", truth(), "whether sales that were paid from credits are taken off"),
        may("costs", many(Name::Object), "what the payer is itself charged for, taken off"),
    ]);
    let bracket = Shape::Map(vec![
        need("from", money(), "from how much on; the first from 0"),
        need("rate", share(), "the part of what lies above"),
    ]);
    let brackets = Shape::Map(vec![
        need("over", interval(), "over which the base is counted"),
        need("steps", list(bracket), "the brackets, from 0 up"),
    ]);
    let guarantee = Shape::Map(vec![
        need("amount", money(), "how much"),
        need("each", interval(), "paid when each of these begins"),
        need("recoupable", truth(), "whether shares are first set against it"),
    ]);
    let cap = Shape::Map(vec![
        may("total", money(), "the most that is ever paid"),
        may("paid-before", money(), "what counts as paid before the first period that is settled"),
        may("each", periodic(), "the most that is paid in each interval"),
    ]);
    common(vec![
        need("payer", party(), "who passes revenue on"),
        need("payee", party(), "who receives it"),
        need("base", many(Name::Object), "the products whose sales are shared"),
        may("less", less, "what is taken off the sales first; nothing, for a gross base"),
        may("rate", share(), "the part that is passed on, such as `20 %`"),
        may("brackets", brackets, "in place of one rate: rates by how large the base is"),
        may("guarantee", guarantee, "what is paid in advance, whatever the sales"),
        may("floor", periodic(), "the least that is paid for each interval"),
        may("cap", cap, "limits on what is paid"),
    ])
}

fn commitment() -> Shape {
    let usage = Shape::Map(vec![
        need("meter", word(&METERS), "what is counted"),
        need("per", word(&PRICE_UNITS), "the unit"),
        need("quantity", decimal(), "how many units in each interval"),
        may(
            "price",
            decimal(),
            "what a unit costs that is drawn or falls short; by the rate card if not said",
        ),
        may(
            "weights",
            Shape::Each(Format::Refer(Name::Object), Box::new(decimal())),
            "how many units one unit of a product counts for; one if not said",
        ),
    ]);
    let unused = Shape::Choice(vec![
        may(
            "rolls-over",
            Shape::Map(vec![
                need("intervals", whole(1, 1_000), "for how many intervals it can still be drawn"),
                may("at-most", share(), "the part of an interval's promise that may roll over"),
            ]),
            "it is still to be drawn in the next intervals, and falls short after them",
        ),
        may(
            "made-up",
            Shape::Map(vec![need("intervals", whole(1, 1_000), "for how many intervals")]),
            "it is paid, and later use beyond the promise is credited from it",
        ),
    ]);
    let milestone = Shape::Map(vec![
        need("by", date(), "by when"),
        may("amount", money(), "how much must have been spent"),
        may("quantity", decimal(), "how much must have been used"),
    ]);
    let prepaid = Shape::Map(vec![need(
        "upfront",
        share(),
        "the part of all that is paid at the start; the rest as each interval begins",
    )]);
    common(with_eligible(vec![
        need("buyer", party(), "who promises to buy"),
        need("seller", party(), "from whom"),
        may("amount", money(), "how much is spent in each interval"),
        may("use", usage, "in place of an amount: how much is used in each interval"),
        need("interval", interval(), "over which it is to be met"),
        may(
            "drawn-before",
            Shape::Scalar(Format::Money),
            "what was drawn before the first period that is settled",
        ),
        may("before-discounts", truth(), "whether charges count before discounts are taken off"),
        may(
            "priority",
            whole(0, 1_000_000),
            "which commitment is drawn first: the lower number; 0 if not said",
        ),
        need("shortfall", word(&["pay", "show"]), "`pay` for take-or-pay, else `show`"),
        may("unused", unused, "what becomes of what was not drawn; it expires if not said"),
        may("overage", decimal(), "what use beyond it costs, as a multiple of its price"),
        may(
            "within",
            Shape::Scalar(Format::Refer(Name::Term)),
            "a wider commitment that this counts for too",
        ),
        may("prepaid", prepaid, "that it is paid ahead"),
        may("milestones", list(milestone), "what must have been drawn by when"),
    ]))
}

pub(super) fn terms() -> Vec<Field> {
    let discount = common(with_eligible(vec![
        need("seller", party(), "who grants it"),
        need("buyer", party(), "to whom"),
        need("rate", share(), "what part of the price"),
    ]));
    let credit = common(with_eligible(vec![
        need("seller", party(), "who grants it"),
        need("buyer", party(), "who draws it"),
        need("amount", money(), "how much"),
        may("paid", money(), "what is paid for it when it begins; nothing if not said"),
        need("counts", truth(), "whether what is paid from it counts for commitments"),
        may(
            "priority",
            whole(0, 1_000_000),
            "which credit is drawn first: the lower number; 0 if not said",
        ),
    ]));
    let split = common(with_eligible(vec![
        need("of", party(), "whose charges"),
        need(
            "between",
            Shape::Each(Format::Refer(Name::Party), Box::new(share())),
            "who bears which part; together the whole",
        ),
    ]));
    vec![
        may("revenue-share", revenue_share(), "revenue passed on"),
        may("commitment", commitment(), "a promise to buy"),
        may("discount", discount, "a part of the price that is let off"),
        may("credit", credit, "an amount that charges are drawn from instead of being paid"),
        may("cost-split", split, "charges passed on to several parties by fixed parts"),
    ]
}
