//! Random requests, and random rules over a vocabulary, from fixed seeds.

use std::sync::Arc;

use comity_base::Instant;

use crate::rules::{Ask, Effect, Names, Rule, Rules, Vocabulary, Who, leaves, within};

/// Xorshift (Marsaglia 2003): spread is all that is asked of it.
#[derive(Debug)]
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        let mut draw = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            draw.below(2);
        }
        draw
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let bound = u64::try_from(bound).expect("an index is shorter than 2^64");
        usize::try_from((self.0 >> 11) % bound).expect("it is below an index")
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// Some of these, at least one.
    fn some(&mut self, of: &[String], most: usize) -> Vec<String> {
        let mut some: Vec<String> = (0..1 + self.below(most)).map(|_| self.one(of)).collect();
        some.sort();
        some.dedup();
        some
    }
}

/// A date between 2019 and 2034, as text.
pub fn date(draw: &mut Draw) -> String {
    let (year, month) = (2019 + draw.below(15), 1 + draw.below(12));
    format!("{year}-{month:02}-{:02}", 1 + draw.below(28))
}

/// Random requests: with names that nothing lies within, or with any.
pub fn asks(names: &Vocabulary, only_leaves: bool, count: usize, seed: u64) -> Vec<Ask> {
    let mut draw = Draw::new(seed);
    let shared = |of: &[String]| of.iter().map(|it| Arc::from(it.as_str())).collect::<Vec<_>>();
    let texts = |of: &Names| -> Vec<Arc<str>> {
        let all = of.iter().map(|(name, _)| name.as_str());
        let all: Vec<&str> = if only_leaves { leaves(of) } else { all.collect() };
        all.into_iter().map(Arc::from).collect()
    };
    let (parties, actions) = (shared(&names.parties), shared(&names.actions));
    let (objects, purposes, places) =
        (texts(&names.objects), texts(&names.purposes), texts(&names.places));
    let ask = |draw: &mut Draw| {
        let date = date(draw);
        Ask {
            party: draw.one(&parties),
            action: draw.one(&actions),
            object: draw.one(&objects),
            beneficiary: draw.one(&parties),
            purpose: draw.one(&purposes),
            place: draw.one(&places),
            seconds: Instant::parse(&date).expect("a date is an instant").seconds(),
            date,
        }
    };
    (0..count).map(|_| ask(&mut draw)).collect()
}

/// A vocabulary with these many names; objects lie within each other by fours.
pub fn vocabulary(parties: usize, actions: usize, objects: usize) -> Vocabulary {
    let names = |what: &str, count: usize| -> Vec<String> {
        (0..count).map(|it| format!("{what}-{it}")).collect()
    };
    let forest = |what: &str, count: usize| -> Names {
        let up = |it: usize| match it % 4 {
            0 => None,
            1 | 2 => Some(format!("{what}-{}", it - it % 4)),
            _ => Some(format!("{what}-{}", it - 1)),
        };
        (0..count).map(|it| (format!("{what}-{it}"), up(it))).collect()
    };
    Vocabulary {
        parties: names("party", parties),
        actions: names("action", actions),
        objects: forest("object", objects),
        purposes: forest("purpose", 5),
        places: forest("place", 7),
        closed: names("action", actions / 2),
    }
}

/// Random rules that pass our check: of a permission and a prohibition that share an act, the one
/// that `wins` overrides the other.
pub fn rules(vocabulary: &Vocabulary, count: usize, wins: Wins, seed: u64) -> Rules {
    let mut draw = Draw::new(seed);
    let mut rules: Vec<Rule> = (0..count).map(|it| rule(vocabulary, &mut draw, it)).collect();
    let ranks: Vec<usize> = (0..count).map(|_| draw.below(1 << 30)).collect();
    for index in 0..count {
        let over = |other: &usize| {
            let (a, b) = (&rules[index], &rules[*other]);
            let first = match wins {
                Wins::Forbid => a.effect == Effect::Forbid,
                Wins::Either => (ranks[index], index) > (ranks[*other], *other),
            };
            a.effect != b.effect && first && overlap(vocabulary, a, b)
        };
        let overrides = (0..count).filter(over).map(|other| rules[other].id.clone()).collect();
        rules[index].overrides = overrides;
    }
    Rules { vocabulary: vocabulary.clone(), rules }
}

/// Which of two rules that contradict each other overrides the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wins {
    /// The prohibition, as in Cedar.
    Forbid,
    /// Either, by chance.
    Either,
}

fn rule(names: &Vocabulary, draw: &mut Draw, index: usize) -> Rule {
    let who = |draw: &mut Draw| match draw.below(4) {
        0 | 1 => Who::Any,
        2 => Who::Only(draw.some(&names.parties, 3)),
        _ => Who::AllBut(draw.some(&names.parties, 2)),
    };
    let texts = |of: &Names| of.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let maybe = |draw: &mut Draw, of: &Names| match draw.below(3) {
        0 => draw.some(&texts(of), 2),
        _ => Vec::new(),
    };
    let (from, to) = (date(draw), date(draw));
    let (from, to) = if from < to { (from, Some(to)) } else { (to, None) };
    Rule {
        id: format!("term-{index}"),
        effect: if draw.below(2) == 0 { Effect::Permit } else { Effect::Forbid },
        actor: who(draw),
        actions: draw.some(&names.actions, 2),
        objects: draw.some(&texts(&names.objects), 2),
        beneficiary: who(draw),
        purposes: maybe(draw, &names.purposes),
        places: maybe(draw, &names.places),
        from,
        to,
        overrides: Vec::new(),
    }
}

fn overlap(names: &Vocabulary, a: &Rule, b: &Rule) -> bool {
    let who = |a: &Who, b: &Who| names.parties.iter().any(|it| a.contains(it) && b.contains(it));
    let tree = |names: &Names, a: &[String], b: &[String]| {
        let meet = |a: &String| b.iter().any(|b| within(names, a, b) || within(names, b, a));
        a.is_empty() || b.is_empty() || a.iter().any(meet)
    };
    let before = |a: &Rule, b: &Rule| a.to.as_ref().is_none_or(|to| b.from < *to);
    who(&a.actor, &b.actor)
        && a.actions.iter().any(|it| b.actions.contains(it))
        && tree(&names.objects, &a.objects, &b.objects)
        && who(&a.beneficiary, &b.beneficiary)
        && tree(&names.purposes, &a.purposes, &b.purposes)
        && tree(&names.places, &a.places, &b.places)
        && before(a, b)
        && before(b, a)
}
