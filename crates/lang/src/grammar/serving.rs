//! A product's traffic and what serves it.

use super::{list, may, need, party, refer, whole};
use crate::shape::{Format, Name, Shape};

/// A product's traffic and the replicas that serve it.
pub(super) fn serving() -> Shape {
    let autoscale = Shape::Map(vec![
        need("every-minutes", whole(1, 10_000), "how often the traffic is looked at"),
        need(
            "target-utilization",
            Shape::Scalar(Format::Share),
            "how busy replicas are meant to be",
        ),
        may(
            "stabilization-minutes",
            whole(0, 100_000),
            "for how long fewer replicas must have been enough before there are fewer; 0 if not said",
        ),
        may("min-replicas", whole(0, 1_000_000_000), "the fewest in a region; none if not said"),
        may("max-replicas", whole(0, 1_000_000_000), "the most in a region; no limit if not said"),
        may(
            "start-up-minutes",
            whole(0, 10_000),
            "how long a replica holds its GPUs before it serves; 0 if not said",
        ),
    ]);
    let share = Box::new(Shape::Scalar(Format::Share));
    Shape::Map(vec![
        need("product", refer(Name::Object), "what is sold"),
        need("seller", party(), "who sells it"),
        need("customer", party(), "who buys it"),
        need("tokens-in-per-hour", whole(0, 1_000_000_000_000_000), "tokens read in a mean hour"),
        need(
            "tokens-out-per-hour",
            whole(0, 1_000_000_000_000_000),
            "tokens written in a mean hour",
        ),
        need(
            "hours-permille",
            list(Shape::Scalar(Format::Whole(0, 100_000))),
            "traffic of each of the 24 hours of the day (UTC), in thousandths of the mean",
        ),
        need(
            "jitter-permille",
            whole(0, 1_000),
            "how far an hour is drawn from its mean, either way",
        ),
        need(
            "tokens-per-gpu-hour",
            whole(1, 1_000_000_000_000),
            "tokens, read and written, that one GPU serves in an hour",
        ),
        may(
            "replica-gpus",
            whole(1, 1_000_000),
            "GPUs that one replica holds at one site; 1 if not said",
        ),
        may(
            "regions",
            Shape::Each(Format::Refer(Name::Place), share),
            "the share of the traffic that is served within each place; all of it anywhere if not said",
        ),
        may(
            "spill",
            Shape::Scalar(Format::Bool),
            "whether a region's traffic may be served elsewhere where its own sites have no room",
        ),
        may(
            "autoscale",
            autoscale,
            "how replicas follow the traffic; the peak is held if not said",
        ),
    ])
}
