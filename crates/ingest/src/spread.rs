//! How the GPUs of a job lie on its nodes, which `sacct` does not say.

use std::collections::BTreeMap;

use crate::reason::Reason;

/// A node of a job, in order of name.
#[derive(Debug, Clone)]
pub(crate) struct Node<K> {
    pub(crate) key: K,
    /// How many GPUs it has, where that is known.
    pub(crate) gpus: Option<u64>,
    /// Their type, in small letters, where that is known.
    pub(crate) kind: Option<String>,
}

/// By which rule GPUs were spread over nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// There is one way only: one node, whole nodes, or types that tell the nodes apart.
    Plain,
    /// As many on each node.
    Even,
    /// As even as the nodes allow, what is left over going one by one to the first nodes in order
    /// of name.
    Uneven,
}

/// How many of a job's GPUs each node has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spread {
    pub(crate) by_node: Vec<u64>,
    pub(crate) rule: Rule,
}

/// Spreads `total` over the nodes: each its whole where that is the sum; evenly otherwise; and
/// where it does not divide, or a node is full, one by one in the order of the nodes. Where every
/// type allocated is one of the nodes', each type is spread over its own.
pub(crate) fn spread<K>(
    nodes: &[Node<K>],
    total: u64,
    by_type: &BTreeMap<String, u64>,
) -> Result<Spread, Reason> {
    let of = |kind: &str| -> Vec<usize> {
        let is =
            |node: &Node<K>| node.kind.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(kind));
        (0..nodes.len()).filter(|&at| is(&nodes[at])).collect()
    };
    let typed = by_type.len() > 1
        && by_type.values().sum::<u64>() == total
        && by_type.keys().all(|kind| !of(kind).is_empty());
    if !typed {
        let all: Vec<usize> = (0..nodes.len()).collect();
        let mut by_node = vec![0; nodes.len()];
        let rule = over(nodes, &all, total, &mut by_node)?;
        return Ok(Spread { by_node, rule });
    }
    let (mut by_node, mut rule) = (vec![0; nodes.len()], Rule::Plain);
    for (kind, count) in by_type {
        rule = rule.max(over(nodes, &of(kind), *count, &mut by_node)?);
    }
    Ok(Spread { by_node, rule })
}

fn over<K>(
    nodes: &[Node<K>],
    on: &[usize],
    total: u64,
    by_node: &mut [u64],
) -> Result<Rule, Reason> {
    let room = |at: usize| nodes[at].gpus.unwrap_or(u64::MAX);
    let have = on.iter().try_fold(0_u64, |sum, &at| sum.checked_add(room(at)));
    if have.is_some_and(|have| have < total) {
        return Err(Reason::TooManyGpus { held: total, have: have.unwrap_or(u64::MAX) });
    }
    if have == Some(total) || on.len() == 1 {
        for &at in on {
            by_node[at] = if on.len() == 1 { total } else { room(at) };
        }
        return Ok(Rule::Plain);
    }
    let count = u64::try_from(on.len()).unwrap_or(u64::MAX);
    if total.is_multiple_of(count) && on.iter().all(|&at| room(at) >= total / count) {
        for &at in on {
            by_node[at] = total / count;
        }
        return Ok(Rule::Even);
    }
    // Rounds: as many as fit on every node with room, then the rest one by one.
    let mut left = total;
    while left > 0 {
        let open: Vec<usize> = on.iter().copied().filter(|&at| by_node[at] < room(at)).collect();
        let each = (left / u64::try_from(open.len()).unwrap_or(u64::MAX)).max(1);
        for at in open {
            let more = each.min(room(at) - by_node[at]).min(left);
            by_node[at] += more;
            left -= more;
        }
    }
    Ok(Rule::Uneven)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_spread_by_rule() {
        let check = |have: &[Option<u64>], total: u64, expected: Result<(&[u64], Rule), &str>| {
            let node = |gpus: &Option<u64>| Node { key: (), gpus: *gpus, kind: None };
            let nodes: Vec<Node<()>> = have.iter().map(node).collect();
            let seen = spread(&nodes, total, &BTreeMap::new());
            let seen = seen.map(|spread| (spread.by_node, spread.rule));
            let expected = expected.map(|(levels, rule)| (levels.to_vec(), rule));
            assert_eq!(seen.map_err(|reason| reason.to_string()), expected.map_err(str::to_owned));
        };
        check(&[Some(8)], 3, Ok((&[3], Rule::Plain)));
        check(&[Some(4), Some(8)], 12, Ok((&[4, 8], Rule::Plain)));
        check(&[None, None], 8, Ok((&[4, 4], Rule::Even)));
        check(&[Some(4), Some(8)], 10, Ok((&[4, 6], Rule::Uneven)));
        check(&[None, None, None], 7, Ok((&[3, 2, 2], Rule::Uneven)));
        check(&[Some(4), Some(4)], 9, Err("9 GPUs on nodes that have 8"));
        check(&[Some(2), None, Some(2)], 12, Ok((&[2, 8, 2], Rule::Uneven)));
    }

    #[test]
    fn types_tell_nodes_apart() {
        let node = |kind: &str| Node { key: (), gpus: Some(8), kind: Some(kind.to_owned()) };
        let nodes = [node("a100"), node("h100")];
        let by_type = BTreeMap::from([("a100".to_owned(), 2), ("h100".to_owned(), 4)]);
        let seen = spread(&nodes, 6, &by_type).unwrap();
        assert_eq!((seen.by_node, seen.rule), (vec![2, 4], Rule::Plain));
    }
}
