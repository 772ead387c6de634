"""What an engine knows of those whom a pico knows by DID, and the next one has to know to hear them.

A short did:peer:4 says nothing of its document, and a name for life nothing of its log. Whoever has been told
those once keeps them; so they go along with the pico, found by the names that stand in its state and records.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

from engine.core.codec import Plain
from engine.core.dids import scid_in, short_did
from engine.core.records import Head, snapshot_pieces
from engine.ports import Journal, SetFact

ACQUAINTED = "acquainted"
"""What they are called beside a state."""
MOST = 4_096
_HASH = "Qm[1-9A-HJ-NP-Za-km-z]{44}"
_NAME = re.compile(rf"did:peer:4z{_HASH}|did:scid:vh:1:{_HASH}", re.ASCII)
_FACT = re.compile(rf"long form of did:peer:4z{_HASH}|log told of {_HASH}", re.ASCII)
LONGEST = 1 << 20


def finding_names(head: Head, records: Sequence[str]) -> Generator[None, None, list[str]]:
    """The DIDs of others in it, as far as somebody has to be told more than the name. Found text by text."""
    found: dict[str, None] = {}
    for text in _texts(head, records):
        found.update(dict.fromkeys(map(short_did, _NAME.findall(text))))
        yield
    return list(found)[:MOST]


def _texts(head: Head, records: Sequence[str]) -> Iterator[str]:
    rest = ""
    for piece in snapshot_pieces(head):
        text = rest + piece.decode("utf-8", "replace")
        yield text
        rest = text[-64:]  # a name may be cut in two
    yield from records


def acquaintances(journal: Journal, names: Iterable[str]) -> Mapping[str, Plain]:
    """The facts by which they are known here."""
    found: dict[str, Plain] = {}
    for name in names:
        scid = scid_in(name)
        fact = f"long form of {name}" if scid is None else f"log told of {scid}"
        if (told := journal.fact(fact)) is not None:
            found[fact] = told
    return found


def taken_over(journal: Journal, told: Plain) -> list[SetFact]:
    """By which they are known here too. What this engine knows itself stays; whatever is told proves itself
    when it is used."""
    if not isinstance(told, Mapping):
        return []
    facts = ((str(name), str(value)) for name, value in list(told.items())[:MOST])
    return [
        SetFact(name, value)
        for name, value in facts
        if _FACT.fullmatch(name) and len(value) <= LONGEST and journal.fact(name) is None
    ]
