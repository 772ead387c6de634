"""How much of everything an envelope may have before it is refused unread.

They keep a stranger's message from costing more than a stranger's message is worth; an engine's settings
may choose other figures.
"""

from __future__ import annotations

from dataclasses import dataclass

LARGEST_NUMBER = 2**53 - 1
"""Of times and sizes: what every reader of JSON can hold, and every database."""


@dataclass(frozen=True)
class Limits:
    envelope_bytes: int = 1 << 20
    """What `POST /didcomm` takes; larger things are attached by link."""
    header_bytes: int = 1 << 14
    """A protected header, decoded. Long-form `did:peer` key ids are some kilobytes."""
    json_depth: int = 64
    """Objects and arrays inside each other, in every layer."""
    json_containers: int = 20_000
    """Objects and arrays in one layer: each costs more memory than its two bytes of text."""
    recipients: int = 64
    signatures: int = 4
    attachments: int = 64
    text: int = 4096
    """Characters of a type or of the name of an attachment."""


LIMITS = Limits()
