"""Texts with a cursor in them: what the tests of the language server share."""

from __future__ import annotations

from pico_lang.language_server import Document, Edit, open_document
from pico_lang.source import Span
from tests.fakes.recording_host import MODULES

CURSOR = "§"


def with_cursor(text: str) -> tuple[Document, int]:
    """The document without the cursor's mark, and where the cursor is."""
    before, behind = text.split(CURSOR)
    return open_document(before + behind, "test.krl", MODULES), len(before)


def texts(document: Document, spans: list[Span]) -> list[str]:
    return [document.source.text[span.start : span.end] for span in spans]


def marked(document: Document, spans: list[Span]) -> str:
    """The text with every span in `«»`."""
    text = document.source.text
    for span in sorted(spans, key=lambda one: one.start, reverse=True):
        text = f"{text[: span.start]}«{text[span.start : span.end]}»{text[span.end :]}"
    return text


def edited(document: Document, edits: list[Edit]) -> str:
    """The text after the edits."""
    text = document.source.text
    for edit in sorted(edits, key=lambda one: one.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text
