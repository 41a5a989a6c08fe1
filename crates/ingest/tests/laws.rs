//! What holds of every input: identity, order, batching, sums, and that nothing panics.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

use std::collections::BTreeMap;

use comity_base::Meter;
use comity_ingest::{
    By, Feed, Format, How, Intake, Owned, Owners, Zone, jobs, matrix, read, write_accepted,
};
use proptest::prelude::*;

const HEADER: &str =
    "source,id,part,buyer,seller,meter,object,site,gpu,start,end,level,quantity,unit";

/// A row of few identities and few contents, so that some repeat and some clash; some are bad.
fn row() -> impl Strategy<Value = String> {
    (0..3_u8, 0..12_u8, 0..3_u8, 1..4_u8, 0..10_u8).prop_map(|(source, id, buyer, level, kind)| {
        let amount = match kind {
            0 => ",-1,".to_owned(),
            1 => ",many,".to_owned(),
            2..=3 => format!("{level},,"),
            // A share of a GPU, and a part of a GPU-second.
            4 => format!("0.{level},,"),
            5 => format!(",0.{level}25,"),
            _ => format!(",{level},gpu-hour"),
        };
        format!("s{source},{id},,b{buyer},c,gpu-time,o,,,2025-02-01,2025-02-02,{amount}")
    })
}

fn intake(rows: &[String]) -> Intake {
    let text = format!("{HEADER}\n{}", rows.join("\n"));
    read("f", None, &mut text.as_bytes(), How::default()).unwrap()
}

/// Everything that must not depend on order and batching.
fn outcome(intake: &Intake) -> impl PartialEq + std::fmt::Debug {
    let accepted: Vec<_> =
        intake.accepted().map(|(identity, _, uses)| (identity.clone(), uses.clone())).collect();
    let conflicts: Vec<_> = intake
        .conflicts()
        .map(|(identity, several)| {
            let counts: BTreeMap<_, _> =
                several.iter().map(|(uses, (_, times))| (uses.clone(), *times)).collect();
            (identity.clone(), counts)
        })
        .collect();
    let mut rejected: Vec<String> = intake.rejected().iter().map(|row| row.row.clone()).collect();
    rejected.sort();
    (accepted, conflicts, rejected, intake.account())
}

