//! The formats that usage comes in, told from what a file begins with.

use std::fmt;

/// A format of usage records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// CloudEvents 1.0 in structured mode, an event a line.
    CloudEvents,
    /// What Slurm's `sacct --parsable2` prints.
    Sacct,
    /// FOCUS 1.2, as CSV or Parquet.
    Focus,
    /// Our own columns, as CSV or Parquet.
    Usage,
}

impl Format {
    /// Every format with its name.
    pub const NAMED: [(&'static str, Self); 4] = [
        ("cloudevents", Self::CloudEvents),
        ("sacct", Self::Sacct),
        ("focus", Self::Focus),
        ("usage", Self::Usage),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CloudEvents => "cloudevents",
            Self::Sacct => "sacct",
            Self::Focus => "focus",
            Self::Usage => "usage",
        }
    }

    /// What separates its fields.
    pub(crate) fn delimiter(self) -> char {
        match self {
            Self::Sacct => '|',
            Self::CloudEvents | Self::Focus | Self::Usage => ',',
        }
    }

    /// The columns by which a header is known; two of them are enough.
    fn marks(self) -> &'static [&'static str] {
        match self {
            Self::CloudEvents => &[],
            Self::Sacct => &["jobid", "jobidraw", "alloctres", "nodelist", "elapsedraw"],
            Self::Focus => &[
                "billedcost",
                "effectivecost",
                "chargecategory",
                "chargeperiodstart",
                "chargeperiodend",
                "consumedquantity",
                "consumedunit",
                "subaccountid",
                "serviceprovidername",
            ],
            Self::Usage => &["buyer", "seller", "meter", "object", "quantity", "level"],
        }
    }

    /// The format of a table with these columns.
    #[must_use]
    pub fn of_columns<'a>(columns: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let columns: Vec<String> =
            columns.into_iter().map(|name| name.trim().to_ascii_lowercase()).collect();
        let marks = |format: Self| {
            format.marks().iter().filter(|mark| columns.iter().any(|name| name == *mark)).count()
        };
        let formats = [Self::Sacct, Self::Focus, Self::Usage];
        let best = formats.into_iter().max_by_key(|format| marks(*format))?;
        (marks(best) >= 2).then_some(best)
    }

    /// The format of a text, from its first line with content.
    #[must_use]
    pub fn of_line(line: &str) -> Option<Self> {
        if line.trim_start().starts_with('{') {
            return Some(Self::CloudEvents);
        }
        let columns = |format: &Self| Self::of_columns(line.split(format.delimiter()));
        [Self::Sacct, Self::Usage].into_iter().find_map(|format| {
            columns(&format).filter(|found| found.delimiter() == format.delimiter())
        })
    }

    /// What separates the fields of a header whose columns are known, but not separated as they
    /// should be.
    pub(crate) fn misread(line: &str) -> Option<(Self, char)> {
        let separated = |found: char| {
            let format = Self::of_columns(line.split(found).map(|name| name.trim_matches('"')))?;
            (format.delimiter() != found).then_some((format, found))
        };
        [';', '\t', '|', ',', ' '].into_iter().find_map(separated)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::CloudEvents => "CloudEvents",
            Self::Sacct => "a `sacct` dump",
            Self::Focus => "FOCUS",
            Self::Usage => "usage in our own columns",
        })
    }
}
