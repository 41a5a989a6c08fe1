//! Rules as boxes with a period and overrides, and the article's rules in this form.

use std::sync::Arc;

/// A name with the name that it lies within.
pub type Names = Vec<(String, Option<String>)>;

/// The names that a set of rules uses.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    pub parties: Vec<String>,
    pub actions: Vec<String>,
    pub objects: Names,
    pub purposes: Names,
    pub places: Names,
    /// What no rule speaks of may not be done, for these actions; for others it may.
    pub closed: Vec<String>,
}

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    Any,
    Only(Vec<String>),
    AllBut(Vec<String>),
}

impl Who {
    pub fn contains(&self, party: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(these) => these.iter().any(|it| it == party),
            Self::AllBut(these) => !these.iter().any(|it| it == party),
        }
    }
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Permit,
    Forbid,
    /// Permits to the holder and forbids to all others but those that are free.
    Exclusive {
        holder: String,
        free: Vec<String>,
    },
}

/// A rule: its box, its period `[from, to)` as dates, and the rules that it overrides.
#[derive(Debug, Clone)]
pub struct Rule {
    pub id: String,
    pub effect: Effect,
    pub actor: Who,
    pub actions: Vec<String>,
    pub objects: Vec<String>,
    pub beneficiary: Who,
    pub purposes: Vec<String>,
    pub places: Vec<String>,
    pub from: String,
    pub to: Option<String>,
    pub overrides: Vec<String>,
}

/// What a rule comes to: it permits or it forbids.
#[derive(Debug, Clone)]
pub struct Norm {
    pub permits: bool,
    pub rule: Rule,
}

/// Names and rules.
#[derive(Debug, Clone)]
pub struct Rules {
    pub vocabulary: Vocabulary,
    pub rules: Vec<Rule>,
}

/// A request; the date is also there as seconds since 1970. Requests share the texts of names, as
/// those share a cache that were just read.
#[derive(Debug, Clone)]
pub struct Ask {
    pub party: Arc<str>,
    pub action: Arc<str>,
    pub object: Arc<str>,
    pub beneficiary: Arc<str>,
    pub purpose: Arc<str>,
    pub place: Arc<str>,
    pub date: String,
    pub seconds: i64,
}

/// Whether a name is another or lies within it.
pub fn within(names: &Names, inner: &str, outer: &str) -> bool {
    let mut at = Some(inner);
    while let Some(name) = at {
        if name == outer {
            return true;
        }
        at = names.iter().find(|(it, _)| it == name).and_then(|(_, up)| up.as_deref());
    }
    false
}

/// The names of which no other lies within.
pub fn leaves(names: &Names) -> Vec<&str> {
    let is_outer = |name: &str| names.iter().any(|(_, up)| up.as_deref() == Some(name));
    names.iter().map(|(name, _)| name.as_str()).filter(|name| !is_outer(name)).collect()
}

impl Rules {
    /// Every permission and prohibition that the rules come to.
    pub fn norms(&self) -> Vec<Norm> {
        let mut norms = Vec::new();
        for rule in &self.rules {
            match &rule.effect {
                Effect::Permit => norms.push(Norm { permits: true, rule: rule.clone() }),
                Effect::Forbid => norms.push(Norm { permits: false, rule: rule.clone() }),
                Effect::Exclusive { holder, free } => {
                    let others: Vec<String> = free.iter().chain([holder]).cloned().collect();
                    let holder = Who::Only(vec![holder.clone()]);
                    norms
                        .push(Norm { permits: true, rule: Rule { actor: holder, ..rule.clone() } });
                    let actor = Who::AllBut(others);
                    norms.push(Norm { permits: false, rule: Rule { actor, ..rule.clone() } });
                }
            }
        }
        norms
    }

    /// For each norm those that override it.
    pub fn overriders(norms: &[Norm]) -> Vec<Vec<usize>> {
        let over = |norm: &Norm| {
            let by = |it: &&usize| {
                let by = &norms[**it];
                by.permits != norm.permits && by.rule.overrides.contains(&norm.rule.id)
            };
            (0..norms.len()).collect::<Vec<_>>().iter().filter(by).copied().collect()
        };
        norms.iter().map(over).collect()
    }
}

const DATES: [&str; 6] =
    ["2019-07-22", "2023-01-23", "2025-01-21", "2025-10-28", "2026-02-27", "2026-04-27"];

