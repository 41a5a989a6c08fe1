//! How the usage records of others are read.

use super::money::{METERS, words};
use super::{kind, list, may, need, party, refer, text, whole, word};
use crate::shape::{Format, Name, Shape};

const FORMATS: [&str; 4] = words(&comity_ingest::Format::NAMED);
const ROUNDINGS: [&str; 4] = words(&comity_base::Rounding::NAMED);
const UNITS: [&str; comity_ingest::Unit::ALL.len()] = unit_names();

/// The names of the units that quantities come in.
const fn unit_names() -> [&'static str; comity_ingest::Unit::ALL.len()] {
    let mut names = [""; comity_ingest::Unit::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = comity_ingest::Unit::ALL[at].name;
        at += 1;
    }
    names
}

pub(super) fn feed() -> Shape {
    let naming = |format: Format| {
        Shape::Map(vec![
            may("by", text(), "the field whose values are named; the format's own if not said"),
            may(
                "names",
                Shape::Each(Format::Text, Box::new(Shape::Scalar(format))),
                "each value, or its beginning and a `*`, with its name in the deal",
            ),
            may(
                "otherwise",
                Shape::Scalar(format),
                "what every other value is called, and where there is none; refused if not said",
            ),
        ])
    };
    let group = Shape::Map(vec![
        need("nodes", text(), "the nodes, such as `gpu[01-16]`"),
        may("site", refer(Name::Site), "the site that they are part of"),
        may("seller", party(), "who supplies them; the site's host if not said"),
        may("gpu", refer(Name::Gpu), "the type of their GPUs"),
        may("gpus", whole(1, 1_000), "how many GPUs each has"),
    ]);
    let one = Shape::Map(vec![
        need("format", word(&FORMATS), "what the source writes"),
        may("source", text(), "the source of records that do not name their own"),
        may("zone", text(), "the time zone of times that name none, such as `America/Denver`"),
        may("id", Shape::OneOrMany(Format::Text), "the fields that together are a record's id"),
        may("buyer", naming(Format::Refer(Name::Party)), "who used it, and pays"),
        may("seller", naming(Format::Refer(Name::Party)), "who supplied it, and is paid"),
        may("object", naming(Format::Refer(Name::Object)), "the product or capacity"),
        may("site", naming(Format::Refer(Name::Site)), "where it was used"),
        may("gpu", naming(Format::Refer(Name::Gpu)), "on which type of GPU"),
        may("meter", naming(Format::Word(&METERS)), "what is counted"),
        may("unit", naming(Format::Word(&UNITS)), "the unit of the quantity"),
        may("quantity", text(), "the field with the quantity"),
        may("start", text(), "the field with the start"),
        may("end", text(), "the field with the end"),
        may(
            "round",
            word(&ROUNDINGS),
            "how a quantity is rounded that is no whole number of base units; refused if not said",
        ),
        may("nodes", list(group), "the nodes of a `sacct` dump"),
    ]);
    Shape::Map(vec![
        kind(&["feed"]),
        need("feeds", Shape::Each(Format::Id, Box::new(one)), "each source by an id"),
    ])
}
