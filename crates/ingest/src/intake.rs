//! What was taken in, by identity: accepted, repeated, conflicting, rejected.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use comity_base::Meter;

use crate::reason::Wrong;

/// What tells a record from every other: who wrote it, and its id there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// Who wrote it.
    pub source: Arc<str>,
    /// Its id, unique in the source.
    pub id: Box<str>,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.source, self.id)
    }
}

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: Arc<str>,
    /// The line, from 1; in Parquet the row, from 1.
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What a record says, so that two can be compared, and how much it is for.
pub trait Content: Ord + Clone {
    /// How much of each meter, in base units.
    fn quantities(&self) -> Vec<(Meter, u128)>;
}

/// A row that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rejected {
    /// Where it stands.
    pub place: Place,
    /// Why it was set aside.
    pub wrong: Wrong,
    /// The row itself.
    pub row: String,
    /// How much it was for, where that could be read.
    pub quantities: Vec<(Meter, u128)>,
}

/// How many records, and how much of each meter in base units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub records: u64,
    /// How much, as far as it could be read.
    pub sums: BTreeMap<Meter, u128>,
}

/// How much was taken in that no record is kept of here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Elsewhere {
    accepted: Tally,
    repeated: Tally,
}

impl Tally {
    fn add(&mut self, times: u64, quantities: &[(Meter, u128)]) {
        self.records += times;
        for (meter, quantity) in quantities {
            // A record's quantity fits in 64 bits, and so does the number of records.
            *self.sums.entry(*meter).or_default() += u128::from(times) * quantity;
        }
    }

    /// Adds another.
    pub fn join(&mut self, other: &Self) {
        self.records += other.records;
        for (meter, sum) in &other.sums {
            *self.sums.entry(*meter).or_default() += sum;
        }
    }
}

/// What became of everything that was read. The parts add up to `read`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// All of it.
    pub read: Tally,
    /// The first of each record whose identity has one content.
    pub accepted: Tally,
    /// The same records again.
    pub repeated: Tally,
    /// All records whose identity has several contents.
    pub conflicting: Tally,
    /// Rows that could not be used.
    pub rejected: Tally,
    /// Rows that are no record of use, such as the steps of a job, by what they are.
    pub passed_over: BTreeMap<&'static str, u64>,
}

/// What is said under one identity, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said<C> {
    content: C,
    first: Place,
    times: u64,
}

/// Almost every identity says one thing only.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry<C> {
    One(Said<C>),
    Several(BTreeMap<C, (Place, u64)>),
}

/// Records by identity. What is gathered does not depend on the order or the batching: to merge
/// two is to read both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered<C> {
    entries: BTreeMap<Identity, Entry<C>>,
    rejected: Vec<Rejected>,
    passed_over: BTreeMap<&'static str, u64>,
    notes: BTreeMap<String, (u64, Place)>,
    read: Tally,
    elsewhere: Elsewhere,
}

impl<C> Default for Gathered<C> {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            rejected: Vec::new(),
            passed_over: BTreeMap::new(),
            notes: BTreeMap::new(),
            read: Tally::default(),
            elsewhere: Elsewhere::default(),
        }
    }
}

impl<C: Content> Gathered<C> {
    /// Takes a record in.
    pub fn take(&mut self, identity: Identity, place: Place, content: C) {
        self.read.add(1, &content.quantities());
        self.put(identity, Said { content, first: place, times: 1 });
    }

    /// Sets a row aside.
    pub fn reject(&mut self, rejected: Rejected) {
        self.read.add(1, &rejected.quantities);
        self.rejected.push(rejected);
    }

    /// Counts a row that is no record of use.
    pub fn pass_over(&mut self, what: &'static str) {
        self.read.add(1, &[]);
        *self.passed_over.entry(what).or_default() += 1;
    }

    /// Counts records that are kept elsewhere. The identity of each is none of those here, and the
    /// repeated are of those accepted in the same way.
    pub fn count(&mut self, accepted: &Tally, repeated: &Tally) {
        for (mine, more) in
            [(&mut self.elsewhere.accepted, accepted), (&mut self.elsewhere.repeated, repeated)]
        {
            self.read.join(more);
            mine.join(more);
        }
    }

