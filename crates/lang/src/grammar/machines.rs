//! The machines of a site: how they stand and fail, and when they are out by plan.

use comity_fleet::Nodes;

use super::{basis_field, date, list, may, need, quantile, whole, word};
use crate::shape::{Field, Format, Shape};

/// What a site may say of its machines.
pub(super) fn fields() -> [Field; 3] {
    [
        may("nodes", nodes(), "how its machines stand; without it the site is a count of GPUs"),
        may("faults", faults(), "how its nodes fail; they do not if not said"),
        may("maintenance", list(maintenance()), "when the site or parts of it are out by plan"),
    ]
}

fn nodes() -> Shape {
    Shape::Map(vec![
        need(
            "gpus-per-node",
            whole(1, u64::from(Nodes::GPUS_PER_NODE_MOST)),
            "GPUs in one node; each phase opens whole nodes",
        ),
        may(
            "nodes-per-rack",
            whole(1, 10_000),
            "nodes in one rack, which is one NVLink domain; 1 if not said",
        ),
        may("racks-per-hall", whole(1, 1_000_000), "racks in one hall; all of them if not said"),
        may("cpu-cores", whole(1, 1_000_000), "processors of one node; no limit if not said"),
        may("memory-gib", whole(1, 10_000_000), "memory of one node, GiB; no limit if not said"),
    ])
}

/// What a stream of jobs may say of the nodes that they need.
pub(super) fn needs() -> Field {
    let needs = Shape::Map(vec![
        may(
            "span",
            word(&["node", "rack", "hall", "site"]),
            "within what all GPUs of a job have to lie; the site if not said",
        ),
        may("cpu-cores-per-gpu", whole(1, 1_000_000), "processors for each GPU; none if not said"),
        may(
            "memory-gib-per-gpu",
            whole(1, 10_000_000),
            "memory for each GPU, GiB; none if not said",
        ),
    ]);
    may("needs", needs, "what a job needs of nodes, at sites that say how their machines stand")
}

fn faults() -> Shape {
    let outage = quantile("this part of the outages", "lasts at most this long");
    Shape::Map(vec![
        need(
            "per-node-year",
            Shape::Scalar(Format::Decimal),
            "faults of one node in a year (365 days) of service",
        ),
        need(
            "outage",
            list(outage),
            "how long a node is gone, as rising quantiles, from `0 %` to `100 %`",
        ),
        basis_field(),
    ])
}

fn maintenance() -> Shape {
    Shape::Map(vec![
        need("from", date(), "when it begins"),
        need("to", date(), "when it is over"),
        may(
            "halls",
            list(Shape::Scalar(Format::Whole(1, 1_000_000))),
            "the halls by their number, from 1 as they fill up; the whole site if not said",
        ),
        may(
            "before",
            word(&["drain", "stop"]),
            "whether jobs that would not end by then are not started, or those that run then are \
             stopped; `drain` if not said",
        ),
        basis_field(),
    ])
}
