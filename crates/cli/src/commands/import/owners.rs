//! Who used whose GPUs, from a `sacct` dump and a list of owners.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use comity_base::Instant;
use comity_ingest::{By, Format, Jobs, Matrix, jobs, matrix, owners};
use serde_json::{Value, json};

use super::account;
use super::account::counted;
use crate::args::{Columns, ImportArgs};
use crate::commands::Outcome;
use crate::render::print;
use crate::status;
use crate::table::{grouped, table};
use crate::usage::{Failed, Reading};

/// The most columns that a terminal takes; the rest is summed.
const COLUMNS_MAX: usize = 8;

pub(super) fn run(
    args: &ImportArgs,
    files: &[String],
    reading: &Reading<'_>,
    path: &Path,
) -> Outcome {
    if let Some(format) = reading.format.filter(|format| *format != Format::Sacct) {
        return Err(format!("`--owners` needs a dump of `sacct`, not {format}").into());
    }
    let instant = |text: &Option<String>| text.as_deref().map(Instant::parse).transpose();
    let (from, to) = (instant(&args.from)?, instant(&args.to)?);
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        return Err(format!("the period ends at {to}, not after its start at {from}").into());
    }
    let open = |path: &Path| -> Result<BufReader<File>, Failed> {
        let file = File::open(path);
        Ok(BufReader::new(
            file.map_err(|error| format!("cannot read `{}`: {error}", path.display()))?,
        ))
    };
    let (owners, wrongs) = owners(&path.display().to_string(), &mut open(path)?)?;
    let mut problems: Vec<String> =
        wrongs.iter().map(|(place, wrong)| format!("{place}: {wrong}")).collect();
    let how = reading.how(None);
    let mut all = Jobs::default();
    for file in files {
        match open(Path::new(file)).and_then(|mut input| Ok(jobs(file, &mut input, &owners, how)?))
        {
            Ok(found) => all.merge(found),
            Err(error) => problems.push(error.to_string()),
        }
    }
    if !problems.is_empty() {
        return Err(problems.join("\nerror: ").into());
    }
    let by = match args.by {
        Columns::User => By::User,
        Columns::Account => By::Account,
    };
    let matrix = matrix(&all, by, from, to);
    let period = (from, to);
    print(&if args.json {
        json(&matrix, &all, by, period)
    } else if args.csv {
        csv(&matrix, by)?
    } else {
        text(&matrix, &all, by, period)
    })?;
    let account = all.account();
    let clean = account.rejected.records == 0 && account.conflicting.records == 0;
    Ok(if args.strict && !clean { status::PROBLEMS } else { status::CLEAN })
}

fn word(by: By) -> &'static str {
    match by {
        By::User => "user",
        By::Account => "account",
    }
}

/// GPU-seconds as GPU-hours with one digit behind the point, rounded to the nearest.
fn hours(gpu_seconds: u128) -> String {
    let tenths = (gpu_seconds + 180) / 360;
    format!("{}.{}", grouped(tenths / 10), tenths % 10)
}

/// Who used most comes first; of two with as much, the one whose name does.
fn users(matrix: &Matrix) -> Vec<(&str, u128)> {
    let mut sums: BTreeMap<&str, u128> = BTreeMap::new();
    for (who, used) in matrix.cells.values().flatten() {
        *sums.entry(who).or_default() += used;
    }
    let mut sums: Vec<(&str, u128)> = sums.into_iter().collect();
    sums.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    sums
}

