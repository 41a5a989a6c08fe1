//! A plain simulator of small worlds that looks at every second, and at every pool and every
//! second of every job, and so shares neither events nor searches with the planner.

use comity_fleet::Job;
use comity_placement::{Backfill, Plan, Ruling};

use crate::world::{World, at};

/// Every change in a world comes well before; seconds from here on are not looked at.
pub(crate) const HORIZON: usize = 400;

/// What becomes of a job, as far as the model tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Runs {
        pool: usize,
        start: i64,
    },
    /// In the queue at the end; for the one with the reservation, when it would start.
    Queued {
        latest: Option<i64>,
        ahead: usize,
    },
    /// In the queue until no opening was left.
    Missed,
    /// It never came into the queue.
    Refused,
}

struct Model<'a> {
    world: &'a World,
    /// For each pool and second, GPUs that are free by what running jobs asked.
    free: Vec<Vec<i64>>,
    drawn: Vec<i128>,
}

/// Seconds of a plan that fit the horizon.
fn second(seconds: i64) -> usize {
    usize::try_from(seconds).expect("worlds begin at zero").min(HORIZON)
}

fn planned(job: &Job) -> usize {
    second(i64::from(job.asked_seconds.max(job.run_seconds)))
}

/// What becomes of each job beside these leases; the world's period starts at zero.
pub(crate) fn simulate(world: &World, leases: &Plan) -> Vec<Seen> {
    let mut model = Model { world, free: vec![], drawn: vec![0; world.commitments.len()] };
    for pool in &world.pools {
        let level = |second: usize| {
            i64::from(pool.capacity.at(at(i64::try_from(second).expect("seconds are few"))))
        };
        model.free.push((0..HORIZON).map(level).collect());
    }
    for lease in &leases.leases {
        let held = second(lease.window.start().seconds())..second(lease.window.end().seconds());
        let seconds = held.len();
        held.for_each(|second| model.free[lease.pool][second] -= i64::from(lease.gpus));
        let class = usize::try_from(world.services[lease.service].class).expect("few classes");
        model.draw(class, lease.pool, lease.gpus, seconds);
    }
    let alone: Vec<bool> = world.jobs.iter().map(|job| model.could_start_alone(job)).collect();
    let mut seen = vec![Seen::Refused; world.jobs.len()];
    let mut order: Vec<usize> = (0..world.jobs.len()).filter(|&job| alone[job]).collect();
    order.sort_by_key(|&job| (world.jobs[job].submit, world.jobs[job].id));
    let mut queue = Queue::default();
    let end = second(world.period.end().seconds());
    for now in 0..end {
        for (job, seen) in world.jobs.iter().zip(&seen) {
            if let Seen::Runs { pool, start } = *seen
                && second(start) + second(i64::from(job.run_seconds)) == now
            {
                model.hold(job, pool, now..second(start) + planned(job), 1);
            }
        }
        model.pass(now, &mut queue, &mut seen);
        for &job in order.iter().filter(|&&job| second(world.jobs[job].submit.seconds()) == now) {
            model.arrive(now, job, &mut queue, &mut seen);
        }
    }
    queue.waiting.sort_by_key(|&job| (world.jobs[job].submit, world.jobs[job].id));
    for (ahead, &job) in queue.waiting.iter().enumerate() {
        let head = queue.head.filter(|&(head, ..)| head == job);
        let latest = head.map(|(_, _, start)| i64::try_from(start).expect("seconds are few"));
        seen[job] = if latest.is_some() || model.earliest(&world.jobs[job], end).is_some() {
            Seen::Queued { latest, ahead }
        } else {
            Seen::Missed
        };
    }
    seen
}

/// The jobs that wait in order, those of them that are set aside, and what the head holds.
#[derive(Default)]
struct Queue {
    waiting: Vec<usize>,
    aside: Vec<usize>,
    /// Job, pool and start.
    head: Option<(usize, usize, usize)>,
}

