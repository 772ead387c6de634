"""The server that an editor starts: which request is answered by which function of the language.

It keeps one document per open file and nothing else. Whole texts are exchanged, not ranges: reading a
ruleset takes milliseconds, and pygls counts lines otherwise than the protocol does.
"""

from __future__ import annotations

from typing import Protocol

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from engine.adapters.lsp.translation import Translator, completion_item
from engine.version import VERSION
from pico_lang.host import Modules
from pico_lang.language_server import (
    CannotRename,
    Document,
    Edit,
    Encoding,
    completions_at,
    definitions_at,
    format_document,
    hover_at,
    open_document,
    references_at,
    renamable_at,
    rename_at,
)
from pico_lang.source import Span

_ENCODINGS: dict[str, Encoding] = {"utf-8": "utf-8", "utf-16": "utf-16", "utf-32": "utf-32"}


class Asked(Protocol):
    """What all questions about a place have; the types of the protocol's package share no base."""

    text_document: types.TextDocumentIdentifier
    position: types.Position


class RulesetServer(LanguageServer):
    """A language server with the texts that are open in its editor."""

    def __init__(self, modules: Modules) -> None:
        super().__init__("picomesh", VERSION, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.modules = modules
        """What rulesets can call."""
        self.documents: dict[str, Document] = {}

    def show(self, uri: str, document: Document, version: int | None) -> None:
        """Keep a document and publish what is wrong with it."""
        self.documents[uri] = document
        found = self.translator(uri).diagnostics(document.diagnostics)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))

    def document(self, uri: str) -> Document:
        if uri not in self.documents:
            raise JsonRpcInvalidParams(f"{uri} is not open")
        return self.documents[uri]

    def translator(self, uri: str) -> Translator:
        encoding = self.workspace.position_encoding or types.PositionEncodingKind.Utf16
        return Translator(self.documents[uri], _ENCODINGS[encoding])

    def find(self, asked: Asked) -> tuple[Document, Translator, int]:
        """The document that a question is about, its translator, and the place."""
        document = self.document(asked.text_document.uri)
        translator = self.translator(asked.text_document.uri)
        return document, translator, translator.offset(asked.position)


class Refused(JsonRpcException):
    """A request that makes no sense for this text; editors show the sentence."""

    CODE = types.LSPErrorCodes.RequestFailed
    MESSAGE = "refused"


def make_server(modules: Modules) -> RulesetServer:
    """A server that knows all requests below, and no document yet."""
    server = RulesetServer(modules)
    server.feature(types.TEXT_DOCUMENT_DID_OPEN)(opened)
    server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(changed)
    server.feature(types.TEXT_DOCUMENT_DID_CLOSE)(closed)
    server.feature(types.TEXT_DOCUMENT_HOVER)(hover)
    server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[".", ":"]))(
        complete
    )
    server.feature(types.TEXT_DOCUMENT_DEFINITION)(define)
    server.feature(types.TEXT_DOCUMENT_REFERENCES)(refer)
    server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)(prepare_rename)
    server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))(rename)
    server.feature(types.TEXT_DOCUMENT_FORMATTING)(layout)
    return server


# --- texts -------------------------------------------------------------------------------------------------


def opened(ls: RulesetServer, params: types.DidOpenTextDocumentParams) -> None:
    item = params.text_document
    ls.show(item.uri, open_document(item.text, item.uri, ls.modules), item.version)


def changed(ls: RulesetServer, params: types.DidChangeTextDocumentParams) -> None:
    uri = params.text_document.uri
    # The last one is the newest, and each is the whole text.
    ls.show(uri, ls.document(uri).edited(params.content_changes[-1].text), params.text_document.version)


def closed(ls: RulesetServer, params: types.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    ls.documents.pop(uri, None)
    ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))


# --- questions ---------------------------------------------------------------------------------------------


def hover(ls: RulesetServer, params: types.HoverParams) -> types.Hover | None:
    document, translator, offset = ls.find(params)
    found = hover_at(document, offset)
    return None if found is None else translator.hover(found)


def complete(ls: RulesetServer, params: types.CompletionParams) -> list[types.CompletionItem]:
    document, _, offset = ls.find(params)
    return [completion_item(one) for one in completions_at(document, offset)]


def define(ls: RulesetServer, params: types.DefinitionParams) -> list[types.Location]:
    document, translator, offset = ls.find(params)
    return translator.locations(params.text_document.uri, definitions_at(document, offset))


def refer(ls: RulesetServer, params: types.ReferenceParams) -> list[types.Location]:
    document, translator, offset = ls.find(params)
    spans = references_at(document, offset)
    if not params.context.include_declaration:
        definitions = definitions_at(document, offset)
        spans = [span for span in spans if span not in definitions]
    return translator.locations(params.text_document.uri, spans)


def prepare_rename(ls: RulesetServer, params: types.PrepareRenameParams) -> types.Range:
    document, translator, offset = ls.find(params)
    place = renamable_at(document, offset)
    if isinstance(place, CannotRename):
        raise Refused(place.reason)
    return translator.range(place)


def rename(ls: RulesetServer, params: types.RenameParams) -> types.WorkspaceEdit:
    document, translator, offset = ls.find(params)
    edits = rename_at(document, offset, params.new_name)
    if isinstance(edits, CannotRename):
        raise Refused(edits.reason)
    return types.WorkspaceEdit({params.text_document.uri: translator.edits(edits)})


def layout(ls: RulesetServer, params: types.DocumentFormattingParams) -> list[types.TextEdit]:
    """The whole text as one edit; none while it cannot be read, or if it is laid out already."""
    uri = params.text_document.uri
    document = ls.document(uri)
    text = format_document(document)
    if text is None or text == document.source.text:
        return []
    return ls.translator(uri).edits([Edit(Span(0, len(document.source.text)), text)])
