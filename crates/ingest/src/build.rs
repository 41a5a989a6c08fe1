//! A row of named fields to a record, by the feed and what the format itself says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use comity_base::{GpuTypeId, IdError, Meter, ObjectId, PartyId, SiteId, Window};
use comity_settlement::Supply;

use crate::feed::{How, Naming};
use crate::intake::{Identity, Place, Rejected};
use crate::number::{base_units, level as level_of};
use crate::reason::{Reason, Wrong};
use crate::record::{Intake, Part, Uses};
use crate::table::Record;
use crate::text::{nearest, shown};
use crate::time::time;
use crate::unit::Unit;

/// The fields of a row, by name; an empty one counts as not there.
pub(crate) trait Fields {
    fn get(&self, field: &str) -> Result<Option<Cow<'_, str>>, Reason>;
}

/// Where a format keeps what a record needs: the fields in the order in which they are tried.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The source of records that name none.
    pub(crate) name: &'static str,
    pub(crate) source: &'static [&'static str],
    pub(crate) identity: &'static [&'static str],
    pub(crate) buyer: &'static [&'static str],
    pub(crate) seller: &'static [&'static str],
    pub(crate) object: &'static [&'static str],
    pub(crate) site: &'static [&'static str],
    pub(crate) gpu: &'static [&'static str],
    pub(crate) meter: &'static [&'static str],
    pub(crate) unit: &'static [&'static str],
    pub(crate) level: &'static [&'static str],
    pub(crate) quantity: &'static [&'static str],
    pub(crate) start: &'static [&'static str],
    pub(crate) end: &'static [&'static str],
    /// Those of which one must be there.
    pub(crate) amounts: &'static [&'static str],
    /// Whether a record may go over several rows.
    pub(crate) parts: bool,
    /// What a row is that is no record of use.
    pub(crate) passes_over: fn(&Record<'_>) -> Option<&'static str>,
}

type Found<'a> = (&'a str, Cow<'a, str>);

/// What is known of a record so far, so that one that is rejected is still counted.
#[derive(Debug, Default)]
pub(crate) struct Built {
    pub(crate) quantities: Vec<(Meter, u128)>,
}

