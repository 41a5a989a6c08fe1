//! Names of things: one type for each kind, so that a site is never passed for a party.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{text}` is not an id: lower-case letters, digits and `-` or `.`, at most 64 of them, a letter or digit first"
)]
pub struct IdError {
    /// The text as given.
    pub text: String,
}

fn checked(text: &str) -> Result<Arc<str>, IdError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = text.len() <= 64
        && text.starts_with(plain)
        && text.chars().all(|c| plain(c) || c == '-' || c == '.');
    if good { Ok(Arc::from(text)) } else { Err(IdError { text: text.to_owned() }) }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text` and makes an id of it.
            ///
            /// # Errors
            /// When `text` is empty, longer than 64 bytes or has other characters than
            /// `a-z`, `0-9`, `-` and `.`.
            pub fn new(text: &str) -> Result<Self, IdError> {
                checked(text).map(Self)
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    )*};
}

ids! {
    /// A legal entity.
    PartyId;
    /// An agreement between parties.
    AgreementId;
    /// A version of an agreement; in files, its effective date.
    VersionId;
    /// One executable rule of an agreement.
    TermId;
    /// What a party does: `build`, `host`, `operate`, `sell`, `use`.
    ActionId;
    /// What it is done to: a product, capacity, intellectual property.
    ObjectId;
    /// What it is done for: `training`, `inference`.
    PurposeId;
    /// Where: a country or a site.
    PlaceId;
    /// A data centre or a part of one under one owner, host and operator.
    SiteId;
    /// A type of accelerator.
    GpuTypeId;
    /// A line of a rate card.
    RateId;
    /// Something that may hold or happen and that terms depend on.
    FactId;
    /// A stream of work of one kind.
    StreamId;
}

impl From<&SiteId> for PlaceId {
    fn from(site: &SiteId) -> Self {
        Self(site.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked() {
        for good in ["openai", "gb200-nvl72", "2025-01-21", "h100.sxm"] {
            assert_eq!(PartyId::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "-a", "Open", "a b", "é", &"a".repeat(65)] {
            assert!(PartyId::new(bad).is_err(), "{bad}");
        }
    }
}
