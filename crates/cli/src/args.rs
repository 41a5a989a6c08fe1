//! The words of the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

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
    /// Show for each commitment how far it is used, at which pace, and where that leads.
    ///
    /// By a replay of the deal's own workload up to the date. Exit status: 0, or 1 for an error.
    BurnDown(BurnDownArgs),
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
    /// Read usage records of others: CloudEvents, Slurm's sacct, FOCUS, or our own columns.
    ///
    /// Says what was accepted, repeated, conflicting and rejected, and where. With `--owners` it
    /// prints who used whose GPUs, from a sacct dump alone. Exit status: 0 when the files could be
    /// read, also where rows were set aside, unless `--strict`; 1 otherwise.
    Import(ImportArgs),
    /// Serve an editor over standard input and output, by the language server protocol.
    Lsp,
    /// Answer whether a party may do something, and by which terms.
    ///
    /// Exit status: 0 allow, 3 deny, 4 conditional, 5 undetermined; 1 for an error, 2 for wrong
    /// usage.
    May(MayArgs),
    /// Join the parts of a `comity price` that was run with `--shard`, to what one run prints.
    ///
    /// Exit status: 0, or 1 for an error.
    Merge(MergeArgs),
    /// Price terms: run the same work with and without them, and show what differs and for whom.
    ///
    /// Money by party and reason, work that moves between hosts, queues, commitments newly met or missed
    /// and decisions that flip, each with a confidence interval. Exit status: 0, or 1 for an error.
    Price(PriceArgs),
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
    /// Settle a billing period from usage records: who owes whom, with statements for each party.
    ///
    /// The folder keeps the books: the records, the periods and what was posted. A closed period
    /// never changes; what arrives late is posted as a correction in the open one. Exit status: 0;
    /// 1 for an error or, with `--strict`, when something was set aside or had no price.
    Settle(SettleArgs),
    /// Print the chain behind an entry of the books: records, rate, term and source.
    ///
    /// Exit status: 0, or 1 for an error.
    Trace(TraceArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct BurnDownArgs {
    /// The folder of the deal.
    pub(crate) deal: PathBuf,
    /// By the books that `comity settle` keeps in this folder, in place of the deal's workload.
    #[arg(long, value_name = "DIR")]
    pub(crate) books: Option<PathBuf>,
    /// As of when, in the period of the workload or of the books; if left out, at its end.
    #[arg(long, value_name = "DATE")]
    pub(crate) at: Option<String>,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
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
    /// One date for both, where what is known changes or two deals are compared; if left out, now.
    #[arg(long, value_name = "DATE")]
    pub(crate) at: Option<String>,
    /// By what was on record then; if left out, by what is on record now.
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
pub(crate) struct ImportArgs {
    /// The files; before them, if need be, their format: auto, cloudevents, sacct, focus or usage.
    #[arg(required = true, value_name = "[FORMAT] FILE")]
    pub(crate) words: Vec<String>,
    /// The folder of the deal whose names the records use.
    #[arg(long, value_name = "DEAL")]
    pub(crate) deal: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Write accepted.csv, rejected.csv and conflicts.csv to this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// End with status 1 when anything was rejected or conflicting.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Who owns which nodes: CSV with node, owner and, where known, gpus and gpu.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["deal", "feed", "out"])]
    pub(crate) owners: Option<PathBuf>,
    /// Who used whose GPUs: by user or by account.
    #[arg(long, value_enum, default_value = "user", requires = "owners")]
    pub(crate) by: Columns,
    /// Who used whose GPUs: from this day on; jobs are cut to the period.
    #[arg(long, value_name = "DATE", requires = "owners")]
    pub(crate) from: Option<String>,
    /// Who used whose GPUs: before this day; jobs still running are counted up to it.
    #[arg(long, value_name = "DATE", requires = "owners")]
    pub(crate) to: Option<String>,
    /// Print as JSON.
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Who used whose GPUs: print as CSV, in GPU-seconds by owner, type of GPU and user or account.
    #[arg(long, requires = "owners")]
    pub(crate) csv: bool,
}

/// How usage records are read.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ReadingArgs {
    /// The format of all files: auto, cloudevents, sacct, focus or usage.
    #[arg(long)]
    pub(crate) format: Option<String>,
    /// How the source's names become the deal's: the id of one of the deal's feeds, or a file.
    #[arg(long, value_name = "ID|FILE")]
    pub(crate) feed: Option<String>,
    /// The time zone of times that name none, such as Europe/Helsinki or UTC.
    #[arg(long)]
    pub(crate) zone: Option<String>,
    /// The source of records that do not name their own.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
}

/// What the columns of the matrix are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Columns {
    /// Users.
    User,
    /// Accounts.
    Account,
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
    /// When it is done: a date such as 2025-01-22, or a time such as 2025-01-22T09:00:00Z; if
    /// left out, now.
    #[arg(long, value_name = "DATE")]
    pub(crate) at: Option<String>,
    /// By what was on record then; if left out, by what is on record now.
    #[arg(long, value_name = "DATE")]
    pub(crate) known: Option<String>,
    /// Print the answer as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MergeArgs {
    /// The part files, in any order.
    #[arg(required = true, value_name = "PART")]
    pub(crate) parts: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) shown: ShownArgs,
}

