"""What an editor can ask about a text: pure functions over documents and offsets.

Nothing here knows the protocol that editors speak; `engine.adapters.lsp` translates.
"""

from __future__ import annotations

from pico_lang.language_server.completion import Completion, CompletionKind, completions_at
from pico_lang.language_server.document import Document, format_document, open_document
from pico_lang.language_server.hover import Hover, hover_at
from pico_lang.language_server.positions import Encoding, Position, to_offset, to_position
from pico_lang.language_server.references import (
    CannotRename,
    Edit,
    definitions_at,
    references_at,
    renamable_at,
    rename_at,
)

__all__ = [
    "CannotRename",
    "Completion",
    "CompletionKind",
    "Document",
    "Edit",
    "Encoding",
    "Hover",
    "Position",
    "completions_at",
    "definitions_at",
    "format_document",
    "hover_at",
    "open_document",
    "references_at",
    "renamable_at",
    "rename_at",
    "to_offset",
    "to_position",
]
