//! The kinds of deal files and what each may hold.

mod feed;
mod machines;
mod money;
mod scheduling;
mod serving;

use crate::shape::{Field, Format, Name, Shape};

/// A kind of file, named by the `kind:` at its top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// The deal itself: currency, rounding, what silence means, and the names that terms use.
    Deal,
    /// The parties and what each does.
    Parties,
    /// One version of one agreement.
    Version,
    /// Sites and the types of GPU in them.
    Sites,
    /// Rate cards.
    Rates,
    /// What happened.
    Record,
    /// The work of the deal's month.
    Workload,
    /// What must hold of the deal.
    Expect,
    /// How the usage of others is read.
    Feed,
    /// Texts that phrases are quoted from.
    Sources,
}

impl FileKind {
    /// Every kind of file.
    pub const ALL: [Self; 10] = [
        Self::Deal,
        Self::Parties,
        Self::Version,
        Self::Sites,
        Self::Rates,
        Self::Record,
        Self::Workload,
        Self::Expect,
        Self::Feed,
        Self::Sources,
    ];

    /// The word behind `kind:`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deal => "deal",
            Self::Parties => "parties",
            Self::Version => "version",
            Self::Sites => "sites",
            Self::Rates => "rates",
            Self::Record => "record",
            Self::Workload => "workload",
            Self::Expect => "expect",
            Self::Feed => "feed",
            Self::Sources => "sources",
        }
    }

    /// What such a file is for.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Deal => {
                "A deal: its currency and rounding, what silence means, and the names that its terms use."
            }
            Self::Parties => "The parties of a deal and what each does in it.",
            Self::Version => {
                "One version of one agreement: what the amendment adds, replaces and ends."
            }
            Self::Sites => "Sites: who owns, hosts and operates each, and what opens when.",
            Self::Rates => "Rate cards: what one unit of use costs, between whom and when.",
            Self::Record => {
                "What happened and when it was recorded: facts, notices and elections of first refusals, exercises of options, consents."
            }
            Self::Expect => {
                "What must hold of the deal: answers, and what amendments may change; `comity check` finds out."
            }
            Self::Feed => {
                "How usage records of others are read: what their names mean in the deal, and where their figures stand."
            }
            Self::Workload => "The work of the deal's month: jobs and services, drawn from a seed.",
            Self::Sources => {
                "Texts that are stored with the deal: a phrase that names one stands in it word for word."
            }
        }
    }

    pub(crate) fn shape(self) -> Shape {
        match self {
            Self::Deal => deal(),
            Self::Parties => parties(),
            Self::Version => version(),
            Self::Sites => sites(),
            Self::Rates => money::rates(),
            Self::Record => record(),
            Self::Workload => workload(),
            Self::Expect => expect(),
            Self::Feed => feed::feed(),
            Self::Sources => sources(),
        }
    }
}

fn need(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, required: true, shape, about }
}

fn may(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, required: false, shape, about }
}

fn text() -> Shape {
    Shape::Scalar(Format::Text)
}

fn date() -> Shape {
    Shape::Scalar(Format::Date)
}

fn money() -> Shape {
    Shape::Scalar(Format::Money)
}

fn refer(name: Name) -> Shape {
    Shape::Scalar(Format::Refer(name))
}

fn party() -> Shape {
    refer(Name::Party)
}

fn many(name: Name) -> Shape {
    Shape::OneOrMany(Format::Refer(name))
}

fn whole(least: u64, most: u64) -> Shape {
    Shape::Scalar(Format::Whole(least, most))
}

fn list(shape: Shape) -> Shape {
    Shape::List(Box::new(shape))
}

fn each(name: Name, value: Shape) -> Shape {
    Shape::Each(Format::Define(name), Box::new(value))
}

fn word(words: &'static [&'static str]) -> Shape {
    Shape::Scalar(Format::Word(words))
}

fn kind(file: &'static [&'static str]) -> Field {
    need("kind", word(file), "the kind of file this is")
}

