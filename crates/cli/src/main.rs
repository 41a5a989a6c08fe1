//! The `comity` command: the edge at which files are read and answers printed.

mod args;
mod clock;
mod commands;
mod export;
mod load;
mod records;
mod render;
mod table;
mod usage;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

/// How a command ends that has no status of its own for its answer.
pub(crate) mod status {
    /// Everything is in order.
    pub(crate) const CLEAN: u8 = 0;
    /// Problems were found, or the command could not do its work.
    pub(crate) const PROBLEMS: u8 = 1;
}

fn main() -> ExitCode {
    report_damage_once();
    let args = Args::parse();
    let result = match args.command {
        Command::BurnDown(args) => commands::burn_down::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Diff(args) => commands::diff::run(&args),
        Command::Format(args) => commands::format::run(&args),
        Command::Import(args) => commands::import::run(&args),
        Command::Lsp => commands::lsp::run(),
        Command::May(args) => commands::may::run(&args),
        Command::Merge(args) => commands::price::merge(&args),
        Command::Price(args) => commands::price::run(&args),
        Command::Prove(args) => commands::prove::run(&args),
        Command::Read(args) => commands::read::run(&args),
        Command::Replay(args) => commands::replay::run(&args),
        Command::Schema(args) => commands::schema::run(&args),
        Command::Settle(args) => commands::settle::run(&args),
        Command::Trace(args) => commands::trace::run(&args),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            render::error(error.as_ref());
            ExitCode::from(status::PROBLEMS)
        }
    }
}

/// Leaves what a damaged file makes of the reader of its format to the error that is reported; what
/// is wrong with this program is still shown.
fn report_damage_once() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.location().is_some_and(|at| at.file().contains("crates/")) {
            before(panic);
        }
    }));
}
