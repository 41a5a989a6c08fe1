//! Settlement by worked examples that a person can check, and by laws that hold for any usage.

#[cfg(test)]
mod books;
#[cfg(test)]
mod commitments;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod focus;
#[cfg(test)]
mod folds;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod laws_of_commitments;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod shares_of_gpus;
#[cfg(test)]
mod worked;
