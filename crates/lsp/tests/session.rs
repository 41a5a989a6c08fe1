//! A session with an editor, as messages.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

use std::path::{Path, PathBuf};
use std::thread;

use comity_lsp::{Disk, serve};
use expect_test::{Expect, expect};
use lsp_server::{Connection, Message, Notification, Request, RequestId};
use serde_json::{Value, json};

const DEAL: &str = "kind: deal
name: Small
summary: s
currency: {code: USD, digits: 2}
rounding: down
silence: {otherwise: liberty}
actions:
  build: {name: build}
objects:
  halls: {name: new halls}
purposes:
  training: {name: training}
places:
  us: {name: US}
";
const PARTIES: &str = "kind: parties
parties:
  alpha: {name: Alpha, role: r}
  beta: {name: Beta, role: r}
";
const VERSION: &str = "kind: version
agreement: ab
name: AB
parties: [alpha, beta]
version: \"2024-01-01\"
summary: s
executed: 2024-01-01
effective: {from: 2024-01-01}
recorded: 2024-01-01
adds:
  - prohibition:
      id: no-halls
      bound: alpha
      owed-to: beta
      actor: alpha
      action: build
      object: halls
      basis: {phrase: \"🏗 x\", source: s, date: 2024-01-01, status: assumed}
  - permission:
      id: some-halls
      grantor: beta
      actor: alpha
      action: build
      object: halls
      overrides: [no-halls]
      basis: {phrase: p, source: s, date: 2024-01-01, status: assumed}
";
const ROOT: &str = "/deals/a b";

struct Memory;

impl Disk for Memory {
    fn in_folder(&self, folder: &Path) -> Vec<(PathBuf, String)> {
        let mut files = self.below(folder);
        files.retain(|(path, _)| path.parent() == Some(folder));
        files
    }

    fn below(&self, folder: &Path) -> Vec<(PathBuf, String)> {
        let files = [("deal.yaml", DEAL), ("parties.yaml", PARTIES), ("ab/v1.yaml", VERSION)];
        let at = |(name, text): (&str, &str)| (Path::new(ROOT).join(name), text.to_owned());
        files.map(at).into_iter().filter(|(path, _)| path.starts_with(folder)).collect()
    }
}

struct Editor {
    connection: Connection,
    server: thread::JoinHandle<()>,
    last: i32,
}

fn uri(name: &str) -> String {
    format!("file:///deals/a%20b/{name}")
}

impl Editor {
    fn start() -> Self {
        let (ours, theirs) = Connection::memory();
        let server = thread::spawn(move || serve(&theirs, &Memory).unwrap());
        let mut editor = Self { connection: ours, server, last: 0 };
        editor.ask("initialize", json!({"capabilities": {}}));
        editor.tell("initialized", json!({}));
        editor
    }

    fn tell(&self, method: &str, params: Value) {
        let notification = Notification { method: method.to_owned(), params };
        self.connection.sender.send(Message::Notification(notification)).unwrap();
    }

    /// The answer to a request; notices that come before it are left out.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let id = RequestId::from(self.last);
        let request = Request { id: id.clone(), method: method.to_owned(), params };
        self.connection.sender.send(Message::Request(request)).unwrap();
        loop {
            if let Message::Response(response) = self.connection.receiver.recv().unwrap() {
                assert_eq!(response.id, id);
                return response.result.unwrap_or_else(|| json!(response.error.unwrap().message));
            }
        }
    }

    fn open(&self, name: &str, text: &str) {
        let document = json!({"uri": uri(name), "languageId": "yaml", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
    }

    fn change(&self, name: &str, text: &str) {
        let document = json!({"uri": uri(name), "version": 2});
        let changes = json!([{"text": text}]);
        self.tell(
            "textDocument/didChange",
            json!({"textDocument": document, "contentChanges": changes}),
        );
    }

    /// The next diagnostics, as `file line:column-line:column message`.
    fn shown(&self) -> String {
        let Message::Notification(notification) = self.connection.receiver.recv().unwrap() else {
            panic!("diagnostics come without being asked for");
        };
        let file = notification.params["uri"].as_str().unwrap();
        let mut out = format!("{file}\n");
        for found in notification.params["diagnostics"].as_array().unwrap() {
            out.push_str(&format!(
                "{} {}\n",
                range(&found["range"]),
                found["message"].as_str().unwrap()
            ));
        }
        out
    }

    /// Asks about where `needle` stands first, plus some columns.
    fn at(&mut self, method: &str, name: &str, text: &str, needle: &str, more: usize) -> Value {
        let at = text.find(needle).unwrap();
        let line = text[..at].matches('\n').count();
        let column: usize =
            text[..at].rsplit('\n').next().unwrap().chars().map(char::len_utf16).sum();
        let position = json!({"line": line, "character": column + more});
        self.ask(
            &format!("textDocument/{method}"),
            json!({"textDocument": {"uri": uri(name)}, "position": position,
                "context": {"includeDeclaration": true, "triggerKind": 1}}),
        )
    }

    fn end(mut self) {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        self.server.join().unwrap();
    }
}

fn range(range: &Value) -> String {
    let place = |end: &str| format!("{}:{}", range[end]["line"], range[end]["character"]);
    format!("{}-{}", place("start"), place("end"))
}

fn places(answer: &Value) -> String {
    let line = |it: &Value| format!("{} {}\n", it["uri"].as_str().unwrap(), range(&it["range"]));
    answer.as_array().unwrap().iter().map(line).collect()
}

/// What is offered, and what would be written where that is another text.
fn labels(answer: &Value) -> String {
    let label = |it: &Value| {
        let label = it["label"].as_str().unwrap();
        let written = it["insertText"].as_str().map(|text| format!("={text}"));
        format!("{label}{}", written.unwrap_or_default())
    };
    answer.as_array().unwrap().iter().map(label).collect::<Vec<_>>().join(" ")
}

fn check(actual: &str, expected: Expect) {
    expected.assert_eq(actual);
}

#[test]
fn what_is_wrong_is_shown_for_all_files_and_taken_back() {
    let editor = Editor::start();
    editor.open("ab/v1.yaml", VERSION);
    check(
        &editor.shown(),
        expect![[r#"
        file:///deals/a%20b/ab/v1.yaml
    "#]],
    );
    // A date that is none, in the buffer of one file; the columns count the crane as two units.
    editor.change(
        "ab/v1.yaml",
        &VERSION.replace("x\", source: s, date: 2024-01-01", "x\", source: s, date: never"),
    );
    check(
        &editor.shown(),
        expect![[r#"
        file:///deals/a%20b/ab/v1.yaml
        17:47-17:52 expected a date such as `2025-01-21`, or a time such as `2025-01-21T09:00:00Z`, found `never`
    "#]],
    );
    editor.change("ab/v1.yaml", VERSION);
    check(
        &editor.shown(),
        expect![[r#"
        file:///deals/a%20b/ab/v1.yaml
    "#]],
    );
    // A party that is gone from one buffer is missed in another file, which is not open.
    editor.open("parties.yaml", &PARTIES.replace("beta:", "gamma:"));
    check(
        &(editor.shown() + &editor.shown()),
        expect![[r#"
        file:///deals/a%20b/ab/v1.yaml
        3:17-3:21 unknown party `beta`
        help: expected one of `alpha`, `gamma`
        13:15-13:19 unknown party `beta`
        help: expected one of `alpha`, `gamma`
        20:15-20:19 unknown party `beta`
        help: expected one of `alpha`, `gamma`
        file:///deals/a%20b/parties.yaml
    "#]],
    );
    editor.tell("textDocument/didClose", json!({"textDocument": {"uri": uri("parties.yaml")}}));
    check(
        &editor.shown(),
        expect![[r#"
        file:///deals/a%20b/ab/v1.yaml
    "#]],
    );
    editor.end();
}

#[test]
fn a_term_is_told_in_plain_words_and_found() {
    let mut editor = Editor::start();
    let v1 = "ab/v1.yaml";
    editor.open(v1, VERSION);
    let hover = editor.at("hover", v1, VERSION, "[no-halls", 3);
    check(
        hover["contents"]["value"].as_str().unwrap(),
        expect![[r#"
        **no-halls**

        Alpha may not build new halls. Alpha owes this to Beta, which may consent to exceptions."#]],
    );
    let hover = editor.at("hover", v1, VERSION, "owed-to: beta", 11);
    check(
        hover["contents"]["value"].as_str().unwrap(),
        expect![[r#"
        party **beta**

        Beta"#]],
    );
    let hover = editor.at("hover", v1, VERSION, "owed-to", 1);
    check(
        hover["contents"]["value"].as_str().unwrap(),
        expect!["towards whom; that party may consent"],
    );
    let definition = editor.at("definition", v1, VERSION, "[no-halls", 3);
    check(
        &places(&definition),
        expect![[r#"
        file:///deals/a%20b/ab/v1.yaml 11:10-11:18
    "#]],
    );
    let definition = editor.at("definition", v1, VERSION, "grantor: beta", 10);
    check(
        &places(&definition),
        expect![[r#"
        file:///deals/a%20b/parties.yaml 3:2-3:6
    "#]],
    );
    let references = editor.at("references", v1, VERSION, "bound: alpha", 8);
    check(
        &places(&references),
        expect![[r#"
        file:///deals/a%20b/parties.yaml 2:2-2:7
        file:///deals/a%20b/ab/v1.yaml 3:10-3:15
        file:///deals/a%20b/ab/v1.yaml 12:13-12:18
        file:///deals/a%20b/ab/v1.yaml 14:13-14:18
        file:///deals/a%20b/ab/v1.yaml 21:13-21:18
    "#]],
    );
    // A sentence is still told while the file is half written.
    editor.change(
        v1,
        &VERSION.replace("overrides: [no-halls]", "overrides: no-halls\n      to: never"),
    );
    let hover = editor.at("hover", v1, VERSION, "id: no-halls", 5);
    check(&range(&hover["range"]), expect!["11:10-11:18"]);
    let unknown = editor.ask("textDocument/rename", json!({}));
    check(unknown.as_str().unwrap(), expect!["unknown method `textDocument/rename`"]);
    editor.end();
}

#[test]
fn names_keys_and_words_are_completed() {
    let mut editor = Editor::start();
    let v1 = "ab/v1.yaml";
    editor.open(v1, VERSION);
    let mut complete = |from: &str, to: &str, needle: &str, more: usize| {
        let text = VERSION.replace(from, to);
        editor.change(v1, &text);
        labels(&editor.at("completion", v1, &text, needle, more))
    };
    check(&complete("bound: alpha", "bound: al", "bound: al", 9), expect!["alpha beta"]);
    check(&complete("bound: alpha", "bound: ", "bound: ", 7), expect!["alpha beta"]);
    // Ids get the quotes that do not stand there yet.
    check(
        &complete("[no-halls]", "[no-", "[no-", 4),
        expect![[r#"no-halls="no-halls" some-halls="some-halls""#]],
    );
    check(
        &complete("[no-halls]", "[\"no-", "[\"no-", 5),
        expect![[r#"no-halls=no-halls" some-halls=some-halls""#]],
    );
    check(&complete("[no-halls]", "[\"no-\"]", "[\"no-", 5), expect!["no-halls some-halls"]);
    check(
        &complete("bound: alpha", "bo", "bo", 2),
        expect!["bound for purpose place from to when survives overrides"],
    );
    check(&complete("actor: alpha", "actor: ", "actor: ", 7), expect!["any alpha beta"]);
    check(
        &complete("status: assumed", "status: ", "status: ", 8),
        expect!["stated reported derived assumed"],
    );
    check(
        &complete("      overrides: [no-halls]\n", "      \n", "      \n", 6),
        expect!["for purpose place condition from to when survives overrides"],
    );
    editor.end();
}
