"""Where picos are, as far as is known here, and what is said of those that are elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.dids import Did, show_did
from engine.core.messages import Refusal
from engine.core.migration import acts, forwards_to
from engine.core.model import Eci, PicoId
from engine.ports import BadLog, KeptLog
from engine.runtime.mailbox import Mailbox
from engine.runtime.moves.cases import Case, Cases, name_of_engine
from engine.runtime.moves.office import Hooks, Office
from engine.runtime.moves.reading import shown


class Whereabouts:
    def __init__(self, office: Office, hooks: Hooks, cases: Cases) -> None:
        self._office = office
        self._hooks = hooks
        self._cases = cases
        self._journal = office.journal
        self._lives = office.lives
        self._post = office.post

    def pico_of(self, eci: Eci) -> PicoId | None:
        """The pico with that channel, or with that id."""
        return self._journal.find_channel(eci)

    def is_away(self, pico: PicoId) -> bool:
        """Whether it lives elsewhere."""
        return self._cases.has_left(pico)

    def standing(self, pico: PicoId) -> dict[str, Any]:
        """How it stands with a pico."""
        did = self._cases.did_of(pico)
        case = None if did is None else self._cases.get(did)
        return {"phase": "live"} if did is None or case is None else shown(did, case)

    async def where(self, did: str, kept: KeptLog | None) -> dict[str, Any] | Refusal:
        """The engine where that pico lives, by the newest log of it that is known here."""
        eci = self._journal.find_did(Did(did)) or (Eci(did) if self._journal.find_channel(Eci(did)) else None)
        pico = None if eci is None else self._journal.find_channel(eci)
        if pico is not None:
            kept, did = self._lives.kept(pico), self._cases.did_of(pico) or did
            if kept is None:
                return {"did": did, "engine": self._office.identities.engine, "here": True, "epoch": 0}
        if kept is None:
            return Refusal(
                "unknown", f"nothing is known here of {show_did(did)}", "ask an engine that met it"
            )
        try:
            hosting = self._office.logs.hosting(kept, self._post.now_s())
        except BadLog as problem:
            return Refusal("malformed", str(problem))
        is_here = name_of_engine(hosting.host) == self._post.me
        url = self._hooks.url_of(hosting.host)
        told = {"did": hosting.name, "engine": hosting.host, "here": is_here, "epoch": hosting.number}
        return told if url is None else {**told, "url": url}

    def mailbox_of(self, case: Case) -> Mailbox | None:
        """Of a pico that is, or was, here; what is put into it runs here or is sent on."""
        if case.seat.source is None or not case.pico:
            return None
        return self._office.picos.wake(case.pico)

    def came(self, pico: PicoId) -> int | None:
        """When it came here, in milliseconds; None if it was born here."""
        case = self._cases.of(pico)
        return case.since_ms if case is not None and case.since_ms and acts(case.seat) else None

    def new_place(self, pico: PicoId) -> Did | None:
        """The engine where it lives, as far as is known here."""
        case = self._cases.of(pico)
        host = None if case is None else forwards_to(case.seat)
        return None if case is None or host is None else case.address(host)

    def listed(self) -> list[dict[str, Any]]:
        """All that are on their way, have left, or came."""
        return [shown(did, case) for did, case in self._cases.all()]

    def why_elsewhere(self, pico: PicoId) -> Refusal | None:
        """What is said of a pico that was here and has left."""
        return self.elsewhere(pico) if self.is_away(pico) else None

    def place_of(self, pico: PicoId) -> Mapping[str, str] | None:
        """The engine and, if that is known, the URL where a pico is that was here and has left."""
        if not self.is_away(pico):
            return None
        place = self.new_place(pico)
        url = None if place is None else self._hooks.url_of(place)
        return {"engine": place or "", **({} if url is None else {"url": url})}

    def elsewhere(self, pico: PicoId) -> Refusal:
        """What those are told who want a pico to do something that lives somewhere else."""
        extra, case = self.place_of(pico) or {"engine": ""}, self._cases.of(pico)
        if case is not None and case.forgotten:
            return self._long_gone(pico, extra)
        return Refusal(
            "moved",
            f"pico {pico} lives on another engine now",
            "send it there; `picomesh where` has the place",
            extra,
        )

    def _long_gone(self, pico: PicoId, place: Mapping[str, str]) -> Refusal:
        """With the proof that it does, so that nobody has to believe this engine."""
        log = self._lives.kept(pico)
        proof = {} if log is None else {"log": log.lines, "approvals": log.approvals}
        return Refusal(
            "moved",
            f"pico {pico} has lived on another engine for long; what comes for it here is not sent on now",
            "send it there; its log, which comes along, proves where it lives",
            {**place, "proof": proof},
        )
