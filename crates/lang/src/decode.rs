//! Trees of files to values. The form was checked before, so a part that is missing here was
//! reported already; what only values can show, such as a period that ends before it begins, is
//! reported here.

mod agreement;
mod expect;
mod feed;
mod machines;
mod money;
mod record;
mod scheduling;
mod serving;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Calendar, Currency, Decimal, IdError, Instant, Money, PartyId, Window};
use comity_fleet::{Size, Source};
use comity_terms::{Cited, Parties, Position, Provenance, Status};

pub(crate) use agreement::{calendar, version};
pub(crate) use expect::expectation;
pub(crate) use feed::feed;
pub(crate) use machines::first_share;
pub(crate) use money::{conversion, rate, tolerance};
pub(crate) use record::record;
pub(crate) use work::{site, workload};

use crate::diagnostic::{Diagnostic, Place};
use crate::node::{Key, Node};
use crate::shape::{currency_of, money, share, size, truth};

/// What decoding needs besides the tree.
pub(crate) struct Context<'a> {
    /// The deal's currency.
    pub(crate) currency: Currency,
    /// All currencies that the deal names, its own first.
    pub(crate) currencies: Vec<Currency>,
    /// The deal's calendars, by name.
    pub(crate) calendars: BTreeMap<String, Calendar>,
    /// Where problems go.
    pub(crate) out: &'a mut Vec<Diagnostic>,
}

