//! What jobs need of nodes, and how much of it fits a floor.

use comity_cluster::{
    AMOUNT_MAX, Ask as NodeAsk, Cluster, ModelSet, Shape, ShareClass, Span as Within,
};
use comity_fleet::{Need, Nodes, Size, Span};

/// What some jobs need: whole GPUs with so much each, or a share of one with as large a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wanted {
    pub(crate) need: Need,
    pub(crate) shared: bool,
}

/// How that stands to the nodes of a floor. Gangs are measured in GPUs, shares in thousandths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    need: Need,
    within: Within,
    room: Room,
}

/// How much fits.
#[derive(Debug, Clone, Copy)]
enum Room {
    Gang {
        /// One GPU of it; none where no node has what it needs for one.
        one: Option<Shape>,
        /// No gang is larger whatever is free.
        most: i64,
    },
    Share(ShareClass),
}

impl Kind {
    pub(crate) fn new(cluster: &mut Cluster, nodes: Option<&Nodes>, wanted: Wanted) -> Self {
        let need = counted(wanted.need, nodes);
        let within = match need.span {
            Span::Node => Within::Node,
            Span::Rack => Within::Rack,
            Span::Hall => Within::Hall,
            Span::Site => Within::Site,
        };
        let (cpu, memory) = (need.cpu_milli_per_gpu, need.memory_mib_per_gpu);
        let room = if wanted.shared {
            Room::Share(cluster.share_class(cpu, memory))
        } else {
            let most = |per_gpu: u64| AMOUNT_MAX.checked_div(per_gpu).unwrap_or(u64::MAX);
            Room::Gang {
                one: cluster.shape(&ask(&need, within, Size::Gpus(1))).ok(),
                most: i64::try_from(most(cpu).min(most(memory))).unwrap_or(i64::MAX),
            }
        };
        Self { need, within, room }
    }

    /// The largest that fits a cluster now.
    pub(crate) fn largest(&self, cluster: &mut Cluster) -> i64 {
        match self.room {
            Room::Gang { one, most } => {
                let largest = one.and_then(|one| cluster.largest_gang(one, self.within));
                largest.map_or(0, i64::from).min(most)
            }
            Room::Share(class) => i64::from(cluster.largest_share(class)),
        }
    }

    /// What a job of it asks of nodes.
    pub(crate) fn ask(&self, size: Size) -> NodeAsk {
        ask(&self.need, self.within, size)
    }
}

/// What a need comes to where what nodes have without limit is not counted: nothing where it is not
/// told how they stand.
pub(crate) fn counted(need: Need, nodes: Option<&Nodes>) -> Need {
    let Some(nodes) = nodes else { return Need::default() };
    Need {
        cpu_milli_per_gpu: nodes.cpu_milli.map_or(0, |_| need.cpu_milli_per_gpu),
        memory_mib_per_gpu: nodes.memory_mib.map_or(0, |_| need.memory_mib_per_gpu),
        ..need
    }
}

/// What a job asks of nodes: a share has as large a part of what goes with a GPU, rounded up.
pub(crate) fn ask(need: &Need, within: Within, size: Size) -> NodeAsk {
    let whole = u64::from(Size::WHOLE_MILLI);
    let (gpus, milli, part, of) = match size {
        Size::Gpus(gpus) => (gpus, 0, u64::from(gpus), 1),
        Size::Share(share) => (0, share.milli(), u64::from(share.milli()), whole),
    };
    NodeAsk {
        gpus,
        milli,
        cpu_milli: need.cpu_milli_per_gpu.saturating_mul(part).div_ceil(of),
        memory_mib: need.memory_mib_per_gpu.saturating_mul(part).div_ceil(of),
        models: ModelSet::ANY,
        span: match size {
            Size::Gpus(_) => within,
            Size::Share(_) => Within::Node,
        },
    }
}
