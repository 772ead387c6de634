"""Events between picos that have lived on one engine and know each other by channel ids of that one.

Whoever has moved sends them to where it was, and the engine there believes it as it would have before: the
pico's log says where it lives now. If the receiver has moved on meanwhile, what is kept for it is sent on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import structlog

from engine.core.codec import Unreadable
from engine.core.didcomm.messages import Message
from engine.core.dids import Did
from engine.core.far_events import FAR, event_in
from engine.core.messages import Event, Refusal, RefusalKind
from engine.core.model import Eci, PicoId
from engine.core.protocols import migration_goods
from engine.core.protocols.migration import NotAMove
from engine.core.protocols.migration_goods import RECEIVED, SENT, Carried
from engine.core.records import decode_request, encode_request
from engine.ports import CannotSend, KeptLog, Letter
from engine.runtime.admission import unknown_channel
from engine.runtime.away import AWAY
from engine.runtime.equipment import AnswerKind
from engine.runtime.moves.cases import Case, name_of_engine
from engine.runtime.moves.moves import Moves
from engine.runtime.moves.office import Office
from engine.runtime.receipts import UNKNOWN, Handled

log = structlog.get_logger("picomesh.moves")

UNPROVEN: RefusalKind = "undecided"
"""The code by which an engine is told that it is not known to host the pico."""
CODES: Mapping[str, RefusalKind] = {one: one for one in get_args(RefusalKind)}
LATER = ("quota", "draining")
"""Refusals of the moment."""

Answer = Mapping[str, Any]


class Neighbourhood:
    """`kinds` answers for the sender; `is_for_it` and `hear` make it a desk where such events come."""

    def __init__(self, office: Office, moves: Moves) -> None:
        self._office = office
        self._moves = moves
        self._journal = office.journal
        self._post = office.post
        self._places: dict[Eci, str] = {}
        """Where a channel was found the last time."""
        self._shown: set[tuple[str, str, int]] = set()
        """Which engine was shown a log of which pico with so many entries."""
        self.kinds: Mapping[str, AnswerKind] = {FAR: self._answer}

    # --- sending -----------------------------------------------------------------------------------

    async def _answer(self, pico: PicoId, content: Mapping[str, Any]) -> Answer:
        event = event_in(content)
        holder = self._journal.find_channel(event.eci)
        if holder is not None:  # one of both has come after the other, or that one left long ago
            return _answered(pico, await self._give(event, holder))
        did = self._moves.cases.did_of(pico)
        case = None if did is None else self._moves.cases.get(did)
        if did is None or case is None:
            return _answered(pico, unknown_channel(event.eci))
        nobody = Refusal("unknown", f"no engine where the pico was has the channel {event.eci}")
        for host in self._hosts(did, case, event.eci):
            try:
                refusal = await self._send(did, case, host, event)
            except CannotSend as problem:
                nobody = nobody if problem.is_final else Refusal("draining", str(problem))
                continue
            if refusal is None or refusal.kind != "unknown":
                self._places[event.eci] = name_of_engine(host)
                return _answered(pico, refusal)
        return _answered(pico, nobody)

    async def _give(self, event: Event, holder: PicoId) -> Refusal | None:
        """To a pico that is here, or for which things are kept until they are sent on; or, where nothing is
        kept any more, to where it is."""
        if not self._moves.is_forgotten(holder):
            return await self._office.picos.take_in(event)
        did, host = self._moves.cases.did_of(holder), self._moves.new_place(holder)
        case = None if did is None else self._moves.cases.get(did)
        if did is None or case is None or host is None:
            return Refusal("draining", f"nobody knows where pico {holder} is")
        try:
            return await self._send(did, case, host, event)
        except CannotSend as problem:
            return Refusal("draining", str(problem))

    def _hosts(self, did: str, case: Case, eci: Eci) -> Iterator[str]:
        """The engines where it was, the last one first, unless it is known where the channel is."""
        kept = self._moves.saying.log_of(case)
        hosts = () if kept is None else self._post.hosting(did, kept).hosts
        newest = {name_of_engine(one): one for one in hosts if one}
        names = dict.fromkeys(name_of_engine(one) for one in reversed(hosts) if one)
        others = [name for name in names if name != self._post.me]
        known = self._places.get(eci)
        for name in sorted(others, key=lambda one: one != known):
            yield case.addresses.get(name, newest[name])

    async def _send(self, did: str, case: Case, host: str, event: Event) -> Refusal | None:
        """Why it was not taken, or None. Raises `CannotSend`."""
        kept = self._moves.saying.log_of(case)
        assert kept is not None, "who comes from elsewhere has a log"
        number = self._post.hosting(did, kept).number
        shown = (did, name_of_engine(host), number)
        body: dict[str, Any] = {"did": did, "epoch": number}
        if shown not in self._shown:
            body["log"] = kept.lines
            body |= {"approvals": kept.approvals} if kept.approvals else {}
        body["events"] = migration_goods.write_events([Carried(event.eid, encode_request(event))])
        refusal = _refusal_in(await self._post.ask(Did(host), SENT, RECEIVED, body), event)
        if refusal is not None and refusal.kind == UNPROVEN:
            self._shown.discard(shown)
            raise CannotSend(refusal.reason, is_final=False)
        self._shown.add(shown)
        return refusal

    # --- hearing -----------------------------------------------------------------------------------

    def is_for_it(self, type: str) -> bool:
        return migration_goods.kind_of(type) == SENT

    async def hear(self, letter: Letter) -> Handled:
        try:
            body = migration_goods.body_of(letter.message, SENT)
            events = [decode_request(one.body)[0] for one in migration_goods.read_events(body)]
        except (NotAMove, Unreadable) as problem:
            log.info("events of a pico that was here cannot be read", why=str(problem))
            return Handled("unreadable")
        did, sender = body["did"], letter.sender
        case = self._moves.cases.get(did)
        if sender is None or case is None or not case.pico or case.seat.source is None:
            return UNKNOWN
        taken, refused = list[str](), list[Mapping[str, str]]()
        hosts_it = await self._hosts_it(did, sender, body)
        for event in events:
            is_from_it = event.sender == case.pico
            may = hosts_it if is_from_it else self._is_for_it(did, sender, event)
            refusal = await self._take_in(event) if may else NOT_PROVEN
            if refusal is None:
                taken.append(event.eid)
            else:
                refused.append({"id": event.eid, "code": refusal.kind, "reason": refusal.reason})
        told = {"did": did, "epoch": body["epoch"], "ids": taken, "refused": refused}
        return Handled(answers=(self._post.write(sender, RECEIVED, told, letter.message.id),))

    async def _hosts_it(self, did: str, sender: Did, body: Mapping[str, Any]) -> bool:
        """Whether the pico lives there by the newest entry that is known, perhaps since now."""
        if body.get("log"):
            try:
                await self._moves.learn(did, KeptLog(body["log"], body.get("approvals", "")))
            except NotAMove as problem:
                log.info("the log of a pico that was here is not believed", why=str(problem))
        case = self._moves.cases.get(did)
        entry = None if case is None else case.seat.entry
        return entry is not None and entry.host == name_of_engine(sender)

    def _is_for_it(self, did: str, sender: Did, event: Event) -> bool:
        """Whether it is for the pico itself, of somebody who is where that was long ago."""
        case = self._moves.cases.get(did)
        kept = None if case is None else self._moves.saying.log_of(case)
        if case is None or kept is None or self._journal.find_channel(event.eci) != case.pico:
            return False
        return name_of_engine(sender) in map(name_of_engine, self._post.hosting(did, kept).hosts)

    async def _take_in(self, event: Event) -> Refusal | None:
        holder = self._journal.find_channel(event.eci)
        return unknown_channel(event.eci) if holder is None else await self._give(event, holder)


NOT_PROVEN = Refusal(UNPROVEN, "the pico that sends it is not known to live there")


def _refusal_in(told: Message, event: Event) -> Refusal | None:
    """Raises `CannotSend`."""
    try:
        body = migration_goods.body_of(told, RECEIVED)
    except NotAMove as problem:
        raise CannotSend(f"the answer cannot be read: {problem}", is_final=False) from problem
    if event.eid in body["ids"]:
        return None
    refused = next((one for one in body.get("refused", ()) if one["id"] == event.eid), None)
    if refused is None:
        raise CannotSend("the answer does not say what became of it", is_final=False)
    kind: RefusalKind = CODES.get(refused["code"], "denied")
    return Refusal(kind, refused["reason"])


def _answered(pico: PicoId, refusal: Refusal | None) -> Answer:
    if refusal is None:
        return {}
    if refusal.kind in LATER:
        return {"error": refusal.reason, "again": True, AWAY: f"neighbours of {pico}"}
    log.warning("an event of a pico that came from elsewhere was sent in vain", pico=pico, why=refusal.reason)
    return {"error": refusal.reason}