/// What a statement rests on.
fn basis() -> Shape {
    Shape::Map(vec![
        need("phrase", text(), "the short phrase it rests on"),
        may("text", refer(Name::Source), "the stored text that has the phrase word for word"),
        need("source", text(), "who published it"),
        need("date", date(), "when it was published"),
        need(
            "status",
            word(&["stated", "reported", "derived", "assumed"]),
            "stated by a party, reported by the press, derived by arithmetic, or assumed by us",
        ),
        may("note", text(), "what a reader should know besides"),
    ])
}

fn basis_field() -> Field {
    need("basis", basis(), "what it rests on: `phrase`, `source`, `date`, `status`")
}

fn deal() -> Shape {
    let named = || Shape::Map(vec![need("name", text(), "what it is called")]);
    let within = |name| {
        Shape::Map(vec![
            need("name", text(), "what it is called"),
            may("within", refer(name), "the wider one that it is part of"),
        ])
    };
    let fact = Shape::Choice(vec![
        may("event", text(), "something that happens: until the record has it, it has not"),
        may("state", text(), "something that holds or not: until the record says, it is not known"),
    ]);
    let ambiguity = Shape::Map(vec![
        need("question", text(), "the question"),
        need(
            "readings",
            each(Name::Fact, text()),
            "the ways to read it, each an id that a term's `when:` may name",
        ),
    ]);
    Shape::Map(vec![
        kind(&["deal"]),
        need("name", text(), "the deal's name"),
        need("summary", text(), "what the deal is, in a few sentences"),
        need(
            "currency",
            Shape::Map(vec![
                need(
                    "code",
                    Shape::Scalar(Format::Currency),
                    "a code of three letters, such as `USD`",
                ),
                need("digits", whole(0, 6), "digits behind the point: 2 for cents"),
            ]),
            "the currency that the deal settles in",
        ),
        may(
            "currencies",
            Shape::Each(Format::Currency, Box::new(whole(0, 6))),
            "other currencies that prices and amounts may be in, each with its digits behind the point",
        ),
        need(
            "rounding",
            word(&["half-even", "half-up", "down", "up"]),
            "how amounts are rounded to the smallest unit",
        ),
        may("tolerance", money::tolerance(), "how small differences between meters are resolved"),
        need(
            "silence",
            Shape::Map(vec![
                need(
                    "otherwise",
                    word(&["liberty", "prohibited"]),
                    "what no term speaks of: `liberty` if it may be done, `prohibited` if not",
                ),
                may("liberty", many(Name::Action), "actions of which silence is read as liberty"),
                may(
                    "prohibited",
                    many(Name::Action),
                    "actions of which silence is read as a prohibition",
                ),
            ]),
            "how it is read when no term speaks of an act",
        ),
        need("actions", each(Name::Action, named()), "what may be done"),
        need("objects", each(Name::Object, within(Name::Object)), "what it may be done to"),
        need("purposes", each(Name::Purpose, within(Name::Purpose)), "what it may be done for"),
        need("places", each(Name::Place, within(Name::Place)), "countries and regions"),
        may("facts", each(Name::Fact, fact), "what terms may depend on"),
        may("calendars", each(Name::Calendar, calendar()), "the ways in which terms count days"),
        may(
            "ambiguities",
            Shape::Each(Format::Id, Box::new(ambiguity)),
            "questions that the text leaves open",
        ),
    ])
}

fn calendar() -> Shape {
    Shape::Map(vec![
        may("zone", text(), "the time zone in which days are counted; UTC if not said"),
        may("days", word(&["calendar", "business"]), "which days count; calendar days if not said"),
        may("holidays", Shape::OneOrMany(Format::Date), "days that do not count"),
    ])
}

/// In which days a term counts: by a named calendar, or as it says itself.
fn counting() -> [Field; 3] {
    [
        may("calendar", refer(Name::Calendar), "the calendar in which days are counted"),
        may("zone", text(), "the time zone in which days are counted; UTC if not said"),
        may("days", word(&["calendar", "business"]), "which days count; calendar days if not said"),
    ]
}