fn text(
    matrix: &Matrix,
    jobs: &Jobs,
    by: By,
    (from, to): (Option<Instant>, Option<Instant>),
) -> String {
    let mut out = "WHO USED WHOSE GPUs: GPU-hours by owner and ".to_owned() + word(by);
    match (from, to) {
        (Some(from), Some(to)) => _ = write!(out, ", {from} to {to}"),
        (Some(from), None) => _ = write!(out, ", from {from}"),
        (None, Some(to)) => _ = write!(out, ", before {to}"),
        (None, None) => {}
    }
    out.push_str("\n\n");
    let users = users(matrix);
    let shown = if users.len() > COLUMNS_MAX { COLUMNS_MAX - 1 } else { users.len() };
    let mut header = vec!["owner".to_owned()];
    header.extend(users[..shown].iter().map(|(who, _)| comity_ingest::shown(who)));
    if users.len() > shown {
        header.push(format!("{} others", users.len() - shown));
    }
    header.push("all".to_owned());
    let line = |name: &str, of: &dyn Fn(&str) -> u128| {
        let cell = |used: u128| if used == 0 { "-".to_owned() } else { hours(used) };
        let mut row = vec![comity_ingest::shown(name)];
        row.extend(users[..shown].iter().map(|(who, _)| cell(of(who))));
        if users.len() > shown {
            row.push(cell(users[shown..].iter().map(|(who, _)| of(who)).sum()));
        }
        row.push(hours(users.iter().map(|(who, _)| of(who)).sum()));
        row
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (owner, row) in &matrix.cells {
        rows.push(line(owner, &|who| row.get(who).copied().unwrap_or(0)));
    }
    rows.push(line("all", &|who| {
        matrix.cells.values().map(|row| row.get(who).copied().unwrap_or(0)).sum::<u128>()
    }));
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    ruled(&mut out, &table(&header, 1, rows));
    footer(&mut out, matrix, jobs);
    out
}

/// A table with a rule below its header and one above its last row.
fn ruled(out: &mut String, table: &str) {
    let lines: Vec<&str> = table.lines().collect();
    let width = lines.iter().map(|line| line.trim_start().chars().count()).max().unwrap_or(0);
    for (index, line) in lines.iter().enumerate() {
        if index == 1 || index + 1 == lines.len() {
            let _ = writeln!(out, "  {}", "─".repeat(width));
        }
        let _ = writeln!(out, "{line}");
    }
}

/// What a reader must know to take the figures for what they are.
fn footer(out: &mut String, matrix: &Matrix, jobs: &Jobs) {
    let account = jobs.account();
    let _ = writeln!(
        out,
        "\n  {} with GPUs. Hours are rounded to a tenth, each sum on its own; --csv and --json are exact.",
        counted(matrix.jobs, "job", "jobs")
    );
    if matrix.shared > 0 {
        let _ = writeln!(
            out,
            "  On nodes of several owners, split by node: {}.",
            counted(matrix.shared, "job", "jobs")
        );
    }
    if matrix.even > 0 {
        let _ = writeln!(
            out,
            "  Of them {} with part of its nodes' GPUs, taken to lie evenly on them.",
            counted(matrix.even, "job", "jobs")
        );
    }
    if matrix.uneven > 0 {
        let _ = writeln!(
            out,
            "  Of them {} with GPUs that do not divide evenly: the first nodes in order of name have one more.",
            counted(matrix.uneven, "job", "jobs")
        );
    }
    if matrix.running > 0 {
        let _ = writeln!(
            out,
            "  {} still running, counted to the end of the period.",
            grouped(matrix.running)
        );
    }
    if matrix.running_left_out > 0 {
        let _ = writeln!(
            out,
            "  Still running, left out: {}; with --to they count up to then.",
            counted(matrix.running_left_out, "job", "jobs")
        );
    }
    if !account.passed_over.is_empty() {
        let _ = writeln!(out, "  Passed over: {}.", account::passed_over(&account));
    }
    if account.repeated.records > 0 {
        let _ = writeln!(
            out,
            "  Repeated, counted once: {}.",
            counted(account.repeated.records, "job", "jobs")
        );
    }
    account::details(out, jobs);
}

fn csv(matrix: &Matrix, by: By) -> Result<String, Failed> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(["owner", "gpu", word(by), "gpu_seconds"])?;
    for ((owner, gpu, who), used) in &matrix.by_type {
        out.write_record([owner, gpu, who, &used.to_string()])?;
    }
    Ok(String::from_utf8(out.into_inner()?)?)
}

fn json(
    matrix: &Matrix,
    jobs: &Jobs,
    by: By,
    (from, to): (Option<Instant>, Option<Instant>),
) -> String {
    let row = |((owner, gpu, who), used): (&(String, String, String), &u128)| json!({ "owner": owner, "gpu": gpu, word(by): who, "gpu_seconds": used.to_string() });
    let used: Vec<Value> = matrix.by_type.iter().map(row).collect();
    let account: Value = account::value(jobs);
    let value = json!({
        "from": from.map(|at| at.to_string()),
        "to": to.map(|at| at.to_string()),
        "jobs": matrix.jobs,
        "jobs_of_several_owners": matrix.shared,
        "split_evenly": matrix.even,
        "split_unevenly": matrix.uneven,
        "running_counted": matrix.running,
        "running_left_out": matrix.running_left_out,
        "used": used,
        "account": account,
    });
    format!("{value:#}\n")
}