/// Builds the records of one file.
pub(crate) struct Builder<'a> {
    how: How<'a>,
    layout: &'a Layout,
    /// The supplies seen, so that records of one share it.
    supplies: BTreeMap<Supply, Arc<Supply>>,
    sources: BTreeMap<String, Arc<str>>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(how: How<'a>, layout: &'a Layout) -> Self {
        Self { how, layout, supplies: BTreeMap::new(), sources: BTreeMap::new() }
    }

    /// The identity and the one use of a row.
    pub(crate) fn build(
        &mut self,
        fields: &dyn Fields,
        built: &mut Built,
    ) -> Result<(Identity, Part), Wrong> {
        let feed = self.how.feed;
        let meter = self.facet(
            fields,
            "meter",
            feed.and_then(|f| f.meter.as_ref()),
            self.layout.meter,
            meter,
        )?;
        let window = self.window(fields)?;
        let unit =
            self.facet(fields, "unit", feed.and_then(|f| f.unit.as_ref()), self.layout.unit, unit)?;
        let meter = meter.or_else(|| unit.and_then(Unit::only_meter));
        let meter = meter.ok_or_else(|| Wrong::row(Reason::Unsaid("meter")))?;
        if let Some(unit) = unit.filter(|unit| !unit.meters.contains(&meter)) {
            let reason = Reason::UnitOfAnother { unit: unit.name.to_owned(), meter: meter.name() };
            return Err(Wrong::at(self.layout.unit[0], reason));
        }
        let (level, quantity) = self.amount(fields, meter, unit, window)?;
        built.quantities = vec![(meter, u128::from(quantity))];
        if quantity == 0 {
            let column = if level.is_some() { self.layout.level[0] } else { self.quantity_field() };
            return Err(Wrong::at(column, Reason::Zero));
        }
        let identity = self.identity(fields)?;
        let supply = self.supply(fields, meter)?;
        let part = match level {
            Some(level) => Part::held(supply, window, level)
                .ok_or_else(|| Wrong::row(Reason::TooLarge(level.to_string())))?,
            None => Part::counted(supply, window, quantity),
        };
        Ok((identity, part))
    }

    fn quantity_field(&self) -> &'a str {
        let named = self.how.feed.and_then(|feed| feed.quantity.as_deref());
        named.unwrap_or(self.layout.quantity[0])
    }

    /// The first of the fields that says something.
    fn first<'f>(fields: &'f dyn Fields, names: &[&'f str]) -> Result<Option<Found<'f>>, Wrong> {
        for name in names {
            if let Some(value) = fields.get(name).map_err(|reason| Wrong::at(name, reason))? {
                return Ok(Some((name, value)));
            }
        }
        Ok(None)
    }

    /// The field that the feed names, else the format's own.
    fn field<'f>(
        fields: &'f dyn Fields,
        named: Option<&'f str>,
        own: &[&'f str],
    ) -> Result<Option<Found<'f>>, Wrong> {
        match named {
            Some(name) => Self::first(fields, &[name]),
            None => Self::first(fields, own),
        }
    }

    /// One thing that a row says, under the deal's name.
    fn facet<T: Clone>(
        &self,
        fields: &dyn Fields,
        what: &'static str,
        naming: Option<&Naming<T>>,
        own: &[&str],
        plain: impl Fn(&str) -> Result<T, Reason>,
    ) -> Result<Option<T>, Wrong> {
        let found = Self::field(fields, naming.and_then(|naming| naming.by.as_deref()), own)?;
        named(what, naming, found, plain)
    }

    fn window(&self, fields: &dyn Fields) -> Result<Window, Wrong> {
        let feed = self.how.feed;
        let start = Self::field(fields, feed.and_then(|f| f.start.as_deref()), self.layout.start)?;
        let end = Self::field(fields, feed.and_then(|f| f.end.as_deref()), self.layout.end)?;
        let (start_field, start) =
            start.ok_or_else(|| Wrong::at(self.layout.start[0], Reason::Missing))?;
        let from =
            time(&start, self.how.zone()).map_err(|reason| Wrong::at(start_field, reason))?;
        let Some((end_field, end)) = end else {
            // What is counted happens in a second; what is held needs its end.
            return match (self.layout.end, from.second) {
                ([own, ..], None) if *own == "data.end" => {
                    let next = from.first.plus_seconds(1);
                    Window::new(from.first, next)
                        .map_err(|_| Wrong::at(start_field, Reason::NotTime(shown(&start))))
                }
                _ => Err(Wrong::at(self.layout.end[0], Reason::Missing)),
            };
        };
        let to = time(&end, self.how.zone()).map_err(|reason| Wrong::at(end_field, reason))?;
        if from.zoned != to.zoned {
            let reason = Reason::MixedZones { found: shown(&end), other: shown(&start) };
            return Err(Wrong::at(end_field, reason));
        }
        if let Some(twice) = [(from, start_field, &start), (to, end_field, &end)]
            .into_iter()
            .find(|(time, ..)| time.second.is_some())
        {
            let zone = self.how.zone().map(|zone| zone.name().to_owned()).unwrap_or_default();
            return Err(Wrong::at(twice.1, Reason::Twice { text: shown(twice.2), zone }));
        }
        Window::new(from.first, to.first).map_err(|_| {
            let reason = Reason::Backwards { start: shown(&start), end: shown(&end) };
            Wrong::at(end_field, reason)
        })
    }

    /// What is held, where that is said or comes to whole GPUs, kW or nodes, and the quantity: in base
    /// units.
    fn amount(
        &self,
        fields: &dyn Fields,
        meter: Meter,
        unit: Option<Unit>,
        window: Window,
    ) -> Result<(Option<u64>, u64), Wrong> {
        let seconds = u64::try_from(window.seconds()).unwrap_or(u64::MAX);
        let named = self.how.feed.and_then(|feed| feed.quantity.as_deref());
        let quantity = Self::field(fields, named, self.layout.quantity)?;
        let round = self.how.feed.and_then(|feed| feed.round);
        let level = if named.is_some() { None } else { Self::first(fields, self.layout.level)? };
        // Without a unit, a quantity is in the meter's own.
        let factor = unit.map_or(meter.parts(), |unit| unit.factor);
        let quantity = match quantity {
            Some((field, text)) => {
                let read = base_units(&text, factor, meter, round);
                Some((field, read.map_err(|reason| Wrong::at(field, reason))?))
            }
            None => None,
        };
        if let Some((field, text)) = level {
            let level = level_of(&text, meter).map_err(|reason| Wrong::at(field, reason))?;
            if !meter.is_held() {
                let reason = Reason::Disagrees {
                    found: shown(&text),
                    expected: format!("{}, which is counted and not held", meter.name()),
                };
                return Err(Wrong::at(field, reason));
            }
            let held = level.checked_mul(seconds);
            let held = held.ok_or_else(|| Wrong::at(field, Reason::TooLarge(shown(&text))))?;
            return match quantity {
                Some((field, quantity)) if quantity != held => {
                    let written = |it: u64| meter.written(i128::from(it));
                    let expected = format!(
                        "{} held for {seconds} s, {} {}",
                        written(level),
                        written(held),
                        meter.unit()
                    );
                    Err(Wrong::at(field, Reason::Disagrees { found: written(quantity), expected }))
                }
                Some(_) | None => Ok((Some(level), held)),
            };
        }
        let (_, quantity) =
            quantity.ok_or_else(|| Wrong::at(self.quantity_field(), Reason::Missing))?;
        // What comes to whole GPUs, kW or nodes is held throughout; anything else belongs to the start.
        let one = seconds.saturating_mul(meter.parts());
        let held = meter.is_held() && quantity.checked_rem(one) == Some(0);
        Ok((held.then_some(quantity / seconds.max(1)), quantity))
    }

    fn identity(&mut self, fields: &dyn Fields) -> Result<Identity, Wrong> {
        let source = match Self::first(fields, self.layout.source)? {
            Some((_, source)) => source.into_owned(),
            None => match self.how.source() {
                Some(source) => source.to_owned(),
                None => return Err(Wrong::row(Reason::Unsaid("source"))),
            },
        };
        let id = match self.how.feed.map(|feed| &feed.identity[..]).filter(|keys| !keys.is_empty())
        {
            Some(keys) => {
                let mut values = Vec::new();
                for key in keys {
                    let value = Self::first(fields, &[key.as_str()])?;
                    values.push(value.ok_or_else(|| Wrong::at(key, Reason::Missing))?.1);
                }
                values.join("/")
            }
            None if self.layout.identity.len() == 1 => {
                let id = Self::first(fields, self.layout.identity)?;
                id.ok_or_else(|| Wrong::at(self.layout.identity[0], Reason::Missing))?
                    .1
                    .into_owned()
            }
            // A format without ids: what tells one of its rows from another.
            None => {
                let value = |name| Ok(Self::first(fields, &[name])?.map(|(_, value)| value));
                let values: Vec<Cow<'_, str>> = self
                    .layout
                    .identity
                    .iter()
                    .map(|name| Ok(value(name)?.unwrap_or_default()))
                    .collect::<Result<_, Wrong>>()?;
                values.join("/")
            }
        };
        let source = self.source(&source);
        Ok(Identity { source, id: id.into_boxed_str() })
    }

    /// The shared text of a source.
    pub(crate) fn source(&mut self, source: &str) -> Arc<str> {
        if let Some(shared) = self.sources.get(source) {
            return shared.clone();
        }
        let shared: Arc<str> = Arc::from(source);
        self.sources.insert(source.to_owned(), shared.clone());
        shared
    }

    pub(crate) fn supply(
        &mut self,
        fields: &dyn Fields,
        meter: Meter,
    ) -> Result<Arc<Supply>, Wrong> {
        let (how, layout) = (self.how, self.layout);
        let feed = how.feed;
        let site = self.facet(
            fields,
            "site",
            feed.and_then(|f| f.site.as_ref()),
            layout.site,
            id(SiteId::new),
        )?;
        let supply = Supply {
            buyer: self
                .facet(
                    fields,
                    "buyer",
                    feed.and_then(|f| f.buyer.as_ref()),
                    layout.buyer,
                    id(PartyId::new),
                )?
                .ok_or_else(|| Wrong::row(Reason::Unsaid("buyer")))?,
            seller: self
                .facet(
                    fields,
                    "seller",
                    feed.and_then(|f| f.seller.as_ref()),
                    layout.seller,
                    id(PartyId::new),
                )?
                .or_else(|| how.names?.sites.get(site.as_ref()?).cloned())
                .ok_or_else(|| Wrong::row(Reason::Unsaid("seller")))?,
            meter,
            object: self
                .facet(
                    fields,
                    "object",
                    feed.and_then(|f| f.object.as_ref()),
                    layout.object,
                    id(ObjectId::new),
                )?
                .or_else(|| meter.object())
                .ok_or_else(|| Wrong::row(Reason::Unsaid("object")))?,
            gpu: self.facet(
                fields,
                "gpu",
                feed.and_then(|f| f.gpu.as_ref()),
                layout.gpu,
                id(GpuTypeId::new),
            )?,
            site,
        };
        self.share(supply)
    }

    /// The shared copy of a supply, whose names are the deal's.
    pub(crate) fn share(&mut self, supply: Supply) -> Result<Arc<Supply>, Wrong> {
        if let Some(shared) = self.supplies.get(&supply) {
            return Ok(shared.clone());
        }
        if let Some(names) = self.how.names {
            let parties = || names.parties.iter().map(PartyId::as_str);
            known("buyer", supply.buyer.as_str(), parties())?;
            known("seller", supply.seller.as_str(), parties())?;
            if supply.meter.object().as_ref() != Some(&supply.object) {
                let objects = names.objects.iter().map(ObjectId::as_str);
                known("object", supply.object.as_str(), objects)?;
            }
            if let Some(site) = &supply.site {
                known("site", site.as_str(), names.sites.keys().map(SiteId::as_str))?;
            }
            if let Some(gpu) = &supply.gpu {
                known("GPU type", gpu.as_str(), names.gpus.iter().map(GpuTypeId::as_str))?;
            }
        }
        let shared = Arc::new(supply.clone());
        self.supplies.insert(supply, shared.clone());
        Ok(shared)
    }

    /// Takes in what a row came to.
    pub(crate) fn put(
        &self,
        intake: &mut Intake,
        place: Place,
        result: Result<(Identity, Uses), Wrong>,
        built: Built,
        row: impl FnOnce() -> String,
    ) {
        match result {
            Ok((identity, uses)) => {
                if let Some(since) = self.how.names.and_then(|names| names.since)
                    && uses.parts().iter().any(|part| part.window.start() < since)
                {
                    let what = format!("start before the first version of the deal, of {since}");
                    intake.note(what, place.clone());
                }
                intake.take(identity, place, uses);
            }
            Err(wrong) => {
                intake.reject(Rejected { place, wrong, row: row(), quantities: built.quantities });
            }
        }
    }
}