/// How a price is shown.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ShownArgs {
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write all figures, and those of each run, to this folder as CSV; with `--shard`, the file to
    /// write the part to.
    #[arg(long, visible_alias = "csv", value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write a page with charts to this file: one HTML file that loads nothing else.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PriceArgs {
    /// The folder of the deal.
    pub(crate) deal: PathBuf,
    /// The term to price; several together if given again.
    #[arg(long = "term", value_name = "ID")]
    pub(crate) terms: Vec<String>,
    /// Show what taking the terms out changes, in place of what they are worth.
    #[arg(long, requires = "terms", conflicts_with_all = ["with", "assume"])]
    pub(crate) without: bool,
    /// A drafted amendment, a file of kind version: what it changes; with `--term`, in place of those.
    #[arg(long, value_name = "FILE", conflicts_with = "assume")]
    pub(crate) with: Option<PathBuf>,
    /// What a first refusal costs if its holder is silent for so many days: `ID.days=30,60,90`.
    #[arg(long, value_name = "TERM.days=N", conflicts_with = "terms")]
    pub(crate) assume: Option<String>,
    /// Under the terms in force then for all of the period; if left out, under those of each instant.
    #[arg(long, value_name = "DATE")]
    pub(crate) at: Option<String>,
    /// How many pairs of runs, at most.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) runs: u64,
    /// How sure the intervals are, in per cent.
    #[arg(long, default_value = "95", value_name = "PERCENT")]
    pub(crate) confidence: String,
    /// Stop once no party's net change has an interval of more than so much to each side: a part of
    /// the largest change in its currency such as 2%, or an amount of the deal's currency, or of
    /// another such as `EUR 1000`.
    #[arg(long, value_name = "WIDTH")]
    pub(crate) interval: Option<String>,
    /// The seed of the first run, in place of the deal's own; each run after it has the next.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Make only this part of the runs, and write it to the file that `--out` names.
    #[arg(long, value_name = "I/N", requires = "out", conflicts_with_all = ["json", "report"])]
    pub(crate) shard: Option<String>,
    /// How many threads; if left out, as many as the machine has. They change nothing that is shown.
    #[arg(long)]
    pub(crate) threads: Option<std::num::NonZeroUsize>,
    #[command(flatten)]
    pub(crate) shown: ShownArgs,
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
    /// Only what was on record then; if left out, what is on record now.
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
    /// The seed of the drawn work and of faults, in place of the deal's own.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Say how it stands with a job, by its number in `placements.csv`, at the moment `--at`: whether
    /// it waits, and until when at the latest; never can run, by which term and what would turn it;
    /// or asks for what cannot be. By the terms in force.
    #[arg(long, value_name = "JOB", requires = "at", conflicts_with = "out")]
    pub(crate) why: Option<u64>,
    /// The moment of `--why`, such as 2025-11-03T12:00:00Z.
    #[arg(long, value_name = "DATE", requires = "why")]
    pub(crate) at: Option<String>,
    /// End with status 1, before anything is written, when rows of a trace cannot be used or jobs ask
    /// for what cannot be. Without it they are counted and listed.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print the result as JSON, one entry a version.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write decisions, placements, usage and books to this folder, one folder a version: as CSV, and
    /// the books for ledger, hledger, beancount and FOCUS tools.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write a page with charts to this file: sites, queues, commitments and money over time, and the
    /// versions side by side. One HTML file that loads nothing else.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArgs {
    /// The kind of file: deal, parties, version, sites, rates, record, workload, expect, feed or
    /// sources.
    #[arg(required_unless_present = "out")]
    pub(crate) kind: Option<String>,
    /// Write the schemas of all kinds to this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "kind")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SettleArgs {
    /// The folder of the deal.
    pub(crate) deal: PathBuf,
    /// Usage records to take in: CloudEvents, sacct, FOCUS or our own, as CSV, JSON lines or Parquet.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) usage: Vec<String>,
    /// The billing period: a month such as 2025-02.
    #[arg(long, value_name = "MONTH")]
    pub(crate) period: String,
    /// The folder that keeps the books, and gets statements and exports.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Close the period: what is posted for it never changes after that.
    #[arg(long)]
    pub(crate) close: bool,
    /// By the terms that were on record then; if left out, by all that is on record.
    #[arg(long, value_name = "DATE")]
    pub(crate) known: Option<String>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// End with status 1 when records were set aside or something has no price.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TraceArgs {
    /// The folder of the deal.
    pub(crate) deal: PathBuf,
    /// The number of the entry.
    pub(crate) entry: u64,
    /// The folder that keeps the books.
    #[arg(long, value_name = "DIR")]
    pub(crate) books: PathBuf,
    /// As this party may see it: nothing that it has no part in.
    #[arg(long)]
    pub(crate) party: Option<String>,
}
