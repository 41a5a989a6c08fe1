//! A complete binary tree over a row of numbers; each node is the most below it.

#[derive(Debug)]
pub(crate) struct MaxTree {
    leaves: usize,
    nodes: Vec<i64>,
}

/// Less than what anything asks for.
pub(crate) const NOTHING: i64 = i64::MIN;

impl MaxTree {
    pub(crate) fn new(row: impl ExactSizeIterator<Item = i64>) -> Self {
        let leaves = row.len().next_power_of_two();
        let mut nodes = vec![NOTHING; leaves];
        nodes.extend(row);
        nodes.resize(2 * leaves, NOTHING);
        for node in (1..leaves).rev() {
            nodes[node] = nodes[2 * node].max(nodes[2 * node + 1]);
        }
        Self { leaves, nodes }
    }

    /// Sets the number at an index.
    pub(crate) fn set(&mut self, index: usize, value: i64) {
        let mut node = self.leaves + index;
        let before = std::mem::replace(&mut self.nodes[node], value);
        if before == value {
            return;
        }
        while node > 1 {
            node /= 2;
            let most = self.nodes[2 * node].max(self.nodes[2 * node + 1]);
            if self.nodes[node] == most {
                break;
            }
            self.nodes[node] = most;
        }
    }

    /// The first index from one on whose number is at least another.
    pub(crate) fn next(&self, from: usize, least: i64) -> Option<usize> {
        if from >= self.leaves {
            return None;
        }
        let mut node = self.leaves + from;
        while self.nodes[node] < least {
            // On to what follows all that is below this node.
            while node % 2 == 1 {
                if node == 1 {
                    return None;
                }
                node /= 2;
            }
            node += 1;
        }
        while node < self.leaves {
            node *= 2;
            if self.nodes[node] < least {
                node += 1;
            }
        }
        Some(node - self.leaves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_of_a_row_is_found() {
        for len in 0..9_i64 {
            let mut row: Vec<i64> = (0..len).map(|index| index * 5 % 7).collect();
            let mut tree = MaxTree::new(row.iter().copied());
            for round in 0..7 {
                if let Some(value) = row.get_mut(round) {
                    *value = 3;
                    tree.set(round, 3);
                }
                for from in 0..row.len() + 2 {
                    for least in -1..8 {
                        let plain = (from..row.len()).find(|&index| row[index] >= least);
                        assert_eq!(tree.next(from, least), plain, "{row:?} {from} {least}");
                    }
                }
            }
        }
    }
}
