//! The protocol: what is asked, and what is answered.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use comity_lang::{Candidate, Diagnostic, Outline, Place, Role, Source, Word, complete, read};
use comity_terms::{Position, sentence};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionOptions, CompletionParams,
    DiagnosticRelatedInformation, DiagnosticSeverity, DidChangeTextDocumentParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, GotoDefinitionParams, Hover,
    HoverContents, HoverParams, HoverProviderCapability, Location, MarkupContent, MarkupKind,
    OneOf, PublishDiagnosticsParams, ReferenceParams, ServerCapabilities,
    TextDocumentPositionParams, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions,
};
use serde_json::Value;
use serde_json::value::to_value;

use crate::position::{path, position, range, uri};
use crate::workspace::{Disk, Open, Workspace};

/// Why the server ended before it was asked to.
#[derive(Debug)]
pub struct ServeError(Box<dyn Error + Send + Sync>);

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection to the editor broke")
    }
}

impl Error for ServeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

fn broken(error: impl Error + Send + Sync + 'static) -> ServeError {
    ServeError(Box::new(error))
}

/// Serves an editor over standard input and output until it ends the session.
///
/// # Errors
/// If the connection breaks.
pub fn serve_stdio(disk: &impl Disk) -> Result<(), ServeError> {
    let (connection, threads) = Connection::stdio();
    serve(&connection, disk)?;
    // The writing thread ends when nothing can be sent any more.
    drop(connection);
    threads.join().map_err(broken)
}

/// Serves an editor over a connection until it ends the session.
///
/// # Errors
/// If the connection breaks.
pub fn serve(connection: &Connection, disk: &impl Disk) -> Result<(), ServeError> {
    let capabilities = to_value(capabilities()).map_err(broken)?;
    connection.initialize(capabilities).map_err(broken)?;
    let mut server = Server {
        connection,
        disk,
        workspace: Workspace::default(),
        stale: BTreeSet::new(),
        shown: BTreeSet::new(),
    };
    for message in &connection.receiver {
        match message {
            Message::Request(request) => {
                if connection.handle_shutdown(&request).map_err(broken)? {
                    return Ok(());
                }
                let response = server.answer(request);
                connection.sender.send(Message::Response(response)).map_err(broken)?;
            }
            Message::Notification(notification) => server.notice(notification),
            Message::Response(_) => {}
        }
        // What waits may change the same files again: they are checked once, after it.
        if connection.receiver.is_empty() {
            server.publish()?;
        }
    }
    Ok(())
}

fn capabilities() -> ServerCapabilities {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::FULL),
        save: Some(true.into()),
        ..TextDocumentSyncOptions::default()
    };
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
        completion_provider: Some(CompletionOptions::default()),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        ..ServerCapabilities::default()
    }
}

struct Server<'a, D> {
    connection: &'a Connection,
    disk: &'a D,
    workspace: Workspace,
    /// Deals whose files changed since they were checked.
    stale: BTreeSet<PathBuf>,
    /// Files for which the editor shows diagnostics.
    shown: BTreeSet<PathBuf>,
}

/// A place that is asked about, in the files of its deal.
struct Asked {
    root: PathBuf,
    sources: Vec<Source>,
    position: Position,
}

