//! stub
use crate::args::ReplayArgs;
use crate::commands::Outcome;
pub(crate) fn run(_args: &ReplayArgs) -> Outcome {
    Err("not yet".into())
}