fn parties() -> Shape {
    let one = Shape::Map(vec![
        need("name", text(), "its name for people"),
        need("role", text(), "what it does in the deal"),
    ]);
    Shape::Map(vec![
        kind(&["parties"]),
        need("parties", each(Name::Party, one), "each party by its id"),
    ])
}

fn version() -> Shape {
    let replacement = Shape::Map(vec![
        need("term", Shape::Scalar(Format::Refer(Name::Term)), "the term that gives way"),
        need("by", many(Name::Term), "the terms, added here, that stand in its place"),
    ]);
    let correction = replacement.clone();
    let suspension = Shape::Map(vec![
        need("term", Shape::Scalar(Format::Refer(Name::Term)), "the term"),
        need("from", date(), "the first day on which it does not hold"),
        may("to", date(), "the first day on which it holds again"),
    ]);
    let extension = Shape::Map(vec![
        need("term", Shape::Scalar(Format::Refer(Name::Term)), "the term"),
        need("to", date(), "the first day on which it no longer holds"),
    ]);
    Shape::Map(vec![
        kind(&["version"]),
        need("agreement", Shape::Scalar(Format::Id), "the id of the agreement"),
        need("name", text(), "the agreement's name"),
        need("parties", many(Name::Party), "who signed"),
        need(
            "version",
            Shape::Scalar(Format::Id),
            "the version's id: the date from which it is effective",
        ),
        need("summary", text(), "what the version does"),
        need("executed", date(), "when it was signed"),
        need(
            "effective",
            Shape::Map(vec![
                need("from", date(), "the first day on which it holds"),
                may("to", date(), "the first day on which it no longer does"),
            ]),
            "when it holds: up to the next version, unless it says",
        ),
        need("recorded", date(), "when it became known"),
        may("adds", list(Shape::Choice(terms())), "the terms that it brings"),
        may("replaces", list(replacement), "the terms that it puts others in the place of"),
        may("ends", many(Name::Term), "the terms that it ends"),
        may("suspends", list(suspension), "the terms that do not hold for some time"),
        may("extends", list(extension), "the terms that end on another day than they say"),
        may(
            "corrects",
            list(correction),
            "the terms that were written down wrongly here, with those that are right",
        ),
        may("annuls", many(Name::Term), "the terms that were never valid"),
    ])
}

/// The fields that every term has.
fn common(mut own: Vec<Field>) -> Shape {
    let mut fields = vec![need(
        "id",
        Shape::Scalar(Format::Define(Name::Term)),
        "the term's id, unique in the deal",
    )];
    fields.append(&mut own);
    fields.extend([
        may("from", date(), "the first day on which it holds, if not with its version"),
        may("to", date(), "the first day on which it no longer holds"),
        may(
            "when",
            Shape::Each(Format::Refer(Name::Fact), Box::new(Shape::Scalar(Format::Bool))),
            "facts that must be so for the term to apply",
        ),
        may(
            "survives",
            Shape::Scalar(Format::Bool),
            "whether it goes on holding when the agreement runs out",
        ),
        may("overrides", many(Name::Term), "the terms to which this is an exception"),
        basis_field(),
    ]);
    Shape::Map(fields)
}

fn scope() -> Vec<Field> {
    vec![
        need("action", many(Name::Action), "what is done"),
        need("object", many(Name::Object), "what it is done to"),
        may("for", Shape::Parties, "for whom; for anyone if not said"),
        may("purpose", many(Name::Purpose), "what for; for anything if not said"),
        may("place", many(Name::Place), "where; anywhere if not said"),
    ]
}

fn with_scope(own: Vec<Field>) -> Shape {
    around_scope(own, Vec::new())
}

fn around_scope(mut before: Vec<Field>, after: Vec<Field>) -> Shape {
    before.extend(scope());
    before.extend(after);
    common(before)
}

