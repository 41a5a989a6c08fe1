//! What is proved and what is said to change: by hand, and by asking everything there is to ask.

#[cfg(test)]
mod brute;
#[allow(dead_code, reason = "the tests of terms share more than is used here")]
#[path = "../../../terms/tests/common/mod.rs"]
#[cfg(test)]
mod common;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod random;
#[cfg(test)]
mod requests;
