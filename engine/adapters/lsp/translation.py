"""Between what the language says about a text and how the protocol says it."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types

from pico_lang.diagnostics import Diagnostic, Severity
from pico_lang.language_server import (
    Completion,
    CompletionKind,
    Document,
    Edit,
    Encoding,
    Hover,
    Position,
    to_offset,
    to_position,
)
from pico_lang.source import Span

SOURCE = "picomesh"
"""Whose diagnostics these are, for people who have several tools."""

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
}

_KINDS: dict[CompletionKind, types.CompletionItemKind] = {
    "variable": types.CompletionItemKind.Variable,
    "function": types.CompletionItemKind.Function,
    "operator": types.CompletionItemKind.Method,
    "module": types.CompletionItemKind.Module,
    "property": types.CompletionItemKind.Property,
    "event": types.CompletionItemKind.Event,
    "keyword": types.CompletionItemKind.Keyword,
}


class Translator:
    """Translates for one document, in the units that its editor counts characters in."""

    def __init__(self, document: Document, encoding: Encoding) -> None:
        self._source = document.source
        self._encoding = encoding

    def offset(self, position: types.Position) -> int:
        place = Position(position.line, position.character)
        return to_offset(self._source, place, self._encoding)

    def range(self, span: Span) -> types.Range:
        return types.Range(self._position(span.start), self._position(span.end))

    def _position(self, offset: int) -> types.Position:
        return types.Position(*to_position(self._source, offset, self._encoding))

    def diagnostics(self, found: Iterable[Diagnostic]) -> list[types.Diagnostic]:
        return [self._diagnostic(one) for one in found]

    def _diagnostic(self, found: Diagnostic) -> types.Diagnostic:
        message = found.message if found.hint is None else f"{found.message}\n{found.hint}"
        return types.Diagnostic(
            self.range(found.span), message, _SEVERITIES[found.severity], found.code, source=SOURCE
        )

    def hover(self, hover: Hover) -> types.Hover:
        text = f"```krl\n{hover.code}\n```\n{hover.prose}"
        content = types.MarkupContent(types.MarkupKind.Markdown, text)
        return types.Hover(content, self.range(hover.span))

    def edits(self, edits: Iterable[Edit]) -> list[types.TextEdit]:
        return [types.TextEdit(self.range(edit.span), edit.text) for edit in edits]

    def locations(self, uri: str, spans: Iterable[Span]) -> list[types.Location]:
        return [types.Location(uri, self.range(span)) for span in spans]


def completion_item(completion: Completion) -> types.CompletionItem:
    return types.CompletionItem(
        completion.label,
        kind=_KINDS[completion.kind],
        detail=completion.detail or None,
        documentation=completion.documentation or None,
    )