fn actor() -> Field {
    need("actor", Shape::Parties, "who: `any`, a party, a list, or `all-but:` a list")
}

/// The kinds of terms.
fn terms() -> Vec<Field> {
    let mut kinds = deciding_terms();
    kinds.extend(money::terms());
    kinds.extend(venture_terms());
    kinds
}

/// What a permission may ask for itself.
fn condition() -> Shape {
    Shape::Map(vec![
        need("fact", refer(Name::Fact), "the fact that tells whether it is met"),
        need("text", text(), "the condition as a sentence"),
        may(
            "ratio",
            Shape::Map(vec![
                need("counts", many(Name::Purpose), "the purposes that count"),
                may(
                    "at-least",
                    Shape::Scalar(Format::Share),
                    "the part of everything they must be",
                ),
                may(
                    "more-than",
                    Shape::Scalar(Format::Share),
                    "the part of everything they must exceed",
                ),
                need("unit", text(), "the unit that amounts are in"),
            ]),
            "how a condition on a ratio is read; tested on what `measures` record",
        ),
    ])
}

fn first_refusal() -> Field {
    let own = vec![
        need("holder", party(), "who must be offered it first"),
        need("grantor", party(), "who must offer it"),
    ];
    let mut counted =
        vec![need("election-days", whole(1, 3_650), "days from the notice until the right lapses")];
    counted.extend(counting());
    counted.push(may(
        "sale-window-days",
        whole(1, 3_650),
        "days in which the grantor may deal with others once the right is spent",
    ));
    may(
        "first-refusal",
        around_scope(own, counted),
        "others may once the holder was offered it and did not take it",
    )
}

fn option() -> Field {
    let mut fields = vec![
        need("holder", party(), "who may exercise it, while this term holds"),
        need("grantor", party(), "who granted it"),
        need("brings", many(Name::Term), "the terms, added here, that hold once it is exercised"),
        may(
            "notice-days",
            whole(0, 3_650),
            "days from the exercise until they hold; none if not said",
        ),
    ];
    fields.extend(counting());
    may("option", common(fields), "the holder may bring terms into force")
}

fn guarantee() -> Field {
    may(
        "guarantee",
        common(vec![
            need("guarantor", party(), "who answers"),
            need("debtor", party(), "for whose obligations"),
            need("beneficiary", party(), "towards whom"),
            need("secures", many(Name::Term), "the terms by which they are owed"),
            may("limit", money(), "up to how much in all; without limit if not said"),
        ]),
        "someone answers for what another owes",
    )
}

fn deciding_terms() -> Vec<Field> {
    let clause = common(vec![
        may("actor", Shape::Parties, "who; anyone if not said"),
        may("action", many(Name::Action), "what is done; without it the clause decides nothing"),
        may("object", many(Name::Object), "what it is done to"),
        may("for", Shape::Parties, "for whom"),
        may("purpose", many(Name::Purpose), "what for"),
        may("place", many(Name::Place), "where"),
    ]);
    vec![
        may(
            "exclusivity",
            with_scope(vec![
                need("holder", party(), "who alone may"),
                need("grantor", party(), "who granted it"),
                need(
                    "grantor-excluded",
                    Shape::Scalar(Format::Bool),
                    "whether the grantor itself may not either",
                ),
            ]),
            "only the holder may",
        ),
        may(
            "permission",
            around_scope(
                vec![need("grantor", party(), "who grants it"), actor()],
                vec![may("condition", condition(), "what must be met first")],
            ),
            "someone may",
        ),
        may(
            "prohibition",
            with_scope(vec![
                need("bound", party(), "who would breach it"),
                need("owed-to", party(), "towards whom; that party may consent"),
                actor(),
            ]),
            "someone may not",
        ),
        first_refusal(),
        option(),
        may(
            "duty",
            common(vec![
                need("bound", party(), "who must"),
                need("owed-to", party(), "towards whom"),
                need("text", text(), "the duty as a sentence"),
            ]),
            "someone must",
        ),
        guarantee(),
        may("clause", clause, "a rule in words only: what lies in its scope is undetermined"),
    ]
}