impl<D: Disk> Server<'_, D> {
    fn notice(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        match method.as_str() {
            "textDocument/didOpen" => {
                let Some(it) = parse::<DidOpenTextDocumentParams>(params) else { return };
                let it = it.text_document;
                let Some(file) = path(&it.uri) else { return };
                self.changed(file, Some(Open { text: it.text, version: it.version }));
            }
            "textDocument/didChange" => {
                let Some(it) = parse::<DidChangeTextDocumentParams>(params) else { return };
                let Some(file) = path(&it.text_document.uri) else { return };
                let Some(last) = it.content_changes.into_iter().next_back() else { return };
                let version = it.text_document.version;
                self.changed(file, Some(Open { text: last.text, version }));
            }
            "textDocument/didClose" => {
                let Some(it) = parse::<DidCloseTextDocumentParams>(params) else { return };
                let Some(file) = path(&it.text_document.uri) else { return };
                self.changed(file, None);
            }
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                let files: Vec<PathBuf> = self.workspace.open.keys().cloned().collect();
                for file in files {
                    let root = self.workspace.root(self.disk, &file);
                    self.stale.insert(root);
                }
            }
            _ => {}
        }
    }

    /// Takes what the editor has of a file now; a change may move the root of the deal.
    fn changed(&mut self, file: PathBuf, open: Option<Open>) {
        self.stale.insert(self.workspace.root(self.disk, &file));
        match open {
            Some(open) => self.workspace.open.insert(file.clone(), open),
            None => self.workspace.open.remove(&file),
        };
        self.stale.insert(self.workspace.root(self.disk, &file));
    }

    /// Sends the diagnostics of every deal that changed, for all of its files.
    fn publish(&mut self) -> Result<(), ServeError> {
        for root in std::mem::take(&mut self.stale) {
            let sources = self.workspace.sources(self.disk, &root);
            let in_use = self.workspace.open.keys().any(|file| file.starts_with(&root));
            let found = if in_use { read(&sources).err().unwrap_or_default() } else { Vec::new() };
            let mut files: BTreeSet<PathBuf> = sources.iter().map(file).collect();
            files.extend(self.shown.iter().filter(|file| file.starts_with(&root)).cloned());
            for file in files {
                let here = |it: &&Diagnostic| Path::new(&*it.place.position.file) == file;
                let diagnostics: Vec<_> =
                    found.iter().filter(here).map(|it| diagnostic(it, &sources)).collect();
                let open = self.workspace.open.get(&file);
                let was_shown = if diagnostics.is_empty() {
                    self.shown.remove(&file)
                } else {
                    self.shown.insert(file.clone());
                    true
                };
                // A closed file without problems, now and before, needs no word.
                let Some(uri) = uri(&file).filter(|_| was_shown || open.is_some()) else {
                    continue;
                };
                let version = open.map(|open| open.version);
                let params = PublishDiagnosticsParams { uri, diagnostics, version };
                let method = "textDocument/publishDiagnostics".to_owned();
                let params = to_value(params).map_err(broken)?;
                let notification = Notification { method, params };
                let sent = self.connection.sender.send(Message::Notification(notification));
                sent.map_err(broken)?;
            }
        }
        Ok(())
    }

    fn answer(&mut self, request: Request) -> Response {
        let Request { id, method, params } = request;
        let result = match method.as_str() {
            "textDocument/completion" => parse::<CompletionParams>(params)
                .map(|it| to_value(self.completion(&it.text_document_position))),
            "textDocument/hover" => parse::<HoverParams>(params)
                .map(|it| to_value(self.hover(&it.text_document_position_params))),
            "textDocument/definition" => parse::<GotoDefinitionParams>(params)
                .map(|it| to_value(self.locations(&it.text_document_position_params, true, false))),
            "textDocument/references" => parse::<ReferenceParams>(params).map(|it| {
                let with = it.context.include_declaration;
                to_value(self.locations(&it.text_document_position, with, true))
            }),
            _ => {
                let message = format!("unknown method `{method}`");
                return Response::new_err(id, code(ErrorCode::MethodNotFound), message);
            }
        };
        match result {
            Some(Ok(value)) => Response { id, result: Some(value), error: None },
            Some(Err(error)) => {
                Response::new_err(id, code(ErrorCode::InternalError), error.to_string())
            }
            None => {
                let message = format!("parameters that `{method}` does not take");
                Response::new_err(id, code(ErrorCode::InvalidParams), message)
            }
        }
    }

    fn asked(&self, at: &TextDocumentPositionParams) -> Option<Asked> {
        let file = path(&at.text_document.uri)?;
        let root = self.workspace.root(self.disk, &file);
        let sources = self.workspace.sources(self.disk, &root);
        let source = sources.iter().find(|source| Path::new(&*source.path) == file)?;
        let position = position(source, at.position);
        Some(Asked { root, sources, position })
    }

    fn completion(&self, at: &TextDocumentPositionParams) -> Vec<CompletionItem> {
        let Some(Asked { sources, position, .. }) = self.asked(at) else { return Vec::new() };
        complete(&sources, &position).into_iter().map(item).collect()
    }

    fn hover(&mut self, at: &TextDocumentPositionParams) -> Option<Hover> {
        let Asked { root, sources, position } = self.asked(at)?;
        let outline = Outline::of(&sources);
        let word = outline.at(&position)?;
        let text = match &word.role {
            Role::Key { about } => (*about).to_owned(),
            Role::Define { .. } | Role::Refer(_) => match self.term(&root, &sources, word) {
                Some(sentence) => format!("**{}**\n\n{sentence}", word.text),
                None => defined(&outline, word)?,
            },
            Role::Text | Role::Value => return None,
        };
        let contents = MarkupContent { kind: MarkupKind::Markdown, value: text };
        let range = range(text_of(&sources, &word.place), &word.place);
        Some(Hover { contents: HoverContents::Markup(contents), range: Some(range) })
    }

    /// The plain sentence of a term.
    fn term(&mut self, root: &Path, sources: &[Source], word: &Word) -> Option<String> {
        let name = match &word.role {
            Role::Define { name, .. } | Role::Refer(name) => *name,
            Role::Key { .. } | Role::Text | Role::Value => return None,
        };
        if name != comity_lang::Name::Term {
            return None;
        }
        let deal = self.workspace.loaded(root, sources)?.deal.parts();
        let versions = deal.agreements.iter().flat_map(|agreement| &agreement.versions);
        let mut terms = versions.flat_map(|version| &version.adds);
        let term = terms.find(|term| term.id.as_str() == word.text)?;
        Some(sentence(deal, term))
    }

    fn locations(
        &self,
        at: &TextDocumentPositionParams,
        definitions: bool,
        references: bool,
    ) -> Vec<Location> {
        let Some(Asked { sources, position, .. }) = self.asked(at) else { return Vec::new() };
        let outline = Outline::of(&sources);
        let Some(word) = outline.at(&position) else { return Vec::new() };
        let defined = outline.definitions(word).filter(|_| definitions);
        let used = outline.references(word).filter(|_| references);
        defined.chain(used).filter_map(|word| location(&word.place, &sources)).collect()
    }
}

