//! The planner beside AccaSim on the same trace and cluster, in one run:
//! `cargo run --release --manifest-path bench/accasim/Cargo.toml TRACE.swf SLOTS`.
//!
//! `AccaSim` is installed from PyPI into a folder for temporary files. Both are given the trace, in
//! which jobs ask for what they run, and one pool of slots. What counts is the CPU of the
//! simulation, without reading the trace for ours and with it for the peer, which reads it as it
//! goes; ours is too short to be measured once, so it is repeated.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant as Clock;

use comity_base::{GpuTypeId, Instant, SiteId, Window};
use comity_fleet::{Capacity, Job, Need, Size};
use comity_placement::{
    Backfill, Class, Inputs, Policy, Pool, Restarts, RuledWindow, Ruling, place,
};

const PEER: &str = "accasim==1.1.3";
const ROUNDS: u32 = 20;

type Failed = Box<dyn Error + Send + Sync>;
type Waits = BTreeMap<u64, i64>;

fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [trace, slots] = &words[..] else { return Err("usage: TRACE.swf SLOTS".into()) };
    let trace = std::fs::canonicalize(trace)?;
    let jobs = read(&std::fs::read_to_string(&trace)?)?;
    let slots: u32 = slots.parse()?;
    let folder = std::env::temp_dir().join("comity-accasim-bench");
    let python = install(&folder)?;
    println!("{} jobs on {slots} slots", jobs.len());
    println!("{:<28}{:>10}{:>16}{:>16}", "", "CPU s", "jobs/CPU s", "mean wait s");
    let mut plans: Vec<(&str, f64, Waits)> = Vec::new();
    for policy in ["fifo", "easy"] {
        let (cpu, waits) = theirs(&python, &folder, &trace, slots, policy)?;
        line(&format!("AccaSim, {policy}"), cpu, &waits);
        plans.push((policy, cpu, waits));
    }
    for (name, backfill) in
        [("none", Backfill::None), ("EASY", Backfill::Easy), ("first fit", Backfill::FirstFit)]
    {
        let (cpu, waits) = ours(&jobs, slots, backfill)?;
        line(&format!("ours, {name}"), cpu, &waits);
        for (policy, their_cpu, their_waits) in &plans {
            let other = waits.iter().filter(|(id, wait)| their_waits.get(id) != Some(wait)).count();
            let times = their_cpu / cpu;
            println!("    {times:.0} times AccaSim's {policy}; {other} jobs start at another time");
        }
    }
    Ok(())
}

fn line(name: &str, cpu: f64, waits: &Waits) {
    let count = f64::from(u32::try_from(waits.len()).unwrap_or(u32::MAX));
    let jobs = i64::try_from(waits.len()).unwrap_or(1).max(1);
    let hundredths = (waits.values().sum::<i64>() * 100 + jobs / 2) / jobs;
    let mean = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    println!("{name:<28}{cpu:>10.4}{:>16.0}{mean:>16}", count / cpu);
}

/// Jobs from fields 1 (id), 2 (submission), 4 (run time), 5 (slots) and 9 (time asked).
fn read(text: &str) -> Result<Vec<Job>, Failed> {
    let mut jobs = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with(';') && !line.trim().is_empty()) {
        let fields: Vec<i64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let field = |index: usize| fields.get(index).copied().ok_or("a line is too short");
        jobs.push(Job {
            id: u64::try_from(field(0)?)?,
            class: 0,
            submit: Instant::from_seconds(field(1)?),
            size: Size::Gpus(u32::try_from(field(4)?)?),
            run_seconds: u32::try_from(field(3)?)?,
            asked_seconds: u32::try_from(field(8)?)?,
        });
    }
    Ok(jobs)
}

/// One thread plans the trace `ROUNDS` times: its time on the clock is that of its CPU, or more.
fn ours(jobs: &[Job], slots: u32, backfill: Backfill) -> Result<(f64, Waits), Failed> {
    let ever = Window::ALWAYS;
    let pools = [Pool {
        site: SiteId::new("site")?,
        gpu: GpuTypeId::new("slot")?,
        capacity: Capacity::sum([(ever, slots)])?,
        nodes: None,
    }];
    let classes = [Class {
        party: 0,
        priority: 0,
        preempts: vec![],
        restarts: Restarts::default(),
        need: Need::default(),
        rulings: vec![vec![RuledWindow { window: ever, ruling: Ruling::Allow }]],
        gpus: vec![],
        commitment: vec![None],
        price: vec![1],
        currency: vec![],
    }];
    let inputs = Inputs {
        period: Window::new(Instant::from_seconds(0), Instant::from_seconds(10_000_000_000))?,
        pools: &pools,
        classes: &classes,
        jobs,
        services: &[],
        commitments: &[],
        faults: &[],
        maintenance: &[],
        reservations: &[],
        quotas: &[],
        shares: &[],
        policy: Policy { backfill, ..Policy::default() },
    };
    let started = Clock::now();
    for _ in 1..ROUNDS {
        std::hint::black_box(place(std::hint::black_box(&inputs))?);
    }
    let plan = place(&inputs)?;
    let cpu = started.elapsed().as_secs_f64() / f64::from(ROUNDS);
    let mut waits = Waits::new();
    for (job, outcome) in jobs.iter().zip(&plan.outcomes) {
        let piece = outcome.pieces().next().ok_or("a job does not start")?;
        waits.insert(job.id, piece.start.seconds() - job.submit.seconds());
    }
    Ok((cpu, waits))
}

fn theirs(
    python: &Path,
    folder: &Path,
    trace: &Path,
    slots: u32,
    policy: &str,
) -> Result<(f64, Waits), Failed> {
    // It writes beside the script.
    let script = folder.join("peer.py");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("peer.py"), &script)?;
    let mut command = Command::new(python);
    command.arg(&script).arg(trace).arg(slots.to_string()).arg(policy).arg(folder);
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let mut lines = text.lines();
    let cpu = lines.next().ok_or("the peer prints nothing")?.parse()?;
    let mut waits = Waits::new();
    for line in lines {
        let (id, wait) = line.split_once(' ').ok_or("the peer prints an id and a wait")?;
        waits.insert(id.parse()?, wait.parse()?);
    }
    Ok((cpu, waits))
}

fn install(folder: &Path) -> Result<PathBuf, Failed> {
    let venv = folder.join(PEER.replace("==", "-"));
    let python = venv.join("bin/python");
    if !python.exists() {
        println!("installing {PEER}");
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", PEER]))?;
    }
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), Failed> {
    if command.status()?.success() { Ok(()) } else { Err(format!("{command:?} fails").into()) }
}
