"""The words of coordinate-mediation: versions 2.0 and 3.0 say the same with others, which are a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.didcomm.messages import Message
from engine.core.protocols.message_types import event_name
from engine.core.protocols.reactions import Facts, Note, attrs_of

MOST_DIDS = 1024
"""Of one correspondent; more are a `client_error`."""
DIDS_SIZE = 1 << 18
"""Characters of them all: some are kilobytes long."""
LARGEST_PAGE = 256


@dataclass(frozen=True)
class Dialect:
    piuri: str
    update: str
    updated: str
    query: str
    listed: str
    dids: str
    """The member of `listed` that has them."""
    many_routes: bool
    """Whether a grant names a list of DIDs or one."""

    def type(self, kind: str) -> str:
        return f"{self.piuri}/{kind}"


V2 = Dialect(
    piuri="https://didcomm.org/coordinate-mediation/2.0",
    update="keylist-update",
    updated="keylist-update-response",
    query="keylist-query",
    listed="keylist",
    dids="keys",
    many_routes=False,
)
V3 = Dialect(
    piuri="https://didcomm.org/coordinate-mediation/3.0",
    update="recipient-update",
    updated="recipient-update-response",
    query="recipient-query",
    listed="recipient",
    dids="dids",
    many_routes=True,
)


def has_room(dids: Collection[str], *more: str) -> bool:
    return len(dids) + len(more) <= MOST_DIDS and sum(map(len, (*dids, *more))) <= DIDS_SIZE


def note(kind: str, message: Message, facts: Facts, more: Mapping[str, Any] | None = None) -> Note:
    return Note(event_name("coordinate-mediation", kind), attrs_of(message, facts) | dict(more or {}))
