//! The words of the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Makes the agreements behind shared AI compute executable.
///
/// A deal is a folder of YAML files: parties, agreements in versions, sites, rate cards, the
/// record of what happened, and a workload.
#[derive(Debug, Parser)]
#[command(name = "comity", version, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Report everything that is wrong in a deal's files.
    ///
    /// Exit status: 0 when the deal is in order, 1 when it has problems.
    Check(CheckArgs),
    /// Show what changes from one date to another, with more known, or against another deal.
    ///
    /// Every changed term, and every changed answer in the largest groups of requests. Exit
    /// status: 0, or 1 for an error.
    Diff(DiffArgs),
    /// Write the deal's files in the one canonical way: order of keys, lines and quotes.
    ///
    /// What the files say and their comments stay; two that say the same differ in nothing else
    /// afterwards. A file with problems is left as it is and reported. Exit status: 0; 1 when
    /// there are problems or, with `--check`, files that would change.
    Format(FormatArgs),
    /// Serve an editor over standard input and output, by the language server protocol.
    Lsp,
    /// Answer whether a party may do something, and by which terms.
    ///
    /// Exit status: 0 allow, 3 deny, 4 conditional, 5 undetermined; 1 for an error, 2 for wrong
    /// usage.
    May(MayArgs),
    /// Prove what should hold of every request at every time, or show the cases where it does not.
    ///
    /// Exit status: 0 when all of it holds, 1 when something does not.
    Prove(ProveArgs),
    /// Print the deal in plain English, from its terms alone.
    ///
    /// Exit status: 0, or 1 for an error.
    Read(ReadArgs),
    /// Run the deal's month, under its terms and under each version of its agreement.
    ///
    /// Decides and places the work of the deal's own seeded workload, or of real traces, meters
    /// it and settles who owes whom. Exit status: 0, or 1 for an error.
    Replay(ReplayArgs),
    /// Print the JSON Schema of a kind of deal file, or write them all to a folder.
    Schema(SchemaArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The folder of the deal.
    pub(crate) deal: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DiffArgs {
    /// The folder of the deal.
    pub(crate) deal: PathBuf,
    /// The date before.
    #[arg(long, value_name = "DATE", requires = "to", conflicts_with = "at")]
    pub(crate) from: Option<String>,
    /// The date after.
    #[arg(long, value_name = "DATE", requires = "from", conflicts_with = "at")]
    pub(crate) to: Option<String>,
    /// One date for both, where what is known changes or two deals are compared.
    #[arg(long, value_name = "DATE")]
    pub(crate) at: Option<String>,
    /// By what was on record then; if left out, by all that is on record.
    #[arg(long, value_name = "DATE")]
    pub(crate) known: Option<String>,
    /// By what was on record then, after the change; if left out, as before it.
    #[arg(long, value_name = "DATE")]
    pub(crate) known_to: Option<String>,
    /// The folder of another deal, to compare this one against.
    #[arg(long, value_name = "DEAL")]
    pub(crate) against: Option<PathBuf>,
    /// Print the changes as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FormatArgs {
    /// The folder of the deal.
    pub(crate) deal: PathBuf,
    /// Change nothing; list the files that would change.
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MayArgs {
    /// The folder of the deal.
    pub(crate) deal: PathBuf,
    /// Who acts.
    #[arg(long)]
    pub(crate) party: String,
    /// What is done: build, host, operate, sell, use, or whatever the deal names.
    #[arg(long)]
    pub(crate) action: String,
    /// What it is done to.
    #[arg(long)]
    pub(crate) object: String,
    /// For whom; if left out, not known.
    #[arg(long = "for", value_name = "PARTY")]
    pub(crate) beneficiary: Option<String>,
    /// What for; if left out, not known.
    #[arg(long)]
    pub(crate) purpose: Option<String>,
    /// At which site or in which country; if left out, not known.
    #[arg(long)]
    pub(crate) site: Option<String>,
    /// How much, in the unit of a condition on a ratio; if left out, not known.
    #[arg(long)]
    pub(crate) amount: Option<u64>,
    /// When it is done: a date such as 2025-01-22, or a time such as 2025-01-22T09:00:00Z.
    #[arg(long, value_name = "DATE")]
    pub(crate) at: String,
    /// By what was on record then; if left out, by all that is on record.
    #[arg(long, value_name = "DATE")]
    pub(crate) known: Option<String>,
    /// Print the answer as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ProveArgs {
    /// The folder of the deal.
    pub(crate) deal: PathBuf,
    /// Print the result as JSON, with every case.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReadArgs {
    /// The folder of the deal.
    pub(crate) deal: PathBuf,
    /// Only what is in force then; if left out, all that was agreed, from first to last.
    #[arg(long, value_name = "DATE")]
    pub(crate) at: Option<String>,
    /// Only what was on record then; if left out, all that is on record.
    #[arg(long, value_name = "DATE")]
    pub(crate) known: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// The folder of the deal.
    pub(crate) deal: PathBuf,
    /// Jobs of a real trace in place of the deal's own: Philly or openb CSV, or SWF.
    #[arg(long, value_name = "FILE")]
    pub(crate) jobs: Option<PathBuf>,
    /// Requests of a real trace in place of the deal's own traffic: Azure LLM CSV.
    #[arg(long, value_name = "FILE")]
    pub(crate) requests: Option<PathBuf>,
    /// The first day of the period, in place of the deal's own.
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<String>,
    /// The first day after the period.
    #[arg(long, value_name = "DATE")]
    pub(crate) to: Option<String>,
    /// The seed of the drawn work, in place of the deal's own.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Print the result as JSON, one entry a version.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write decisions, placements, usage and journal as CSV to this folder, one folder a version.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArgs {
    /// The kind of file: deal, parties, version, sites, rates, record, workload, expect or sources.
    #[arg(required_unless_present = "out")]
    pub(crate) kind: Option<String>,
    /// Write the schemas of all kinds to this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "kind")]
    pub(crate) out: Option<PathBuf>,
}
