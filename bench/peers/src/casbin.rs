//! The rules as a Casbin policy: the first row that matches decides, so what overrides a rule
//! stands above it. That is exact for rules that pass our check: where two of them contradict, one
//! overrides the other.

use std::fmt::Write as _;

use casbin::function_map::OperatorFunction;
use casbin::rhai::{Dynamic, ImmutableString};
use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};

use crate::Failure;
use crate::rego::covered;
use crate::rules::{Ask, Norm, Rules, Who};

const MODEL: &str = "\
[request_definition]
r = sub, act, obj, ben, pur, loc, at

[policy_definition]
p = sub, act, obj, ben, pur, loc, from, to, eft

[policy_effect]
e = priority(p.eft) || deny

[matchers]
m = has(r.act, p.act) && has(r.obj, p.obj) && r.at >= p.from && r.at < p.to && has(r.sub, p.sub) && has(r.ben, p.ben) && has(r.pur, p.pur) && has(r.loc, p.loc)
";

/// The policy with its model.
pub struct Casbin {
    enforcer: Enforcer,
}

impl Casbin {
    pub fn new(rules: &Rules) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(async {
            let model = DefaultModel::from_str(MODEL).await?;
            let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await?;
            enforcer.add_function("has", OperatorFunction::Arg2(has));
            enforcer.add_policies(rows(rules)).await?;
            Ok(Self { enforcer })
        })
    }

    pub fn allows(&self, ask: &Ask) -> Result<bool, Failure> {
        Ok(self.enforcer.enforce((
            &*ask.party,
            &*ask.action,
            &*ask.object,
            &*ask.beneficiary,
            &*ask.purpose,
            &*ask.place,
            &*ask.date,
        ))?)
    }
}

/// Whether a list such as `a|b` has a name; `*` has all, and `!a|b` all but these.
fn has(name: Dynamic, list: Dynamic) -> Dynamic {
    let (Some(name), Some(list)) =
        (name.read_lock::<ImmutableString>(), list.read_lock::<ImmutableString>())
    else {
        return false.into();
    };
    let any = |list: &str| list.split('|').any(|it| it == name.as_str());
    match list.strip_prefix('!') {
        Some(list) => (!any(list)).into(),
        None => (list.as_str() == "*" || any(&list)).into(),
    }
}

/// The text of the policy.
pub fn policy(rules: &Rules) -> Result<String, Failure> {
    let mut text = String::from(MODEL);
    for row in rows(rules) {
        writeln!(text, "p, {}", row.join(", "))?;
    }
    Ok(text)
}

fn rows(rules: &Rules) -> Vec<Vec<String>> {
    let norms = rules.norms();
    let by = Rules::overriders(&norms);
    let mut order = Vec::new();
    for index in 0..norms.len() {
        visit(&by, index, &mut order);
    }
    let mut rows: Vec<Vec<String>> =
        order.into_iter().map(|index| row(rules, &norms[index])).collect();
    let open = rules.vocabulary.actions.iter().filter(|it| !rules.vocabulary.closed.contains(it));
    let open = open.cloned().collect::<Vec<_>>().join("|");
    let any = || "*".to_owned();
    let (from, to) = ("0000-00-00".to_owned(), "9999-99-99".to_owned());
    rows.push(vec![any(), open, any(), any(), any(), any(), from, to, "allow".to_owned()]);
    rows
}

fn visit(by: &[Vec<usize>], index: usize, order: &mut Vec<usize>) {
    if !order.contains(&index) {
        by[index].iter().for_each(|&over| visit(by, over, order));
        order.push(index);
    }
}

fn row(rules: &Rules, norm: &Norm) -> Vec<String> {
    let (rule, names) = (&norm.rule, &rules.vocabulary);
    let any = |these: Vec<&str>| if these.is_empty() { "*".to_owned() } else { these.join("|") };
    let to = rule.to.clone().unwrap_or("9999-99-99".to_owned());
    vec![
        who(&rule.actor),
        rule.actions.join("|"),
        any(covered(&names.objects, &rule.objects)),
        who(&rule.beneficiary),
        any(covered(&names.purposes, &rule.purposes)),
        any(covered(&names.places, &rule.places)),
        rule.from.clone(),
        to,
        if norm.permits { "allow" } else { "deny" }.to_owned(),
    ]
}

fn who(who: &Who) -> String {
    match who {
        Who::Any => "*".to_owned(),
        Who::Only(these) => these.join("|"),
        Who::AllBut(these) => format!("!{}", these.join("|")),
    }
}
