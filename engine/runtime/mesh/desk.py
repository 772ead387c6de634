"""Hears what other engines say in the protocol of engines, and answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.core.dids import Did, show_did
from engine.core.mesh.acquaintances import Acquaintance
from engine.core.mesh.adverts import Advert, BadAdvert, engine_of, read_advert
from engine.core.protocols import engines as protocol
from engine.core.protocols.message_types import same_type
from engine.core.protocols.reactions import Facts, Trouble
from engine.core.signatures import Verify
from engine.ports import Letter
from engine.runtime.correspondents import Correspondents
from engine.runtime.mesh.acquaintances import Acquaintances, TooMany
from engine.runtime.mesh.exchanges import Exchanges
from engine.runtime.mesh.gossip import Gossip
from engine.runtime.mesh.invitations import Accepted, Invitations
from engine.runtime.mesh.own_advert import OwnAdvert
from engine.runtime.receipts import UNKNOWN, Handled, Verdict

logger = logging.getLogger(__name__)

NOT_ALLOWED = "e.p.trust.not-allowed"
BUSY = "e.p.me.busy"


class EnginesDesk:
    def __init__(
        self,
        acquaintances: Acquaintances,
        invitations: Invitations,
        own: OwnAdvert,
        gossip: Gossip,
        exchanges: Exchanges,
        correspondents: Correspondents,
        verify: Verify,
        met: Callable[[], None],
    ) -> None:
        """`met` is told that there is somebody new."""
        self._acquaintances = acquaintances
        self._invitations = invitations
        self._own = own
        self._gossip = gossip
        self._exchanges = exchanges
        self._correspondents = correspondents
        self._verify = verify
        self._met = met

    def is_for_it(self, type: str) -> bool:
        return protocol.is_ours(type)

    async def hear(self, letter: Letter) -> Handled:
        wrong = self._correspondents.examine(letter)
        if wrong is not None:
            return Handled("unreadable", wrong.replies)
        type, engine = letter.message.type, engine_of(str(letter.sender))
        if same_type(type, protocol.WELCOME) or same_type(type, protocol.ADVERTS_ANSWER):
            return Handled() if self._exchanges.take(letter) else UNKNOWN
        known = None if engine is None else self._acquaintances.find(engine)
        if known is not None and known.trust == "blocked":
            return self._refuse(letter, Trouble(NOT_ALLOWED))
        if same_type(type, protocol.HELLO):
            return await self._greet(letter, known)
        if known is None or known.trust == "heard":
            return self._refuse(letter, Trouble(protocol.NOT_MET))
        if same_type(type, protocol.GOODBYE):
            return self._part(letter, known)
        return await self._exchange(letter, known)

    # --- meeting -----------------------------------------------------------------------------------

    async def _greet(self, letter: Letter, known: Acquaintance | None) -> Handled:
        """Who has met needs no invitation to say hello again: the other may have lost what it knew."""
        facts = self._correspondents.facts(letter)
        accepted = self._accept(letter, known, facts)
        if isinstance(accepted, Trouble):
            return self._refuse(letter, accepted)
        try:
            advert = self._advert_of(letter, facts)
            await self._keep(letter, known, advert, accepted, facts.now_s)
        except BadAdvert as problem:
            return self._refuse(letter, _bad(problem))
        except TooMany as problem:
            logger.warning("%s would meet this engine: %s", show_did(str(letter.sender)), problem)
            return self._refuse(letter, Trouble(BUSY), "busy")
        id = facts.new_id(f"welcome to {letter.message.id.lower()}")
        me, to = str(letter.recipient), str(letter.sender)
        answer = protocol.welcome(id, letter.message, me, to, await self._own.current(), facts.now_s)
        return Handled(answers=(answer,))

    def _accept(self, letter: Letter, known: Acquaintance | None, facts: Facts) -> Accepted | Trouble | None:
        """None for who is known, and has no invitation or one that is over."""
        has_met = known is not None and known.trust != "heard"
        if letter.message.pthid is None:
            return None if has_met else Trouble(protocol.NOT_MET)
        accepted = self._invitations.accept(letter.message, facts)
        return None if isinstance(accepted, Trouble) and has_met else accepted

    def _advert_of(self, letter: Letter, facts: Facts) -> Advert:
        advert = read_advert(letter.message.body["advert"], self._verify, facts.now_s)
        if advert.engine != engine_of(str(letter.sender)):
            raise BadAdvert("stranger", "it is about another engine than the one that sends it")
        return advert

    async def _keep(
        self,
        letter: Letter,
        known: Acquaintance | None,
        advert: Advert,
        accepted: Accepted | None,
        now_s: int,
    ) -> None:
        """A trust that was given here is not taken back by an invitation."""
        jws = letter.message.body["advert"]
        trust = "known" if accepted is None else accepted.trust
        if known is None or known.trust == "heard":
            new = Acquaintance(advert.engine, advert.did, advert.name, trust, now_s, jws, advert)
        else:
            new = replace(known, left_s=0, trust="trusted" if trust == "trusted" else known.trust)
            if known.advert is None or advert.sequence > known.advert.sequence:
                new = replace(new, did=advert.did, jws=jws, advert=advert)
        writes = () if accepted is None else (accepted.write,)
        kept = await self._acquaintances.keep(new, *writes)
        if known is None or known.trust == "heard":
            logger.info(
                "met the engine %s (%s), which came with an invitation of ours", kept.name, kept.short
            )
            self._met()

    # --- afterwards --------------------------------------------------------------------------------

    def _part(self, letter: Letter, known: Acquaintance) -> Handled:
        now_s = self._correspondents.facts(letter).now_s
        self._acquaintances.note(known.engine, lambda one: replace(one, left_s=now_s))
        logger.info("the engine %s (%s) does not know this one any more", known.name, known.short)
        return Handled()

    async def _exchange(self, letter: Letter, known: Acquaintance) -> Handled:
        facts = self._correspondents.facts(letter)
        self._acquaintances.note(known.engine, lambda one: replace(one, left_s=0))
        refused = await self._gossip.take(known.engine, letter.message.body["adverts"])
        if refused is not None:
            return self._refuse(letter, _bad(refused))
        id = facts.new_id(f"adverts in reply to {letter.message.id.lower()}")
        me, to = Did(str(letter.recipient)), str(letter.sender)
        told: Sequence[str] = await self._gossip.answer(known.engine)
        return Handled(answers=(protocol.adverts_answer(id, letter.message, me, to, told, facts.now_s),))

    def _refuse(self, letter: Letter, trouble: Trouble, verdict: Verdict = "denied") -> Handled:
        logger.info(
            "%s is refused: %s %s", show_did(str(letter.sender)), trouble.code, ", ".join(trouble.args)
        )
        return Handled(verdict, self._correspondents.report(letter, trouble))


def _bad(problem: BadAdvert) -> Trouble:
    return Trouble(protocol.BAD_ADVERT, (f"{problem.code}: {problem}",))