proptest! {
    #[test]
    fn order_and_batching_change_nothing(
        (rows, shuffled) in prop::collection::vec(row(), 1..60)
            .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        size in 1..20_usize,
    ) {
        let whole = intake(&rows);
        let mut batched = Intake::default();
        for batch in shuffled.chunks(size) {
            batched.merge(intake(batch));
        }
        prop_assert_eq!(outcome(&whole), outcome(&batched));
    }

    /// Counted another way: by the rows themselves.
    #[test]
    fn what_became_of_rows_adds_up(rows in prop::collection::vec(row(), 1..60)) {
        let account = intake(&rows).account();
        let mut by_identity: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut bad = 0;
        for row in &rows {
            if row.contains("-1,") && row.ends_with(",-1,") || row.contains("many") {
                bad += 1;
                continue;
            }
            let fields: Vec<&str> = row.split(',').collect();
            by_identity.entry(format!("{}/{}", fields[0], fields[1])).or_default().push(row);
        }
        let distinct = |rows: &[&str]| {
            // A level for a day, and as many GPU-hours, are different quantities.
            rows.iter().collect::<std::collections::BTreeSet<_>>().len()
        };
        let single = by_identity.values().filter(|rows| distinct(rows) == 1);
        let accepted = u64::try_from(single.clone().count()).unwrap();
        let repeated: usize = single.map(|rows| rows.len() - 1).sum();
        let clashing = by_identity.values().filter(|rows| distinct(rows) > 1);
        let conflicting: usize = clashing.map(Vec::len).sum();
        prop_assert_eq!(account.accepted.records, accepted);
        prop_assert_eq!(account.repeated.records, u64::try_from(repeated).unwrap());
        prop_assert_eq!(account.conflicting.records, u64::try_from(conflicting).unwrap());
        prop_assert_eq!(account.rejected.records, bad);
        let sum = |tally: &comity_ingest::Tally| tally.sums.get(&Meter::GpuTime).copied().unwrap_or(0);
        prop_assert_eq!(
            sum(&account.read),
            sum(&account.accepted) + sum(&account.repeated) + sum(&account.conflicting)
                + sum(&account.rejected)
        );
    }

    /// A stored book is read as what was stored, and is a repetition of it.
    #[test]
    fn accepted_records_are_read_again(rows in prop::collection::vec(row(), 1..60)) {
        let first = intake(&rows);
        let mut stored = Vec::new();
        write_accepted(&first, &mut stored).unwrap();
        prop_assume!(first.accepted().next().is_some());
        let again = read("g", None, &mut &stored[..], How::default()).unwrap();
        let plain = |intake: &Intake| -> Vec<_> {
            intake.accepted().map(|(id, _, uses)| (id.clone(), uses.clone())).collect()
        };
        prop_assert_eq!(plain(&first), plain(&again));
        let mut both = intake(&rows);
        let before = both.account();
        both.merge(again);
        let after = both.account();
        prop_assert_eq!(&after.accepted, &before.accepted);
        prop_assert_eq!(after.repeated.records, before.repeated.records + before.accepted.records);
    }

    /// Bytes put in, taken out and changed: rows and files are refused, nothing panics, and what
    /// was read still adds up.
    #[test]
    fn mutated_files_never_panic(
        which in 0..4_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..12),
    ) {
        let samples: [&str; 4] = [
            "source,id,part,buyer,seller,meter,object,site,gpu,start,end,level,quantity,unit\ns,1,1/2,a,b,gpu-time,o,,,2025-02-01,2025-02-02,8,,\ns,1,2/2,a,b,gpu-time,p,,,2025-02-01,2025-02-02,8,,\n",
            "JobID|User|Account|NodeList|AllocTRES|Start|End|ElapsedRaw\n1|u|lab|a[1-2,4]|cpu=8,gres/gpu:x=16,node=3|2025-02-01T10:00:00|2025-02-01T11:00:00|3600\n",
            "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"time\":\"2025-02-01T09:00:00Z\",\"subject\":\"a\",\"data\":{\"seller\":\"b\",\"object\":\"o\",\"meter\":\"tokens-out\",\"quantity\":1.2e2}}\n",
            "SubAccountId,ServiceProviderName,SkuId,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ConsumedQuantity,ConsumedUnit\na,b,c,Usage,2025-02-01T00:00:00Z,2025-02-02T00:00:00Z,48,\"GPU-Hours\"\n",
        ];
        let mut bytes = samples[which].as_bytes().to_vec();
        for (at, byte, kind) in edits {
            let at = at.index(bytes.len().max(1));
            match kind {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => bytes[at] = byte,
                _ => bytes.truncate(at.max(1)),
            }
        }
        let zone = Zone::named("America/Denver");
        let feed = Feed { source: Some("s".to_owned()), ..Feed::plain("f", Format::Sacct) };
        for feed in [None, Some(&feed)] {
            let how = How { feed, zone: zone.as_ref(), ..How::default() };
            if let Ok(intake) = read("f", None, &mut &bytes[..], how) {
                let _ = intake.account();
            }
            if let Ok(jobs) = jobs("f", &mut &bytes[..], &Owners::new(), how) {
                let _ = jobs.account();
            }
        }
    }

    /// However jobs lie over owners and whatever the period, what owners lent is what jobs held.
    #[test]
    fn the_matrix_holds_all_gpu_time(
        held in prop::collection::vec((1..5_u64, 1..33_u64, 1..500_u64), 1..20),
    ) {
        let owned = |owner: &str| Owned { owner: owner.to_owned(), gpus: None, gpu: None };
        let owners: Owners = (1..=4)
            .map(|number| (format!("n{number}"), owned(if number % 2 == 0 { "even" } else { "odd" })))
            .collect();
        let mut text = "JobID|User|Account|NodeList|AllocTRES|Start|End\n".to_owned();
        let mut expected = 0;
        for (number, (nodes, gpus, seconds)) in held.iter().enumerate() {
            let (minute, second) = (seconds / 60, seconds % 60);
            text += &format!(
                "{number}|u|a|n[1-{nodes}]|gres/gpu={gpus}|2025-02-01T10:00:00Z|2025-02-01T10:{minute:02}:{second:02}Z\n"
            );
            expected += u128::from(gpus * seconds);
        }
        let zone = Zone::named("UTC");
        let how = How { zone: zone.as_ref(), ..How::default() };
        let jobs = jobs("f", &mut text.as_bytes(), &owners, how).unwrap();
        let matrix = matrix(&jobs, By::User, None, None);
        let sum: u128 = matrix.cells.values().flat_map(BTreeMap::values).sum();
        prop_assert_eq!(sum, expected);
    }
}
