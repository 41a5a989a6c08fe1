//! Settlement by worked examples that a person can check, and by laws that hold for any usage.

#[cfg(test)]
mod commitments;
mod fixture;
mod focus;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod worked;
