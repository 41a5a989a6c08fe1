//! The rules as Cedar policies. In Cedar a policy that forbids beats all that permit, so only
//! what overrides a prohibition has to be said: as its `unless`.

use std::fmt::Write as _;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    PolicySet, Request, RestrictedExpression,
};
use comity_base::Instant;

use crate::Failure;
use crate::rules::{Ask, Norm, Rules, Who};

/// Whether requests may name something wider than what a rule forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Only names that nothing lies within.
    Leaves,
    /// Any names: what a rule forbids may lie within what is asked.
    Wider,
}

/// The policies with all that a request needs.
#[derive(Debug)]
pub struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    party: EntityTypeName,
    action: EntityTypeName,
    object: EntityTypeName,
    purpose: EntityTypeName,
    place: EntityTypeName,
}

impl Cedar {
    pub fn new(rules: &Rules, asked: Asked) -> Result<Self, Failure> {
        let names = &rules.vocabulary;
        let object = EntityTypeName::from_str("Object")?;
        let purpose = EntityTypeName::from_str("Purpose")?;
        let place = EntityTypeName::from_str("Place")?;
        let mut all = Vec::new();
        for (kind, names) in
            [(&object, &names.objects), (&purpose, &names.purposes), (&place, &names.places)]
        {
            for (name, up) in names {
                let up = up.iter().map(|up| uid(kind, up)).collect();
                all.push(Entity::new_no_attrs(uid(kind, name), up));
            }
        }
        Ok(Self {
            authorizer: Authorizer::new(),
            policies: PolicySet::from_str(&policies(rules, asked)?)?,
            entities: Entities::from_entities(all, None)?,
            party: EntityTypeName::from_str("Party")?,
            action: EntityTypeName::from_str("Action")?,
            object,
            purpose,
            place,
        })
    }

    pub fn allows(&self, ask: &Ask) -> Result<bool, Failure> {
        let entity = |kind, name| RestrictedExpression::new_entity_uid(uid(kind, name));
        let context = Context::from_pairs([
            ("for".to_owned(), entity(&self.party, &ask.beneficiary)),
            ("purpose".to_owned(), entity(&self.purpose, &ask.purpose)),
            ("place".to_owned(), entity(&self.place, &ask.place)),
            ("at".to_owned(), RestrictedExpression::new_long(ask.seconds)),
        ])?;
        let request = Request::new(
            uid(&self.party, &ask.party),
            uid(&self.action, &ask.action),
            uid(&self.object, &ask.object),
            context,
            None,
        )?;
        let response = self.authorizer.is_authorized(&request, &self.policies, &self.entities);
        match response.diagnostics().errors().next() {
            Some(error) => Err(error.to_string().into()),
            None => Ok(response.decision() == Decision::Allow),
        }
    }
}

fn uid(kind: &EntityTypeName, name: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(name))
}

/// The text of the policies.
pub fn policies(rules: &Rules, asked: Asked) -> Result<String, Failure> {
    let norms = rules.norms();
    let by = Rules::overriders(&norms);
    let mut text = String::new();
    let open = rules.vocabulary.actions.iter().filter(|it| !rules.vocabulary.closed.contains(it));
    let open: Vec<String> = open.map(|it| format!("Action::\"{it}\"")).collect();
    if !open.is_empty() {
        writeln!(text, "permit(principal, action in [{}], resource);", open.join(", "))?;
    }
    for (index, norm) in norms.iter().enumerate() {
        let effect = if norm.permits { "permit" } else { "forbid" };
        writeln!(text, "// {}", norm.rule.id)?;
        let actions: Vec<String> =
            norm.rule.actions.iter().map(|it| format!("Action::\"{it}\"")).collect();
        writeln!(text, "{effect}(principal, action in [{}], resource)", actions.join(", "))?;
        write!(text, "when {{ {} }}", inside(norm, asked)?)?;
        if !norm.permits {
            for &over in &by[index] {
                write!(text, "\nunless {{ {} }}", live(&norms, &by, over, asked)?)?;
            }
        }
        writeln!(text, ";")?;
    }
    Ok(text)
}

/// That a norm applies and none that overrides it is live.
fn live(norms: &[Norm], by: &[Vec<usize>], index: usize, asked: Asked) -> Result<String, Failure> {
    let actions: Vec<String> =
        norms[index].rule.actions.iter().map(|it| format!("Action::\"{it}\"")).collect();
    let mut text =
        format!("action in [{}] && {}", actions.join(", "), inside(&norms[index], asked)?);
    for &over in &by[index] {
        write!(text, " && !({})", live(norms, by, over, asked)?)?;
    }
    Ok(text)
}

/// That a request lies in the box and the period of a norm, but for its action.
fn inside(norm: &Norm, asked: Asked) -> Result<String, Failure> {
    let rule = &norm.rule;
    let touches = !norm.permits && asked == Asked::Wider;
    let mut all = vec![format!("context.at >= {}", Instant::parse(&rule.from)?.seconds())];
    if let Some(to) = &rule.to {
        all.push(format!("context.at < {}", Instant::parse(to)?.seconds()));
    }
    all.push(meets("Object", "resource", &rule.objects, touches));
    all.extend(is("principal", &rule.actor));
    all.extend(is("context.for", &rule.beneficiary));
    if !rule.purposes.is_empty() {
        all.push(meets("Purpose", "context.purpose", &rule.purposes, touches));
    }
    if !rule.places.is_empty() {
        all.push(meets("Place", "context.place", &rule.places, touches));
    }
    Ok(all.join(" && "))
}

fn is(what: &str, who: &Who) -> Option<String> {
    let list = |these: &[String]| {
        let these: Vec<String> = these.iter().map(|it| format!("Party::\"{it}\"")).collect();
        format!("{what} in [{}]", these.join(", "))
    };
    match who {
        Who::Any => None,
        Who::Only(these) => Some(list(these)),
        Who::AllBut(these) => Some(format!("!({})", list(these))),
    }
}

fn meets(kind: &str, what: &str, mine: &[String], touches: bool) -> String {
    let these: Vec<String> = mine.iter().map(|it| format!("{kind}::\"{it}\"")).collect();
    let covered = format!("{what} in [{}]", these.join(", "));
    if !touches {
        return covered;
    }
    let touched = these.iter().map(|it| format!(" || {it} in {what}"));
    format!("({covered}{})", touched.collect::<String>())
}
