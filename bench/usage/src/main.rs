//! Twenty million usage records to totals, beside DuckDB and Polars on the same file, and to
//! statements: `cargo run --release --manifest-path bench/usage/Cargo.toml [ROWS]`.
//!
//! The file is made from a seed in the system's folder for temporary files, and kept there for
//! the next run. Each measurement is a process of its own with two threads; the whole settlement is
//! the command `comity settle`. Peers are installed into a virtual environment beside the file.

mod deal;
mod fold;
mod make;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant as Clock;

use comity_ingest::Rows;
use comity_settlement::TotalsRow;

use crate::deal::Deal;
use crate::make::Odd;

const ROWS: u64 = 20_000_000;
const SEED: u64 = 2;
const THREADS: usize = 2;
const PEERS: [&str; 2] = ["duckdb==2.0.1", "polars==2.1.0"];
const ENGINES: [&str; 3] = ["duckdb", "polars", "polars-streaming"];
const ROUNDS: usize = 3;

type Failed = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [] => all(ROWS),
        ["fold", file] => fold_alone(Path::new(file)),
        ["identities", file] => identities(Path::new(file)),
        [rows] => all(rows.parse()?),
        _ => Err("usage: [ROWS]".into()),
    }
}

/// Every engine on one file, one after the other in each round, and whether they agree.
fn all(rows: u64) -> Result<(), Failed> {
    let folder = std::env::temp_dir().join("comity-usage-bench");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join(format!("usage-{rows}-{SEED}.parquet"));
    if !file.exists() {
        println!("making {rows} records");
        let aside = folder.join("usage.part");
        make::make(&aside, rows, SEED).map_err(|error| error.to_string())?;
        std::fs::rename(&aside, &file)?;
    }
    println!("{rows} records, {} MiB", std::fs::metadata(&file)?.len() >> 20);
    let python = peers(&folder)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers.py");
    let ours = std::env::current_exe()?;
    let deal = Deal::new()?;
    deal.write(&folder.join("deal"))?;
    let comity = comity()?;
    println!("{:<18}{:>10}{:>10}{:>10}  groups, sum", "", "CPU s", "clock s", "MiB");
    for round in 0..ROUNDS {
        for step in ["identities", "fold"] {
            line(step, Command::new(&ours).arg(step).arg(&file))?;
        }
        settle(&python, &comity, &folder, (&file, rows))?;
        for engine in ENGINES {
            let totals = folder.join(format!("{engine}.parquet"));
            // What is compared is written in the first round only.
            let totals = if round == 0 { totals.as_path() } else { Path::new("-") };
            let mut command = Command::new(&python);
            command.arg(&script).arg(engine).arg(&file).arg(totals).arg(THREADS.to_string());
            line(engine, &mut command)?;
        }
    }
    let totals = fold::all(&file, &deal, THREADS)?;
    let period = deal::period()?;
    let mut agree = true;
    for engine in ENGINES {
        let theirs = folder.join(format!("{engine}.parquet"));
        let (differing, groups) = fold::differing(&theirs, &totals, &deal.terms, period)?;
        let own = totals.rows().count() - 1;
        println!("{engine}: {groups} groups, {own} of ours, {differing} differ");
        agree &= differing == 0 && groups == own;
        std::fs::remove_file(theirs)?;
    }
    if agree { Ok(()) } else { Err("the totals are not the same".into()) }
}

/// Runs one measurement, whose last line is groups, sum, seconds of CPU and clock, and KiB.
fn line(what: &str, command: &mut Command) -> Result<(), Failed> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let Some([groups, sum, cpu, clock, memory]) = text
        .lines()
        .last()
        .and_then(|line| <[&str; 5]>::try_from(line.split_whitespace().collect::<Vec<_>>()).ok())
    else {
        return Err(format!("{what} said: {text}").into());
    };
    let memory: u64 = memory.parse()?;
    println!("{what:<18}{cpu:>10}{clock:>10}{:>10}  {groups}, {sum}", memory >> 10);
    Ok(())
}

/// The Python of an environment with the peers.
fn peers(folder: &Path) -> Result<PathBuf, Failed> {
    let venv = folder.join(PEERS.join("-").replace("==", "-"));
    let python = venv.join("bin/python");
    if !python.exists() {
        println!("installing {}", PEERS.join(", "));
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PEERS))?;
    }
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), Failed> {
    if command.status()?.success() { Ok(()) } else { Err(format!("{command:?} failed").into()) }
}

