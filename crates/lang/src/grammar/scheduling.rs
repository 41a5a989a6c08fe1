//! How jobs are scheduled, what parties are due at a site, and what is kept for them.

use super::{act, basis_field, date, list, many, may, need, party, refer, whole, word};
use crate::shape::{Field, Format, Name, Shape};

/// What a workload may say of scheduling.
pub(super) fn of_workload() -> Field {
    may(
        "scheduling",
        scheduling(),
        "how jobs are scheduled; by arrival, with EASY backfill, if not said",
    )
}

fn site_policy() -> Field {
    may(
        "site-policy",
        word(&["in-order", "tightest"]),
        "which of the sites that come equal by commitment and price takes a job: the first in the \
         order of the files, or that with the least room that is enough; `tightest` if not said",
    )
}

fn node_policy() -> Field {
    may(
        "node-policy",
        word(&[
            "tightest",
            "first-fit",
            "random",
            "best-fit",
            "dot-product",
            "clustering",
            "packing",
            "fragmentation",
        ]),
        "which of the nodes that it fits takes a job of at most one node; `tightest` if not said",
    )
}

fn scheduling() -> Shape {
    let preempt = Shape::Map(vec![
        may(
            "priority",
            Shape::Scalar(Format::Bool),
            "whether jobs of lower priority give way to the first in the queue; under a quota only \
             those of its own party",
        ),
        may(
            "reclaim",
            Shape::Scalar(Format::Bool),
            "whether jobs of parties that borrow give way to a party within its nominal quota",
        ),
        may(
            "grace-minutes",
            whole(0, 100_000),
            "for how long they run on once they are told; 0 if not said",
        ),
        may(
            "acts",
            list(act()),
            "what the terms must allow at a site for others to give way to a job there; the terms \
             are not asked if not said",
        ),
        may(
            "given",
            many(Name::Fact),
            "facts that hold because of how jobs are made to give way, such as that they were told: \
             a condition on one of them is met",
        ),
    ]);
    Shape::Map(vec![
        may(
            "backfill",
            word(&["none", "first-fit", "easy", "conservative"]),
            "which jobs may pass those before them: none, any that fits, any that does not delay \
             the first, any that delays no other; `easy` if not said",
        ),
        may(
            "order",
            word(&["arrival", "priority", "fair-share"]),
            "which jobs come first; `arrival` if not said",
        ),
        may(
            "half-life-hours",
            whole(1, 1_000_000),
            "after how long a party's use counts half for its fair share",
        ),
        may(
            "shares",
            Shape::Each(
                Format::Refer(Name::Party),
                Box::new(Shape::Scalar(Format::Whole(1, 1_000_000))),
            ),
            "the parties' shares, against each other, for a fair share; 1 if not said",
        ),
        may("preempt", preempt, "which running jobs give way; none if not said"),
        site_policy(),
        node_policy(),
        basis_field(),
    ])
}

/// What a site may say of who is due what of it.
pub(super) fn of_site() -> [Field; 2] {
    let quota = Shape::Map(vec![
        need("party", party(), "whose"),
        need("nominal", whole(0, 1_000_000_000), "GPUs that it may hold whatever others do"),
        may(
            "lending-limit",
            whole(0, 1_000_000_000),
            "how many of these others may borrow while they are idle; all if not said",
        ),
        may(
            "borrowing-limit",
            whole(0, 1_000_000_000),
            "how many more it may borrow; as many as others lend if not said",
        ),
        may("from", date(), "from when on; always before if not said"),
        may("to", date(), "the first day on which it no longer holds"),
        basis_field(),
    ]);
    let reservation = Shape::Map(vec![
        need("party", party(), "for whom"),
        may("gpu", refer(Name::Gpu), "of which type; may be left out where the site has one"),
        need("gpus", whole(1, 1_000_000_000), "how many"),
        need("from", date(), "from when on"),
        need("to", date(), "the first day on which they are no longer kept"),
        basis_field(),
    ]);
    [
        may(
            "quotas",
            list(quota),
            "what parties are due of the site; others can only borrow. Without any, whoever may run \
             there has what is free",
        ),
        may("reservations", list(reservation), "what is kept for whom"),
    ]
}

/// What a stream of jobs may say of how it is scheduled.
pub(super) fn of_jobs() -> [Field; 2] {
    let checkpoint = Shape::Map(vec![
        need("every-minutes", whole(1, 1_000_000), "after how much work each it is saved"),
        need(
            "restart-minutes",
            whole(0, 100_000),
            "how long a job that was stopped holds its GPUs before it goes on",
        ),
    ]);
    [
        may(
            "priority",
            whole(0, 65_535),
            "the higher comes first, where scheduling goes by it; 0 if not said",
        ),
        may(
            "checkpoint",
            checkpoint,
            "how work is saved; without it a job that is stopped starts from nothing",
        ),
    ]
}