fn parse<T: serde::de::DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}

fn code(code: ErrorCode) -> i32 {
    // The protocol's numbers are those of the enum.
    #[expect(clippy::as_conversions, reason = "the enum has no other way to its number")]
    let code = code as i32;
    code
}

fn file(source: &Source) -> PathBuf {
    PathBuf::from(&*source.path)
}

/// What a name other than a term's stands for.
fn defined(outline: &Outline, word: &Word) -> Option<String> {
    let definition = outline.definitions(word).next()?;
    let Role::Define { name, about } = &definition.role else { return None };
    let head = format!("{} **{}**", name.word(), word.text);
    Some(about.as_ref().map_or_else(|| head.clone(), |about| format!("{head}\n\n{about}")))
}

fn item(candidate: Candidate) -> CompletionItem {
    let Candidate { text, insert, about, key } = candidate;
    let kind = if key { CompletionItemKind::FIELD } else { CompletionItemKind::VALUE };
    CompletionItem {
        insert_text: Some(insert).filter(|insert| *insert != text),
        label: text,
        kind: Some(kind),
        detail: Some(about).filter(|about| !about.is_empty()),
        ..CompletionItem::default()
    }
}

fn text_of<'a>(sources: &'a [Source], place: &Place) -> &'a str {
    let source = sources.iter().find(|source| source.path == place.position.file);
    source.map_or("", |source| source.text.as_str())
}

fn location(place: &Place, sources: &[Source]) -> Option<Location> {
    let uri = uri(Path::new(&*place.position.file))?;
    Some(Location { uri, range: range(text_of(sources, place), place) })
}

fn diagnostic(found: &Diagnostic, sources: &[Source]) -> lsp_types::Diagnostic {
    let label = found.label.iter().map(|label| format!("\n{label}"));
    let help = found.help.iter().map(|help| format!("\nhelp: {help}"));
    let message = std::iter::once(found.title.clone()).chain(label).chain(help).collect();
    let related = |(place, text): &(Place, String)| {
        let location = location(place, sources)?;
        Some(DiagnosticRelatedInformation { location, message: text.clone() })
    };
    let related: Vec<_> = found.also.iter().filter_map(related).collect();
    lsp_types::Diagnostic {
        range: range(text_of(sources, &found.place), &found.place),
        severity: Some(DiagnosticSeverity::ERROR),
        source: Some("comity".to_owned()),
        message,
        related_information: Some(related).filter(|related| !related.is_empty()),
        ..lsp_types::Diagnostic::default()
    }
}