impl Model<'_> {
    /// Goes through the queue twice, in order: up to the head, then for those that may pass it.
    fn pass(&mut self, now: usize, queue: &mut Queue, seen: &mut [Seen]) {
        queue.head = None;
        for job in queue.waiting.clone() {
            if queue.head.is_some() || queue.aside.contains(&job) {
                continue;
            }
            if !self.start(now, job, seen) {
                self.block(now, job, queue);
            }
        }
        self.reserve(queue, -1);
        for &job in &queue.waiting {
            let passes = self.world.backfill == Backfill::Easy || queue.aside.contains(&job);
            if passes
                && queue.head.is_none_or(|(head, ..)| head != job)
                && seen[job] == Seen::Refused
            {
                self.start(now, job, seen);
            }
        }
        self.reserve(queue, 1);
        queue.waiting.retain(|&job| seen[job] == Seen::Refused);
        queue.aside.retain(|&job| seen[job] == Seen::Refused);
    }

    fn arrive(&mut self, now: usize, job: usize, queue: &mut Queue, seen: &mut [Seen]) {
        self.reserve(queue, -1);
        let may_start = self.world.backfill == Backfill::Easy || queue.head.is_none();
        let started = may_start && self.start(now, job, seen);
        self.reserve(queue, 1);
        if !started {
            queue.waiting.push(job);
            if queue.head.is_none() {
                self.block(now, job, queue);
            }
        }
    }

    fn start(&mut self, now: usize, job: usize, seen: &mut [Seen]) -> bool {
        let shape = self.world.jobs[job];
        let Some(pool) = self.best(&shape, now) else { return false };
        let start = i64::try_from(now).expect("seconds are few");
        seen[job] = Seen::Runs { pool, start };
        self.hold(&shape, pool, now..now + planned(&shape), -1);
        let end = second(self.world.period.end().seconds());
        let class = usize::try_from(shape.class).expect("few classes");
        self.draw(class, pool, shape.gpus, planned(&shape).min(end - now));
        true
    }

    /// Makes a job that cannot start now the head, or sets it aside when it has no start at all.
    fn block(&self, now: usize, job: usize, queue: &mut Queue) {
        match self.earliest(&self.world.jobs[job], now) {
            Some((start, pool)) => queue.head = Some((job, pool, start)),
            None => queue.aside.push(job),
        }
    }

    /// Takes what the head holds out of what is free, or gives it back.
    fn reserve(&mut self, queue: &Queue, sign: i64) {
        if let Some((job, pool, start)) = queue.head {
            let shape = self.world.jobs[job];
            self.hold(&shape, pool, start..start + planned(&shape), sign);
        }
    }

    fn hold(&mut self, job: &Job, pool: usize, seconds: std::ops::Range<usize>, sign: i64) {
        for second in seconds.start..seconds.end.min(HORIZON) {
            self.free[pool][second] += sign * i64::from(job.gpus);
        }
    }

    fn draw(&mut self, class: usize, pool: usize, gpus: u32, seconds: usize) {
        let class = &self.world.classes[class];
        if let Some(commitment) = class.commitment[pool] {
            let seconds = i128::try_from(seconds).expect("seconds are few");
            self.drawn[commitment] += i128::from(gpus) * seconds * class.price[pool];
        }
    }

    fn could_start_alone(&self, job: &Job) -> bool {
        let submitted = self.world.period.contains(job.submit);
        let end = second(self.world.period.end().seconds());
        let some = job.gpus > 0 && job.run_seconds > 0;
        some && submitted
            && self
                .earliest(job, second(job.submit.seconds()))
                .is_some_and(|(start, _)| start < end)
    }

    fn earliest(&self, job: &Job, from: usize) -> Option<(usize, usize)> {
        let starts = from..HORIZON - planned(job);
        starts
            .flat_map(|start| (0..self.free.len()).map(move |pool| (start, pool)))
            .find(|&(start, pool)| self.fits(job, pool, start))
    }

    fn fits(&self, job: &Job, pool: usize, start: usize) -> bool {
        let class = &self.world.classes[usize::try_from(job.class).expect("few classes")];
        let gpu = &self.world.pools[pool].gpu;
        if !class.gpus.is_empty() && !class.gpus.contains(gpu) {
            return false;
        }
        (start..start + planned(job)).all(|second| {
            let now = at(i64::try_from(second).expect("seconds are few"));
            let mut rulings = class.rulings[pool].iter();
            let ruled = rulings.find(|ruled| ruled.window.contains(now));
            ruled.is_some_and(|ruled| ruled.ruling == Ruling::Allow)
                && self.free[pool][second] >= i64::from(job.gpus)
        })
    }

    /// Of the pools that the job fits now, the one that the ranking puts first.
    fn best(&self, job: &Job, now: usize) -> Option<usize> {
        let class = &self.world.classes[usize::try_from(job.class).expect("few classes")];
        let remaining = |pool: usize| {
            let commitment = class.commitment[pool]?;
            let target = self.world.commitments[commitment].target * 3_600;
            let remaining = target - self.drawn[commitment];
            (remaining > 0).then_some((remaining, target))
        };
        let better = |a: usize, b: usize| match (remaining(a), remaining(b)) {
            (Some((x, of_x)), Some((y, of_y))) if x * of_y != y * of_x => x * of_y > y * of_x,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(_), Some(_)) | (None, None) => class.price[a] < class.price[b],
        };
        let fitting = (0..self.free.len()).filter(|&pool| self.fits(job, pool, now));
        fitting.reduce(|best, pool| if better(pool, best) { pool } else { best })
    }
}