fn list(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn names(text: &str) -> Names {
    text.split_whitespace()
        .map(|name| match name.split_once('<') {
            Some((name, up)) => (name.to_owned(), Some(up.to_owned())),
            None => (name.to_owned(), None),
        })
        .collect()
}

/// The rules between Microsoft and OpenAI from 2019 to 2026 in 24 terms: exclusivities, their
/// carve-outs, limits on purpose and place, licences, and what ended when. First refusals are left
/// out, and what is not public is made up: the engines are compared, not the deal.
pub fn article() -> Rules {
    let vocabulary = Vocabulary {
        parties: list("openai microsoft stargate softbank oracle mgx coreweave aws google crusoe"),
        actions: list("build host operate sell use"),
        objects: names(
            "capacity openai-models openai-products openai-api<openai-products \
             api-stateless<openai-api api-stateful<openai-api api-government<openai-api \
             api-joint<openai-api chatgpt<openai-products azure-openai openai-ip \
             model-ip<openai-ip research-ip<openai-ip hardware-ip<openai-ip",
        ),
        purposes: names("development training<development research<development serving"),
        places: names("us abilene<us milam<us ae uk"),
        closed: list("use"),
    };
    let mut rules = Vec::new();
    let mut add = |id: &str, effect: &str, acts: &str, objects: &str, from: usize, to: &str| {
        let mut words = effect.split_whitespace();
        let word = words.next().unwrap_or_default();
        let who: Vec<String> = words.map(str::to_owned).collect();
        let (effect, actor) = match word {
            "exclusive" => {
                let (holder, free) = who.split_first().expect("an exclusivity has a holder");
                (Effect::Exclusive { holder: holder.clone(), free: free.to_vec() }, Who::Any)
            }
            "permit" if who.is_empty() => (Effect::Permit, Who::Any),
            "permit" => (Effect::Permit, Who::Only(who)),
            "permit-but" => (Effect::Permit, Who::AllBut(who)),
            "forbid" if who.is_empty() => (Effect::Forbid, Who::Any),
            "forbid" => (Effect::Forbid, Who::Only(who)),
            "forbid-but" => (Effect::Forbid, Who::AllBut(who)),
            other => panic!("no such effect: {other}"),
        };
        let action_is_about_use = acts == "use" || acts == "sell";
        rules.push(Rule {
            id: id.to_owned(),
            effect,
            actor,
            actions: list(acts),
            objects: list(objects),
            beneficiary: if action_is_about_use { Who::Any } else { Who::Only(list("openai")) },
            purposes: Vec::new(),
            places: Vec::new(),
            from: DATES[from].to_owned(),
            to: (!to.is_empty()).then(|| to.to_owned()),
            overrides: Vec::new(),
        });
    };
    let (a, b, c, d) = ("2023-01-23", "2025-01-21", "2025-10-28", "2026-04-27");
    let ours = "capacity openai-models";
    add(
        "cloud-exclusive-2019",
        "exclusive microsoft",
        "host",
        "openai-models openai-products",
        0,
        a,
    );
    add("build-exclusive-2019", "exclusive microsoft", "build", "capacity", 0, b);
    add(
        "azure-exclusive-2023",
        "exclusive microsoft",
        "host",
        "openai-models openai-products",
        1,
        b,
    );
    add("api-sale-2023", "exclusive microsoft openai", "sell", "openai-api", 1, b);
    add("oracle-bridge", "permit oracle", "host", "openai-models", 1, b);
    add("additional-capacity", "permit-but microsoft", "build host", ours, 2, c);
    add("other-uses", "forbid-but microsoft", "build host", "capacity openai-products", 2, c);
    add("api-exclusive-2025", "exclusive microsoft", "host", "openai-api", 2, c);
    add("api-sale-2025", "exclusive microsoft openai", "sell", "openai-api", 2, d);
    add("ip-licence-2025", "permit microsoft", "use", "openai-ip", 2, "2031-01-01");
    add("stargate-serving", "permit stargate softbank", "host", "chatgpt", 2, c);
    add("abilene-serving", "permit oracle crusoe", "build host", "capacity", 2, c);
    add("capacity-open", "permit", "build host", ours, 3, "");
    add("chatgpt-open", "permit", "host", "chatgpt", 3, "");
    add("api-exclusive-2025-10", "exclusive microsoft", "host", "openai-api", 3, d);
    add("government", "permit", "host", "api-government", 3, "");
    add("joint-products", "permit aws google oracle", "host", "api-joint", 3, "");
    add("model-licence", "permit microsoft", "use", "model-ip", 3, "2033-01-01");
    add("research-licence", "permit microsoft", "use", "research-ip", 3, "2031-01-01");
    add("hardware-excluded", "forbid microsoft", "use", "hardware-ip", 3, "");
    add("no-training-abroad", "forbid", "host build", "openai-models", 3, "");
    add("stateful-on-aws", "permit aws", "host", "api-stateful", 4, "");
    add("sale-open", "permit", "sell", "openai-api", 5, "");
    add("shared-licence", "permit microsoft aws", "use", "model-ip", 5, "2033-01-01");
    let mut change = |id: &str, purposes: &str, places: &str, overrides: &str| {
        let rule = rules.iter_mut().find(|rule| rule.id == id).expect("the rule stands above");
        rule.purposes = list(purposes);
        rule.places = list(places);
        rule.overrides = list(overrides);
    };
    change("oracle-bridge", "training", "us", "azure-exclusive-2023");
    change("additional-capacity", "development", "", "");
    change("other-uses", "serving", "", "");
    change("stargate-serving", "serving", "us", "other-uses");
    change("abilene-serving", "serving", "abilene", "other-uses");
    change("government", "", "us", "api-exclusive-2025-10");
    change("joint-products", "serving", "", "api-exclusive-2025-10");
    change("stateful-on-aws", "serving", "", "api-exclusive-2025-10");
    change("hardware-excluded", "", "", "ip-licence-2025");
    change("no-training-abroad", "training", "ae", "capacity-open");
    Rules { vocabulary, rules }
}