    /// Whether nothing was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.read.records == 0
    }

    /// Notes what a reader should know of a record that was taken in.
    pub fn note(&mut self, what: String, place: Place) {
        self.join_note(what, 1, place);
    }

    fn join_note(&mut self, what: String, count: u64, place: Place) {
        let note = self.notes.entry(what).or_insert_with(|| (0, place.clone()));
        note.0 += count;
        note.1 = note.1.clone().min(place);
    }

    /// Takes in what another gathered.
    pub fn merge(&mut self, other: Self) {
        self.read.join(&other.read);
        self.elsewhere.accepted.join(&other.elsewhere.accepted);
        self.elsewhere.repeated.join(&other.elsewhere.repeated);
        self.rejected.extend(other.rejected);
        for (what, count) in other.passed_over {
            *self.passed_over.entry(what).or_default() += count;
        }
        for (what, (count, place)) in other.notes {
            self.join_note(what, count, place);
        }
        for (identity, entry) in other.entries {
            match entry {
                Entry::One(said) => self.put(identity, said),
                Entry::Several(several) => {
                    for (content, (first, times)) in several {
                        self.put(identity.clone(), Said { content, first, times });
                    }
                }
            }
        }
    }

    fn put(&mut self, identity: Identity, said: Said<C>) {
        use std::collections::btree_map::Entry as Slot;
        let entry = match self.entries.entry(identity) {
            Slot::Vacant(slot) => {
                slot.insert(Entry::One(said));
                return;
            }
            Slot::Occupied(slot) => slot.into_mut(),
        };
        match entry {
            Entry::One(one) if one.content == said.content => {
                one.times += said.times;
                one.first = one.first.clone().min(said.first);
            }
            Entry::One(one) => {
                let both = [one.clone(), said];
                let several = both.map(|said| (said.content, (said.first, said.times)));
                *entry = Entry::Several(BTreeMap::from(several));
            }
            Entry::Several(several) => {
                let (first, times) =
                    several.entry(said.content).or_insert_with(|| (said.first.clone(), 0));
                *times += said.times;
                *first = first.clone().min(said.first);
            }
        }
    }

    /// The identities of all records here.
    pub fn identities(&self) -> impl Iterator<Item = &Identity> {
        self.entries.keys()
    }

    /// The accepted records in order of identity, each with where it stands first.
    pub fn accepted(&self) -> impl Iterator<Item = (&Identity, &Place, &C)> {
        self.entries.iter().filter_map(|(identity, entry)| match entry {
            Entry::One(said) => Some((identity, &said.first, &said.content)),
            Entry::Several(_) => None,
        })
    }

    /// The conflicting records in order of identity: what each says, where first, how often.
    pub fn conflicts(&self) -> impl Iterator<Item = (&Identity, &BTreeMap<C, (Place, u64)>)> {
        self.entries.iter().filter_map(|(identity, entry)| match entry {
            Entry::One(_) => None,
            Entry::Several(several) => Some((identity, several)),
        })
    }

    /// The rows that were set aside, in order of place.
    #[must_use]
    pub fn rejected(&self) -> Vec<&Rejected> {
        let mut rows: Vec<&Rejected> = self.rejected.iter().collect();
        rows.sort();
        rows
    }

    /// What is worth knowing of accepted records: how many each is about, and the first of them.
    #[must_use]
    pub fn notes(&self) -> &BTreeMap<String, (u64, Place)> {
        &self.notes
    }

    /// What became of everything that was read.
    ///
    /// # Panics
    /// When the parts do not add up to what was read: an invariant that is asserted here.
    #[must_use]
    pub fn account(&self) -> Account {
        let mut account = Account {
            read: self.read.clone(),
            passed_over: self.passed_over.clone(),
            accepted: self.elsewhere.accepted.clone(),
            repeated: self.elsewhere.repeated.clone(),
            ..Account::default()
        };
        for entry in self.entries.values() {
            match entry {
                Entry::One(said) => {
                    let quantities = said.content.quantities();
                    account.accepted.add(1, &quantities);
                    if said.times > 1 {
                        account.repeated.add(said.times - 1, &quantities);
                    }
                }
                Entry::Several(several) => {
                    for (content, (_, times)) in several {
                        account.conflicting.add(*times, &content.quantities());
                    }
                }
            }
        }
        for row in &self.rejected {
            account.rejected.add(1, &row.quantities);
        }
        let mut all = Tally::default();
        for part in [&account.accepted, &account.repeated, &account.conflicting, &account.rejected]
        {
            all.join(part);
        }
        all.records += account.passed_over.values().sum::<u64>();
        all.sums.retain(|_, sum| *sum > 0);
        let mut read = self.read.clone();
        read.sums.retain(|_, sum| *sum > 0);
        assert_eq!(all, read, "what became of the records adds up to what was read");
        account
    }
}