/// One of a named set, as every closed set of words in deal files is kept.
pub(crate) fn word<T: Copy>(named: &[(&'static str, T)], text: &str) -> Option<T> {
    named.iter().find(|(name, _)| *name == text).map(|(_, value)| *value)
}

impl Node {
    pub(crate) fn string(&self, key: &str) -> Option<String> {
        self.get(key)?.text().map(str::to_owned)
    }

    /// An id under a key.
    pub(crate) fn id<T>(&self, key: &str, new: impl Fn(&str) -> Result<T, IdError>) -> Option<T> {
        new(self.get(key)?.text()?).ok()
    }

    /// The ids of a value or a list; empty when the key is not there.
    pub(crate) fn ids<T>(&self, key: &str, new: impl Fn(&str) -> Result<T, IdError>) -> Vec<T> {
        let items = self.get(key).map_or(&[][..], Self::items);
        items.iter().filter_map(|item| new(item.text()?).ok()).collect()
    }

    pub(crate) fn id_set<T: Ord>(
        &self,
        key: &str,
        new: impl Fn(&str) -> Result<T, IdError>,
    ) -> BTreeSet<T> {
        self.ids(key, new).into_iter().collect()
    }

    /// The ids of a value or a list, each with where it stands.
    pub(crate) fn cited<T>(
        &self,
        key: &str,
        new: impl Fn(&str) -> Result<T, IdError>,
    ) -> Vec<Cited<T>> {
        let items = self.get(key).map_or(&[][..], Self::items);
        let cite = |item: &Self| {
            let value = new(item.text()?).ok()?;
            Some(Cited { value, position: item.place.position.clone() })
        };
        items.iter().filter_map(cite).collect()
    }

    pub(crate) fn date(&self, key: &str) -> Option<Instant> {
        Instant::parse(self.get(key)?.text()?).ok()
    }

    pub(crate) fn decimal(&self, key: &str) -> Option<Decimal> {
        Decimal::parse(self.get(key)?.text()?).ok()
    }

    pub(crate) fn whole<T: TryFrom<u64>>(&self, key: &str) -> Option<T> {
        whole(self.get(key)?)
    }

    pub(crate) fn size(&self, key: &str) -> Option<Size> {
        size(self.get(key)?.text()?, u32::MAX).ok()
    }

    pub(crate) fn truth(&self, key: &str) -> Option<bool> {
        truth(self.get(key)?.text()?)
    }

    pub(crate) fn share(&self, key: &str) -> Option<comity_base::Ratio> {
        share(self.get(key)?.text()?).ok()
    }

    pub(crate) fn word<T: Copy>(&self, key: &str, named: &[(&'static str, T)]) -> Option<T> {
        word(named, self.get(key)?.text()?)
    }

    /// The parties under a key; everyone when it is not there.
    pub(crate) fn parties(&self, key: &str) -> Option<Parties> {
        let Some(node) = self.get(key) else { return Some(Parties::Any) };
        if node.text() == Some("any") {
            return Some(Parties::Any);
        }
        let set = |node: &Self| {
            let id = |item: &Self| PartyId::new(item.text()?).ok();
            node.items().iter().map(id).collect::<Option<BTreeSet<PartyId>>>()
        };
        match node.get("all-but") {
            Some(inner) => set(inner).map(Parties::AllBut),
            None => set(node).map(Parties::Only),
        }
    }
}

pub(crate) fn whole<T: TryFrom<u64>>(node: &Node) -> Option<T> {
    T::try_from(crate::shape::whole(node.text()?)?).ok()
}

impl Context<'_> {
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.out.push(diagnostic);
    }

    /// An amount, in the deal's currency unless it names one; reports one with too many digits, or
    /// in a currency that the deal does not name.
    pub(crate) fn money(&mut self, node: &Node, key: &str) -> Option<Money> {
        let node = node.get(key)?;
        let (code, number) = currency_of(node.text()?);
        let currency = match code {
            Some(code) => self.currency(node, code)?,
            None => self.currency,
        };
        match money(number, currency) {
            Ok(money) => Some(money),
            Err(expected) => {
                let title = format!("expected {expected}, found {}", node.describe());
                self.report(Diagnostic::new(node.place.clone(), title));
                None
            }
        }
    }

    /// A currency of the deal by its code; reports one that it does not name.
    pub(crate) fn currency(&mut self, node: &Node, code: &str) -> Option<Currency> {
        let known = || self.currencies.iter().copied();
        let found = known().find(|currency| currency.code() == code);
        if found.is_none() && Currency::new(code, 2).is_ok() {
            let codes: Vec<String> = known().map(|it| it.code().to_owned()).collect();
            let title = format!("the deal names no currency `{code}`");
            let diagnostic = Diagnostic::new(node.place.clone(), title)
                .nearest(code, codes.iter().map(String::as_str))
                .help("`currencies:` in the deal's file lists those besides its own");
            self.report(diagnostic);
        }
        found
    }

    /// Power in kW from MW under a key; reports a part of a kW.
    pub(crate) fn power_kw<T: TryFrom<i128>>(&mut self, node: &Node, key: &str) -> Option<T> {
        let power = node.get(key)?;
        let kw = node.decimal(key)?.at_scale(3).and_then(|kw| T::try_from(kw).ok());
        if kw.is_none() {
            let title = format!("expected whole kW, found {} MW", power.describe());
            self.report(
                Diagnostic::new(power.place.clone(), title)
                    .help("give MW with at most three digits behind the point, up to 4 million"),
            );
        }
        kw
    }

    /// The period `[from, to)`, open where it names no end; reports one that ends before it
    /// begins.
    pub(crate) fn window(&mut self, node: &Node) -> Option<Window> {
        let start = node.date("from")?;
        let from = &node.get("from")?.place;
        match node.get("to") {
            Some(to) => {
                let end = Instant::parse(to.text()?).ok()?;
                self.ordered(start, from, end, &to.place)
            }
            None => self.ordered(start, from, Instant::MAX, from),
        }
    }

    /// The period between two instants; reports one that ends before it begins.
    pub(crate) fn ordered(
        &mut self,
        start: Instant,
        start_place: &Place,
        end: Instant,
        end_place: &Place,
    ) -> Option<Window> {
        let window = Window::new(start, end);
        if window.is_err() {
            let title = if start == end {
                format!("the period ends at {end}, when it begins")
            } else {
                format!("the period ends at {end}, before it begins at {start}")
            };
            let diagnostic = Diagnostic::new(end_place.clone(), title)
                .also(start_place.clone(), "it begins here")
                .help(format!("periods are `[from, to)`: expected a date after {start}"));
            self.report(diagnostic);
        }
        window.ok()
    }
}

/// What a statement rests on.
pub(crate) fn provenance(node: &Node) -> Option<Provenance> {
    let basis = node.get("basis")?;
    Some(Provenance {
        phrase: basis.string("phrase")?,
        source: basis.string("source")?,
        date: basis.date("date")?,
        status: basis.word("status", &Status::NAMED)?,
        note: basis.string("note"),
    })
}

fn source(node: &Node) -> Option<Source> {
    let basis = node.get("basis")?;
    Some(Source { source: basis.string("source")?, status: basis.string("status")? })
}

fn position(key: &Key) -> Position {
    key.place.position.clone()
}