fn venture_terms() -> Vec<Field> {
    let company = || need("company", party(), "of or in which party");
    vec![
        may(
            "equity",
            common(vec![
                need("holder", party(), "who holds it"),
                company(),
                may("share", Shape::Scalar(Format::Share), "what part"),
                may("amount", money(), "what is paid for it"),
            ]),
            "a share in a company",
        ),
        may(
            "capital-commitment",
            common(vec![
                may("investor", party(), "who funds; left out when the source names no one"),
                company(),
                need("amount", money(), "up to how much"),
            ]),
            "a promise to fund",
        ),
        may(
            "governance",
            common(vec![
                company(),
                need("office", Shape::Scalar(Format::Id), "the right or office"),
                need("held-by", many(Name::Party), "who has it"),
            ]),
            "who leads, appoints, operates",
        ),
        may(
            "technology-partner",
            common(vec![
                need("party", party(), "who"),
                company(),
                need("funds", Shape::Scalar(Format::Bool), "whether it funds as well"),
            ]),
            "a partner that brings technology",
        ),
        may(
            "capacity",
            common(vec![
                need("provider", party(), "who provides it"),
                need("user", party(), "for whom"),
                need("power-mw", Shape::Scalar(Format::Decimal), "how much power, MW"),
            ]),
            "capacity that one party makes available to another",
        ),
    ]
}

fn act() -> Shape {
    Shape::Map(vec![
        need("action", refer(Name::Action), "what is done"),
        need("object", refer(Name::Object), "what it is done to"),
        need("by", word(&["owner", "host", "operator", "user"]), "which role does it"),
    ])
}

fn sites() -> Shape {
    let phase = Shape::Map(vec![
        need("from", date(), "when it opens"),
        may("to", date(), "when it closes"),
        need("gpu", refer(Name::Gpu), "the type of its GPUs"),
        need("gpus", whole(0, 1_000_000_000), "how many"),
        need("power-mw", Shape::Scalar(Format::Decimal), "facility power, MW"),
        basis_field(),
    ]);
    let mut site = vec![
        need("name", text(), "its name for people"),
        need("place", refer(Name::Place), "the country that it stands in"),
        need("owner", party(), "who owns hall and power"),
        need("host", party(), "who runs the cloud that it is part of"),
        need("operator", party(), "who runs the machines"),
        may(
            "acts",
            list(act()),
            "what must be allowed for the site to be there for the work on it",
        ),
        need("phases", list(phase), "what opens when; phases add up"),
    ];
    site.extend(machines::fields());
    site.extend(scheduling::of_site());
    site.push(basis_field());
    let gpu = Shape::Map(vec![need("name", text(), "what it is called")]);
    Shape::Map(vec![
        kind(&["sites"]),
        may("gpus", each(Name::Gpu, gpu), "the types of GPU"),
        need("sites", each(Name::Site, Shape::Map(site)), "each site by its id"),
    ])
}

