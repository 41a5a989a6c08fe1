//! The rules as Rego, run on the bytecode machine of `regorus`.

use std::fmt::Write as _;

use comity_base::Instant;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Rc, Value};

use crate::Failure;
use crate::rules::{Ask, Names, Norm, Rules, Who, leaves, within};

const ENTRY: &str = "data.deal.allow";

/// The compiled policy.
pub struct Rego {
    vm: RegoVM,
    keys: [Value; 7],
}

impl Rego {
    pub fn new(rules: &Rules) -> Result<Self, Failure> {
        let mut engine = Engine::new();
        engine.add_policy("deal.rego".to_owned(), policy(rules)?).map_err(failure)?;
        let entry: Rc<str> = ENTRY.into();
        let compiled = engine.compile_with_entrypoint(&entry).map_err(failure)?;
        let program = Compiler::compile_from_policy(&compiled, &[ENTRY]).map_err(failure)?;
        let mut vm = RegoVM::new();
        vm.load_program(program);
        let keys = ["party", "action", "object", "for", "purpose", "place", "at"];
        Ok(Self { vm, keys: keys.map(Value::from) })
    }

    pub fn allows(&mut self, ask: &Ask) -> Result<bool, Failure> {
        let values: [Value; 7] = [
            Value::from(&*ask.party),
            Value::from(&*ask.action),
            Value::from(&*ask.object),
            Value::from(&*ask.beneficiary),
            Value::from(&*ask.purpose),
            Value::from(&*ask.place),
            ask.seconds.into(),
        ];
        let mut input = Value::new_object();
        let fields = input.as_object_mut().map_err(failure)?;
        for (key, value) in self.keys.iter().zip(values) {
            fields.insert(key.clone(), value);
        }
        self.vm.set_input(input);
        let answer = self.vm.execute().map_err(failure)?;
        Ok(answer == Value::from(true))
    }
}

fn failure(error: impl std::fmt::Display) -> Failure {
    error.to_string().into()
}

/// The text of the policy.
pub fn policy(rules: &Rules) -> Result<String, Failure> {
    let norms = rules.norms();
    let by = Rules::overriders(&norms);
    let mut text = String::from(
        "package deal\n\nimport rego.v1\n\ndefault allow := false\n\n\
         allow if { not forbidden; permitted }\n\n",
    );
    let open = rules.vocabulary.actions.iter().filter(|it| !rules.vocabulary.closed.contains(it));
    writeln!(
        text,
        "permitted if {}",
        set("action", &open.map(String::as_str).collect::<Vec<_>>())
    )?;
    for (index, norm) in norms.iter().enumerate() {
        let what = if norm.permits { "permitted" } else { "forbidden" };
        writeln!(text, "\n# {}\n{what} if {{ live_{index} }}", norm.rule.id)?;
        let inside = inside(rules, norm)?;
        writeln!(text, "live_{index} if {{")?;
        for line in inside {
            writeln!(text, "  {line}")?;
        }
        for over in &by[index] {
            writeln!(text, "  not live_{over}")?;
        }
        writeln!(text, "}}")?;
    }
    Ok(text)
}

fn set(key: &str, values: &[&str]) -> String {
    let values: Vec<String> = values.iter().map(|it| format!("\"{it}\"")).collect();
    match values.as_slice() {
        [one] => format!("input.{key} == {one}"),
        all => format!("input.{key} in {{{}}}", all.join(", ")),
    }
}

fn inside(rules: &Rules, norm: &Norm) -> Result<Vec<String>, Failure> {
    let (rule, names) = (&norm.rule, &rules.vocabulary);
    let mut all = vec![set("action", &rule.actions.iter().map(String::as_str).collect::<Vec<_>>())];
    all.push(set("object", &covered(&names.objects, &rule.objects)));
    all.push(format!("input.at >= {}", Instant::parse(&rule.from)?.seconds()));
    if let Some(to) = &rule.to {
        all.push(format!("input.at < {}", Instant::parse(to)?.seconds()));
    }
    all.extend(is("party", &rule.actor));
    all.extend(is("for", &rule.beneficiary));
    if !rule.purposes.is_empty() {
        all.push(set("purpose", &covered(&names.purposes, &rule.purposes)));
    }
    if !rule.places.is_empty() {
        all.push(set("place", &covered(&names.places, &rule.places)));
    }
    Ok(all)
}

fn is(key: &str, who: &Who) -> Option<String> {
    let set_of = |these: &[String]| set(key, &these.iter().map(String::as_str).collect::<Vec<_>>());
    match who {
        Who::Any => None,
        Who::Only(these) => Some(set_of(these)),
        Who::AllBut(these) => Some(format!("not {}", set_of(these))),
    }
}

/// The names without others within them that lie within these.
pub fn covered<'n>(names: &'n Names, mine: &[String]) -> Vec<&'n str> {
    let inside = |leaf: &&str| mine.iter().any(|mine| within(names, leaf, mine));
    leaves(names).into_iter().filter(inside).collect()
}
