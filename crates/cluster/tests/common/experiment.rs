//! The published FGD experiment, run on a [`Cluster`]; for a test and for the benchmark.
//!
//! Pods arrive one at a time; none leaves, nothing is tried again. Protocol, orders and expected
//! figures stand in the data's README.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read;
use std::path::{Path, PathBuf};

use comity_cluster::{Ask, Cluster, Machine, ModelSet, Policy, Span, Typical};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Per cent of capacity arrived, and per cent of it used in hundredths.
pub(crate) type Curve = BTreeMap<u64, u64>;

/// The nodes, the pods and the typical pods.
pub(crate) struct Trace {
    machines: Vec<Machine>,
    pods: Vec<Ask>,
    typical: Typical,
}

/// One arrival order with its order of nodes.
pub(crate) struct Order {
    pods: Vec<usize>,
    nodes: Vec<usize>,
}

/// The published figures: policy, seed, and used hundredths of a per cent by per cent arrived.
pub(crate) type Published = BTreeMap<(String, u64), Curve>;

/// The policies whose figures are the same in every run, under their published names.
pub(crate) fn policies(trace: &Trace) -> [(&'static str, Policy); 5] {
    [
        ("FGD", Policy::Fgd(trace.typical.clone())),
        ("BestFit", Policy::BestFit),
        ("DotProd", Policy::DotProd),
        ("GpuClustering", Policy::GpuClustering),
        ("GpuPacking", Policy::GpuPacking),
    ]
}

/// Reads the trace.
pub(crate) fn trace(data: &Path) -> Fallible<Trace> {
    let mut models: Vec<String> = Vec::new();
    let mut number = |name: &str| {
        let place = models.iter().position(|known| known == name).unwrap_or_else(|| {
            models.push(name.to_owned());
            models.len() - 1
        });
        u16::try_from(place)
    };
    let mut machines = Vec::new();
    for row in csv::Reader::from_path(data.join("openb-2023-nodes.csv"))?.records() {
        let row = row?;
        machines.push(Machine {
            cpu_milli: row[1].parse()?,
            memory_mib: row[2].parse()?,
            gpus: row[3].parse()?,
            model: number(&row[4])?,
            rack: 0,
            hall: 0,
        });
    }
    let mut pods = Vec::new();
    for row in csv::Reader::from_path(data.join("openb-2023-pods.csv"))?.records() {
        let row = row?;
        let (gpus, milli): (u32, u16) = (row[3].parse()?, row[4].parse()?);
        let shared = gpus == 1 && milli < 1_000;
        let models = match &row[5] {
            "" => ModelSet::ANY,
            named => {
                let numbers: Result<Vec<u16>, _> = named.split('|').map(&mut number).collect();
                ModelSet::of(numbers?)?
            }
        };
        pods.push(Ask {
            gpus: if shared { 0 } else { gpus },
            milli: if shared { milli } else { 0 },
            cpu_milli: row[1].parse()?,
            memory_mib: row[2].parse()?,
            models,
            span: Span::Node,
        });
    }
    Ok(Trace { typical: Typical::of(&pods, 95)?, machines, pods })
}

/// Where the order of a seed stands.
pub(crate) fn order_path(data: &Path, seed: u64) -> PathBuf {
    data.join(format!("fgd/orders-default/{seed}.txt.gz"))
}

/// Unpacks the order of a seed.
pub(crate) fn order(packed: &[u8]) -> Fallible<Order> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text)?;
    let mut lines = text
        .lines()
        .map(|line| line.split_whitespace().map(str::parse).collect::<Result<Vec<usize>, _>>());
    let mut next = || lines.next().ok_or("an order has two lines");
    Ok(Order { pods: next()??, nodes: next()?? })
}

/// Reads the published figures.
pub(crate) fn published(data: &Path) -> Fallible<Published> {
    let mut reader = csv::Reader::from_path(data.join("fgd/expected-default.csv"))?;
    let columns = reader.headers()?.clone();
    let mut published = Published::new();
    for row in reader.records() {
        let row = row?;
        let policy = row[1].split_once('-').map_or(&row[1], |(_, name)| name).to_owned();
        let mut curve = Curve::new();
        for (column, value) in columns.iter().zip(&row).skip(5).filter(|(_, it)| !it.is_empty()) {
            curve.insert(column.parse()?, hundredths(value)?);
        }
        published.insert((policy, row[3].parse()?), curve);
    }
    Ok(published)
}

/// Runs one policy on one order.
pub(crate) fn run(trace: &Trace, order: &Order, policy: Policy) -> Fallible<Curve> {
    let machines: Vec<Machine> = order.nodes.iter().map(|&row| trace.machines[row]).collect();
    let mut cluster = Cluster::new(machines, policy).map_err(|errors| format!("{errors:?}"))?;
    let capacity = u64::from(cluster.gpus()) * 1_000;
    let mut arrived = 0_u64;
    let mut sums: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for &pod in &order.pods {
        let ask = trace.pods[pod];
        arrived += u64::from(ask.gpus) * 1_000 + u64::from(ask.milli);
        let shape = cluster.shape(&ask)?;
        if let Some(choice) = cluster.choose(shape) {
            // Nothing leaves in this experiment.
            let _held = cluster.take(choice);
        }
        let column = half_even(100 * arrived, capacity);
        let (sum, count) = sums.entry(column).or_default();
        *sum += half_even(10_000 * cluster.held_milli(), capacity);
        *count += 1;
    }
    Ok(sums.into_iter().map(|(column, (sum, count))| (column, half_even(sum, count))).collect())
}

/// A quotient in whole numbers; halves go to the even one, as in the published figures.
fn half_even(part: u64, whole: u64) -> u64 {
    let down = part / whole;
    match (2 * (part % whole)).cmp(&whole) {
        Ordering::Less => down,
        Ordering::Equal => down + down % 2,
        Ordering::Greater => down + 1,
    }
}

/// A published figure: per cent with up to two digits.
fn hundredths(percent: &str) -> Fallible<u64> {
    let (whole, digits) = percent.split_once('.').unwrap_or((percent, ""));
    Ok(format!("{whole}{digits:0<2}").parse()?)
}