fn record() -> Shape {
    let fact = Shape::Map(vec![
        need("fact", refer(Name::Fact), "which"),
        need("holds", Shape::Scalar(Format::Bool), "whether it does"),
        need("from", date(), "from when on"),
        need("recorded", date(), "when it became known"),
        basis_field(),
    ]);
    let measure = Shape::Map(vec![
        need("fact", refer(Name::Fact), "the fact of the condition"),
        need("counted", whole(0, 1_000_000_000_000_000), "what counts, in the condition's unit"),
        need("total", whole(0, 1_000_000_000_000_000), "everything, in the condition's unit"),
        need("from", date(), "from when on"),
        need("recorded", date(), "when it became known"),
        basis_field(),
    ]);
    let sale = Shape::Map(vec![
        need("party", party(), "with whom"),
        need("price", money(), "at which price"),
        need("at", date(), "when"),
        need("recorded", date(), "when it became known"),
    ]);
    let election = Shape::Map(vec![
        may("accepted", date(), "when the holder took it"),
        may("declined", date(), "when the holder turned it down"),
        need("recorded", date(), "when it became known"),
    ]);
    let offer = Shape::Map(vec![
        need("term", Shape::Scalar(Format::Refer(Name::Term)), "the first refusal"),
        may("place", refer(Name::Place), "what was offered; everything if not said"),
        may("content", text(), "what tells the offer's text from any other, such as a hash of it"),
        may("price", money(), "the price that was asked"),
        need("notice", date(), "when notice was given"),
        may("election", election, "what the holder elected; without it the right lapses"),
        may("sale", sale, "what was agreed with another party once the right was spent"),
        need("recorded", date(), "when the notice became known"),
        basis_field(),
    ]);
    let exercise = Shape::Map(vec![
        need("option", Shape::Scalar(Format::Refer(Name::Term)), "the option"),
        need("by", party(), "who exercised it: its holder"),
        need("on", date(), "when"),
        need("recorded", date(), "when it became known"),
        basis_field(),
    ]);
    let consent = Shape::Map(vec![
        need("id", Shape::Scalar(Format::Define(Name::Term)), "its id, unique among the terms"),
        need("by", party(), "who consents: the party to whom the term is owed"),
        need("term", Shape::Scalar(Format::Refer(Name::Term)), "the term that it overrides"),
        need("actor", Shape::Parties, "whose acts it frees"),
        may("action", many(Name::Action), "only this; all that the term forbids if not said"),
        may("object", many(Name::Object), "only with this"),
        may("for", Shape::Parties, "only for them"),
        may("purpose", many(Name::Purpose), "only for this purpose"),
        may("place", many(Name::Place), "only there"),
        need("from", date(), "from when on"),
        may("to", date(), "the first day on which it no longer holds"),
        need("recorded", date(), "when it became known"),
        basis_field(),
    ]);
    Shape::Map(vec![
        kind(&["record"]),
        need("complete-to", date(), "before this, an event that is not here had not happened"),
        may("facts", list(fact), "facts that hold, or do not"),
        may("measures", list(measure), "how far ratios stand that conditions are about"),
        may("offers", list(offer), "what was offered under first refusals"),
        may("exercises", list(exercise), "options that were exercised"),
        may("consents", list(consent), "approvals by those to whom a term is owed"),
        may("disputes", list(money::dispute()), "charges that a party does not accept"),
    ])
}

fn sources() -> Shape {
    let source = Shape::Map(vec![
        need("name", text(), "the title of the text"),
        need("publisher", text(), "who published or signed it"),
        may("reference", text(), "where it can be found: an address, a number, a page"),
        need("date", date(), "when it was published or signed"),
        need("file", text(), "the stored text, by its path from the folder of this file"),
    ]);
    Shape::Map(vec![
        kind(&["sources"]),
        need("sources", each(Name::Source, source), "each text by its id"),
    ])
}