/// A value under the deal's name; what the feed does not name is taken as it is only where it
/// names nothing.
pub(crate) fn named<T: Clone>(
    what: &'static str,
    naming: Option<&Naming<T>>,
    found: Option<(&str, Cow<'_, str>)>,
    plain: impl Fn(&str) -> Result<T, Reason>,
) -> Result<Option<T>, Wrong> {
    let otherwise = naming.and_then(|naming| naming.otherwise.clone());
    let Some((field, value)) = found else { return Ok(otherwise) };
    match naming {
        Some(naming) if !naming.names.is_empty() || naming.otherwise.is_some() => {
            let name = naming.find(&value).cloned().or(otherwise);
            let unknown = || {
                let keys = naming.names.keys().map(String::as_str);
                let nearest = nearest(&value, keys);
                Wrong::at(field, Reason::Unknown { what, name: shown(&value), nearest })
            };
            name.map(Some).ok_or_else(unknown)
        }
        Some(_) | None => plain(&value).map(Some).map_err(|reason| Wrong::at(field, reason)),
    }
}

/// Reads an id.
pub(crate) fn id<T>(
    new: impl Fn(&str) -> Result<T, IdError>,
) -> impl Fn(&str) -> Result<T, Reason> {
    move |text| new(text).map_err(|_| Reason::NotId(shown(text)))
}

/// Reads the name of a meter.
pub(crate) fn meter(text: &str) -> Result<Meter, Reason> {
    let named = Meter::NAMED.into_iter().find(|(name, _)| *name == text);
    named.map(|(_, meter)| meter).ok_or_else(|| {
        let nearest = nearest(text, Meter::NAMED.map(|(name, _)| name));
        Reason::Unknown { what: "meter", name: shown(text), nearest }
    })
}

/// Reads the name of a unit.
pub(crate) fn unit(text: &str) -> Result<Unit, Reason> {
    Unit::named(text).ok_or_else(|| {
        let nearest = nearest(text, Unit::ALL.map(|unit| unit.name));
        Reason::Unknown { what: "unit", name: shown(text), nearest }
    })
}

fn known<'n>(
    what: &'static str,
    name: &str,
    mut names: impl Iterator<Item = &'n str> + Clone,
) -> Result<(), Wrong> {
    let all = names.clone();
    if names.any(|known| known == name) {
        return Ok(());
    }
    let nearest = nearest(name, all);
    Err(Wrong::row(Reason::Unknown { what, name: shown(name), nearest }))
}
