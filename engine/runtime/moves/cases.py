"""All that is durable of the moves of one pico, as one fact of the journal: its seat, and what goes with it.

A case is written together with whatever a step of the tables changes, in one commit. Those of an engine are
in memory too, so that anybody can ask at any turn whether a pico acts here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from engine.core.codec import Unreadable
from engine.core.dids import Did, keys_in
from engine.core.migration import Seat, acts, forwards_to
from engine.core.migration import source as leaving
from engine.core.migration.records import read_seat, write_seat
from engine.core.model import EMPTY, PicoId
from engine.ports import Journal, KeptLog, NewHost, SetFact

BEGINNING = "move of "


def name_of_engine(did: str) -> str:
    """What an engine is called in seats: its keys, since it is the same wherever it is."""
    return keys_in(did) or did


NOBODY = PicoId("")


@dataclass(frozen=True, slots=True)
class Has:
    texts: tuple[str, ...] = ()
    """Of rulesets, by hash."""
    past: tuple[int, str] | None = None
    """The newest record of the pico, by number and hash."""


NOTHING = Has()


@dataclass(frozen=True, slots=True)
class Case:
    seat: Seat
    pico: PicoId = NOBODY
    """What it is called within engines."""
    log: KeptLog | None = None
    """The newest that is known of a pico that is not here."""
    addresses: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """By which DID each engine was heard last."""
    to: NewHost | None = None
    """The keys that were made for the present attempt, here or there."""
    opens: str = ""
    """The did:key for which what goes along is sealed."""
    box: str = ""
    """What goes along with the state, sealed for it."""
    had: str = ""
    """The CID of the newest state that the other engine has, as it says."""
    proof: str = ""
    """The source's signature of the handoff."""
    root: str = ""
    """The CID of the newest state of it that went over a wire, which is kept in the store."""
    key: str = ""
    """The key of its states on their way, wrapped with this engine's."""
    size: int = 0
    reason: str = ""
    price: int = 0
    """What is offered for it a day."""
    failed: str = ""
    """Why it did not go the last time, while the engine runs."""
    since_ms: int = 0
    """When it went."""
    forgotten: bool = False
    """Whether nothing is left here of one that has gone but where it is."""
    held: tuple[str, ...] = ()
    """Roots of small states whose blocks are kept beside this: see `small_loads`."""
    has: Has = NOTHING
    """What the target has already of what goes along."""
    rotate: tuple[str, ...] = ()
    """Channels whose DIDs are those of another engine and are to be changed."""

    def address(self, engine: str) -> Did:
        return Did(self.addresses.get(engine, engine))

    def met(self, did: str) -> Case:
        """An engine was heard by that DID."""
        return replace(self, addresses={**self.addresses, name_of_engine(did): did})


class Cases:
    """Those of one engine, by the names that picos have for life."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._cases: dict[str, Case] = {}
        self._dids: dict[PicoId, str] = {}
        for name in journal.fact_names(BEGINNING):
            text = journal.fact(name)
            if text:
                self.put(name.removeprefix(BEGINNING), read_case(text))

    def get(self, did: str) -> Case | None:
        return self._cases.get(did)

    def of(self, pico: PicoId) -> Case | None:
        did = self._dids.get(pico)
        return None if did is None else self._cases.get(did)

    def did_of(self, pico: PicoId) -> str | None:
        return self._dids.get(pico)

    def put(self, did: str, case: Case) -> None:
        """The journal has it."""
        self._cases[did] = case
        if case.pico and case.seat.source is not None:
            self._dids[case.pico] = did

    def drop(self, did: str) -> None:
        """The journal has it no more."""
        case = self._cases.pop(did, None)
        if case is not None:
            self._dids.pop(case.pico, None)

    def all(self) -> Iterator[tuple[str, Case]]:
        return iter(list(self._cases.items()))

    def acts(self, pico: PicoId) -> bool:
        """Whether it takes turns here. One that was never about to move does."""
        case = self.of(pico)
        return case is None or acts(case.seat)

    def is_away(self, pico: PicoId) -> bool:
        case = self.of(pico)
        return case is not None and forwards_to(case.seat) is not None

    def has_left(self, pico: PicoId) -> bool:
        """Also where nobody knows where to."""
        case = self.of(pico)
        source = None if case is None else case.seat.source
        return source is not None and source.phase in leaving.LEFT


def written(did: str, case: Case) -> SetFact:
    return SetFact(f"{BEGINNING}{did}", write_case(case))


def forgotten(did: str) -> SetFact:
    return SetFact(f"{BEGINNING}{did}", "")


def write_case(case: Case) -> str:
    plain: dict[str, Any] = {"seat": write_seat(case.seat)}
    for name in (
        "pico",
        "opens",
        "box",
        "had",
        "proof",
        "root",
        "key",
        "size",
        "reason",
        "price",
        "since_ms",
        "forgotten",
    ):
        plain[name] = getattr(case, name)
    plain["rotate"] = list(case.rotate)
    plain["held"] = list(case.held)
    plain["has"] = None if case.has == NOTHING else {"texts": list(case.has.texts), "past": case.has.past}
    plain["addresses"] = dict(case.addresses)
    plain["log"] = None if case.log is None else asdict(case.log)
    plain["to"] = None if case.to is None else asdict(case.to)
    return json.dumps({name: value for name, value in plain.items() if value})


def read_case(text: str) -> Case:
    """Raises `Unreadable`."""
    try:
        plain: dict[str, Any] = json.loads(text)
        return Case(
            read_seat(plain.pop("seat")),
            PicoId(plain.pop("pico", "")),
            _maybe(plain.pop("log", None), lambda log: KeptLog(**log)),
            plain.pop("addresses", {}),
            _maybe(plain.pop("to", None), read_host),
            rotate=tuple(plain.pop("rotate", ())),
            held=tuple(plain.pop("held", ())),
            has=read_has(plain.pop("has", None)),
            **plain,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise Unreadable(f"what is kept of a move is damaged: {problem!r}") from problem


def read_host(plain: Mapping[str, Any]) -> NewHost:
    """Raises `TypeError` and others where it is none."""
    return NewHost(**{**plain, "desk": tuple(plain.get("desk", ()))})


def read_has(plain: Any) -> Has:
    """Raises `TypeError` and others where it is none."""
    if plain is None:
        return NOTHING
    texts, past = plain.get("texts", ()), plain.get("past")
    return Has(tuple(map(str, texts)), None if past is None else (int(past[0]), str(past[1])))


def _maybe(plain: Any, read: Callable[[Any], Any]) -> Any:
    return None if plain is None else read(plain)
