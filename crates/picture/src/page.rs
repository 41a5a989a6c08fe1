//! The pages: which figures and charts stand on them, in which order.

mod price;
mod replay;

pub use price::price_page;
pub use replay::replay_page;