/// Which identities come again; kept beside the file for the totals.
fn identities(path: &Path) -> Result<(), Failed> {
    let spent = Spent::now()?;
    let again = comity_bulk::again(&[fold::file(path)?], &[], THREADS)?.remove(0);
    let rows: Vec<String> = again.iter().map(|row| row.to_string()).collect();
    spent.print(u64::try_from(rows.len())?, 0)?;
    Ok(std::fs::write(path.with_extension("again"), rows.join("\n"))?)
}

/// The totals of rows whose identity is known not to come again, as it is to the peers.
fn fold_alone(path: &Path) -> Result<(), Failed> {
    let deal = Deal::new()?;
    let again = std::fs::read_to_string(path.with_extension("again"))?;
    let again: Rows = again.lines().map(str::parse).collect::<Result<_, _>>()?;
    let spent = Spent::now()?;
    let (totals, _) = fold::fold(path, &deal, again, THREADS)?;
    let (mut groups, mut whole) = (0_u64, 0_u128);
    for row in totals.rows() {
        match row {
            TotalsRow::Inside { sum, supply, .. } => {
                // In the unit that the file has, as the peers do.
                let sum = sum / u128::from(supply.meter.parts());
                groups += 1;
                whole = whole.checked_add(sum).ok_or("the sum does not fit")?;
            }
            TotalsRow::Records(_) | TotalsRow::Outside { .. } => {}
        }
    }
    spent.print(groups, whole)
}

/// The command that is measured, built as this program was.
fn comity() -> Result<PathBuf, Failed> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "-p", "comity-cli", "--message-format", "json"]);
    let output = command.arg("--manifest-path").arg(manifest).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let built = text.lines().filter(|line| line.contains("\"name\":\"comity\"")).find_map(|line| {
        let (_, rest) = line.split_once("\"executable\":\"")?;
        rest.split('"').next().map(PathBuf::from)
    });
    built.ok_or_else(|| "`comity` was not built".into())
}

/// `comity settle` from the file to books and statements: what it says of the records is what was
/// made.
fn settle(
    python: &Path,
    comity: &Path,
    folder: &Path,
    (file, rows): (&Path, u64),
) -> Result<(), Failed> {
    let books = folder.join("books");
    if books.exists() {
        std::fs::remove_dir_all(&books)?;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("measure.py");
    let mut command = Command::new(python);
    command.arg(script).arg(comity).arg("settle").arg(folder.join("deal"));
    command.arg("--usage").arg(file).args(["--period", "2025-10", "--json", "--out"]).arg(&books);
    let output = command.stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let number = |name: &str| -> Result<u64, Failed> {
        let (_, rest) = text.split_once(&format!("\"{name}\": ")).ok_or(format!("no `{name}`"))?;
        let digits = rest.split(|it: char| !it.is_ascii_digit()).next().unwrap_or("");
        Ok(digits.parse().map_err(|_| format!("`{name}` is no number"))?)
    };
    let Odd { repeated, conflicting, wrong } = Odd::of(rows);
    let accepted = rows - repeated - 2 * conflicting - wrong;
    for (name, expected) in [
        ("read", rows),
        ("new", accepted),
        ("in_books", accepted),
        ("repeated", repeated),
        ("conflicting", 2 * conflicting),
        ("rejected", wrong),
        ("unrated", 0),
    ] {
        let found = number(name)?;
        if found != expected {
            return Err(format!("`{name}` is {found}, but {expected} were made").into());
        }
    }
    let used: Vec<&str> = text.lines().last().unwrap_or("").split_whitespace().collect();
    let [cpu, clock, memory] = used[..] else { return Err(format!("it said: {text}").into()) };
    let memory = memory.parse::<u64>()? >> 10;
    println!("{:<18}{cpu:>10}{clock:>10}{memory:>10}  {} entries", "settle", number("entries")?);
    Ok(())
}

/// What a process has used, as Linux tells it.
struct Spent {
    cpu: f64,
    clock: Clock,
}

impl Spent {
    fn now() -> Result<Self, Failed> {
        Ok(Self { cpu: cpu()?, clock: Clock::now() })
    }

    fn print(&self, groups: u64, whole: u128) -> Result<(), Failed> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let most = most.and_then(|line| line.split_whitespace().next()).ok_or("no VmHWM")?;
        let (cpu, clock) = (cpu()? - self.cpu, self.clock.elapsed().as_secs_f64());
        println!("{groups} {whole} {cpu:.2} {clock:.2} {most}");
        Ok(())
    }
}

/// Seconds in the program and in the system for it, of 100 ticks each.
fn cpu() -> Result<f64, Failed> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<f64>().ok());
    let both = ticks(11).zip(ticks(12)).ok_or("no times in /proc/self/stat")?;
    Ok((both.0 + both.1) / 100.0)
}