fn expect() -> Shape {
    let act = || {
        vec![
            need("action", refer(Name::Action), "what is done"),
            need("object", refer(Name::Object), "what it is done to"),
            may("for", party(), "for whom"),
        ]
    };
    let mut answer = vec![need("party", party(), "who acts")];
    answer.extend(act());
    answer.extend([
        may("purpose", refer(Name::Purpose), "what for; not known if not said"),
        may("site", refer(Name::Place), "where; not known if not said"),
        may("amount", whole(0, 1_000_000_000_000_000), "how much, where a condition asks"),
        need("at", date(), "when"),
        may("known", date(), "by what was on record then; by all of it if not said"),
        need("is", word(&["allow", "deny", "conditional", "undetermined"]), "the answer"),
    ]);
    let mut only = vec![need("holder", party(), "who alone may")];
    only.extend(act());
    only.extend([
        may("from", date(), "from when on; always before if not said"),
        need("before", date(), "the first day on which others may"),
    ]);
    let version = || {
        vec![
            need("agreement", Shape::Scalar(Format::Id), "the agreement"),
            need("version", Shape::Scalar(Format::Id), "its version"),
        ]
    };
    let within = Shape::Map(vec![
        may("party", Shape::Parties, "who acts; anyone if not said"),
        may("action", many(Name::Action), "what is done; anything if not said"),
        may("object", many(Name::Object), "what it is done to; anything if not said"),
        may("for", Shape::Parties, "for whom; for anyone if not said"),
        may("purpose", many(Name::Purpose), "what for; for anything if not said"),
        may("place", many(Name::Place), "where; anywhere if not said"),
    ]);
    let mut changes = version();
    changes.push(need("box", within, "what it may change"));
    let claims = vec![
        may("answer", Shape::Map(answer), "a request has this answer"),
        may("only", Shape::Map(only), "nobody but one party may, before a date"),
        may("no-conflict", Shape::Map(Vec::new()), "nothing is both permitted and forbidden"),
        may("narrows", Shape::Map(version()), "a version makes no answer more favourable"),
        may("widens", Shape::Map(version()), "a version makes no answer less favourable"),
        may("changes-only", Shape::Map(changes), "a version changes no other answer"),
    ];
    Shape::Map(vec![
        kind(&["expect"]),
        need("expect", list(Shape::Choice(claims)), "what must hold"),
    ])
}

/// A point of a distribution of times.
fn quantile(of: &'static str, hours: &'static str) -> Shape {
    Shape::Map(vec![
        need("share", Shape::Scalar(Format::Share), of),
        need("hours", Shape::Scalar(Format::Decimal), hours),
    ])
}

fn workload() -> Shape {
    let size = Shape::Map(vec![
        need(
            "gpus",
            Shape::Scalar(Format::Size(1_000_000_000)),
            "GPUs that a job holds at once; or a share of one, such as 0.25, to the thousandth",
        ),
        need("weight", whole(1, 1_000_000), "how often, against the other sizes"),
    ]);
    let mut jobs = vec![
        need("per-day", whole(1, 10_000_000), "jobs handed in on a mean day"),
        need("sizes", list(size), "the sizes of jobs"),
        need(
            "run",
            list(quantile("this part of the jobs", "runs at most this long")),
            "the run time as rising quantiles, from `0 %` to `100 %`",
        ),
        need(
            "asked-percent",
            whole(100, 10_000),
            "what jobs ask for, in per cent of what they run",
        ),
    ];
    jobs.extend(scheduling::of_jobs());
    jobs.push(machines::needs());
    let stream = Shape::Map(vec![
        need("party", party(), "whose work it is"),
        need("purpose", refer(Name::Purpose), "what it is for"),
        need("acts", list(act()), "what must be allowed at a site for it to run there"),
        may("gpus", many(Name::Gpu), "types of GPU that it runs on; any if not said"),
        may(
            "hosts",
            many(Name::Party),
            "the hosts that its party chose; any that the terms allow if not said",
        ),
        may("jobs", Shape::Map(jobs), "how its jobs are drawn"),
        may("serving", serving::serving(), "a product's traffic"),
        basis_field(),
    ]);
    Shape::Map(vec![
        kind(&["workload"]),
        need(
            "period",
            Shape::Map(vec![
                need("from", date(), "the first day"),
                need("to", date(), "the first day after"),
            ]),
            "the period that a replay runs",
        ),
        need("seed", whole(0, u64::MAX), "the seed of all that is drawn"),
        may(
            "compare",
            Shape::Scalar(Format::Id),
            "the agreement under each of whose versions the period is replayed",
        ),
        may(
            "trace-jobs",
            refer(Name::Stream),
            "the stream whose party, purpose and acts the jobs of a trace take",
        ),
        may(
            "trace-requests",
            refer(Name::Stream),
            "the stream whose product, party and acts the requests of a trace take",
        ),
        scheduling::of_workload(),
        need("streams", each(Name::Stream, stream), "each stream of work by its id"),
    ])
}
