//! How a source's names become the deal's.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{GpuTypeId, Instant, Meter, ObjectId, PartyId, Rounding, SiteId};

use crate::format::Format;
use crate::time::Zone;
use crate::unit::Unit;

/// How the records of one source are read: what its names mean, and where its figures stand.
///
/// What a feed leaves out is read as its format has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Its id.
    pub id: String,
    /// What the source writes.
    pub format: Format,
    /// The source of records that do not name their own.
    pub source: Option<String>,
    /// The zone of times that name none.
    pub zone: Option<Zone>,
    /// The fields whose values together are a record's id.
    pub identity: Vec<String>,
    /// Who used it.
    pub buyer: Option<Naming<PartyId>>,
    /// Who supplied it; the host of the site if not said.
    pub seller: Option<Naming<PartyId>>,
    /// The product or capacity.
    pub object: Option<Naming<ObjectId>>,
    /// Where.
    pub site: Option<Naming<SiteId>>,
    /// On which GPUs.
    pub gpu: Option<Naming<GpuTypeId>>,
    /// What is counted; what the unit measures if not said.
    pub meter: Option<Naming<Meter>>,
    /// The unit of the quantity.
    pub unit: Option<Naming<Unit>>,
    /// The field with the quantity.
    pub quantity: Option<String>,
    /// The field with the start.
    pub start: Option<String>,
    /// The field with the end.
    pub end: Option<String>,
    /// How a quantity that is no whole number of base units is rounded; refused if not said.
    pub round: Option<Rounding>,
    /// The nodes of a `sacct` dump.
    pub nodes: Vec<NodeGroup>,
}

impl Feed {
    /// A feed that leaves everything to its format.
    #[must_use]
    pub fn plain(id: &str, format: Format) -> Self {
        Self {
            id: id.to_owned(),
            format,
            source: None,
            zone: None,
            identity: Vec::new(),
            buyer: None,
            seller: None,
            object: None,
            site: None,
            gpu: None,
            meter: None,
            unit: None,
            quantity: None,
            start: None,
            end: None,
            round: None,
            nodes: Vec::new(),
        }
    }

    /// The fields that values are named by.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        fn by<T>(naming: &Option<Naming<T>>) -> Option<&str> {
            naming.as_ref()?.by.as_deref()
        }
        let fields = [
            by(&self.buyer),
            by(&self.seller),
            by(&self.object),
            by(&self.site),
            by(&self.gpu),
            by(&self.meter),
            by(&self.unit),
        ];
        fields.into_iter().flatten()
    }
}

/// What a field's values are called in the deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming<T> {
    /// The field; the format's own if not said.
    pub by: Option<String>,
    /// Each value, or what it begins with and a `*`, with its name. Empty: values are taken as
    /// they are.
    pub names: BTreeMap<String, T>,
    /// What any other value, or none, is called.
    pub otherwise: Option<T>,
}

impl<T> Naming<T> {
    /// The name of a value: that of the value itself, else of the longest beginning.
    #[must_use]
    pub fn find(&self, value: &str) -> Option<&T> {
        let begins =
            |key: &str| key.strip_suffix('*').is_some_and(|start| value.starts_with(start));
        self.names.get(value).or_else(|| {
            let fits = self.names.iter().filter(|(key, _)| begins(key));
            fits.max_by_key(|(key, _)| key.len()).map(|(_, name)| name)
        })
    }
}

/// Nodes that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeGroup {
    /// Their names.
    pub nodes: BTreeSet<String>,
    /// The site that they are part of.
    pub site: Option<SiteId>,
    /// Who supplies them; the host of the site if not said.
    pub seller: Option<PartyId>,
    /// The type of their GPUs.
    pub gpu: Option<GpuTypeId>,
    /// How many GPUs each has.
    pub gpus: Option<u64>,
}

/// The names that a deal has: what records may refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Its parties.
    pub parties: BTreeSet<PartyId>,
    /// Its objects.
    pub objects: BTreeSet<ObjectId>,
    /// Its sites, each with its host.
    pub sites: BTreeMap<SiteId, PartyId>,
    /// Its GPU types.
    pub gpus: BTreeSet<GpuTypeId>,
    /// From when on a version of an agreement holds.
    pub since: Option<Instant>,
}

/// What reading a file takes besides the file.
#[derive(Debug, Clone, Copy, Default)]
pub struct How<'a> {
    /// How the source's names become the deal's.
    pub feed: Option<&'a Feed>,
    /// The names that records may refer to; any if not said.
    pub names: Option<&'a Names>,
    /// The zone of times that name none, in place of the feed's.
    pub zone: Option<&'a Zone>,
    /// The source of records that do not name their own, in place of the feed's.
    pub source: Option<&'a str>,
}

impl<'a> How<'a> {
    pub(crate) fn zone(self) -> Option<&'a Zone> {
        self.zone.or_else(|| self.feed?.zone.as_ref())
    }

    pub(crate) fn source(self) -> Option<&'a str> {
        self.source.or_else(|| self.feed?.source.as_deref())
    }
}
