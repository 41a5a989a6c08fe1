//! How often nodes fail, of what, and for how long.

use comity_fleet::{FaultModel, Quantile};

/// Seconds of the year that rates are stated for: 365 days.
pub const YEAR_SECONDS: u64 = 365 * 86_400;

/// How nodes fail: by independent causes, each at a constant rate while the node is up.
///
/// A model without a cause, or whose rates are all zero, has no faults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Model {
    /// The causes; an outage names its own by its place here.
    pub causes: Vec<Cause>,
}

/// One thing that nodes fail of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Its name for people: a level or class of faults; empty when causes are not told apart.
    pub name: String,
    /// Faults of one node in a year (365 days) of service, in millionths.
    pub per_node_year_millionths: u64,
    /// Quantiles of the outage, rising; between them it is drawn evenly.
    pub outage: Vec<Quantile>,
}

impl Model {
    /// Faults of one node in a year of service over all causes, in millionths; at most the largest
    /// `u64`.
    #[must_use]
    pub fn per_node_year_millionths(&self) -> u64 {
        let rates = self.causes.iter().map(|cause| cause.per_node_year_millionths);
        rates.fold(0, u64::saturating_add)
    }
}

impl From<&FaultModel> for Model {
    fn from(stated: &FaultModel) -> Self {
        let cause = Cause {
            name: String::new(),
            per_node_year_millionths: stated.per_node_year_millionths,
            outage: stated.outage.clone(),
        };
        Self { causes: vec![cause] }
    }
}
