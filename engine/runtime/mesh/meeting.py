"""How two engines come to know each other: one invites, the other accepts and says hello, and is welcomed.

After that both know the other's advert, which its own key has signed. Until the welcome has come nothing is
kept here; said again, the hello is heard as the same.
"""

from __future__ import annotations

from dataclasses import replace

from engine.core.didcomm.messages import Message
from engine.core.dids import Did, did_of, names_a_did, show_did
from engine.core.mesh.acquaintances import Acquaintance, Trust
from engine.core.mesh.adverts import Advert, BadAdvert, engine_of, is_name, read_advert
from engine.core.protocols import engines as protocol
from engine.core.protocols.out_of_band import BadInvitation
from engine.core.signatures import Verify
from engine.ports import CannotSend, Clock, Entropy
from engine.runtime.identities import Identities
from engine.runtime.mesh.acquaintances import Acquaintances
from engine.runtime.mesh.exchanges import Exchanges, Reported
from engine.runtime.mesh.invitations import Invitations, read_invitation
from engine.runtime.mesh.own_advert import OwnAdvert

EXPIRES_S = 60


class CannotMeet(Exception):
    """Two engines have not come to know each other. Says why, and what to do."""

    def __init__(self, reason: str, hint: str | None = None, is_wrong: bool = False) -> None:
        """`is_wrong`: what was asked for makes no sense, whatever others do."""
        super().__init__(reason)
        self.hint = hint
        self.is_wrong = is_wrong


class Meeting:
    def __init__(
        self,
        acquaintances: Acquaintances,
        invitations: Invitations,
        own: OwnAdvert,
        exchanges: Exchanges,
        identities: Identities,
        clock: Clock,
        entropy: Entropy,
        verify: Verify,
    ) -> None:
        self._acquaintances = acquaintances
        self._invitations = invitations
        self._own = own
        self._exchanges = exchanges
        self._identities = identities
        self._clock = clock
        self._entropy = entropy
        self._verify = verify

    async def invite(self, lasts_s: int | None, once: bool, trust: Trust) -> str:
        """The URL of an invitation. Raises `CannotMeet`."""
        me, page = self._identities.engine, self._identities.page
        if page is None:
            raise CannotMeet(
                "this engine is reached nowhere yet, so nobody could come", "`picomesh serve` starts it"
            )
        until_s = None if lasts_s is None else self._now_s() + lasts_s
        return await self._invitations.offer(self._entropy.seed(), me, page, until_s, once, trust)

    async def accept(self, text: str, name: str | None, trust: Trust) -> Acquaintance:
        """By an invitation, or the DID of an engine that knows this one. Durable when this returns, at both
        sides. Raises `CannotMeet`."""
        if name is not None and not is_name(name):
            raise CannotMeet(
                f"an engine cannot be called '{name[:60]}'", "letters, digits, spaces, '.', '-', '_'", True
            )
        whom, invitation = self._read(text)
        advert, jws = await self._say_hello(whom, invitation)
        return await self._keep(advert, jws, name, trust)

    def _read(self, text: str) -> tuple[Did, str | None]:
        if names_a_did(text.strip()):
            return self._check(did_of(text.strip())), None
        try:
            invitation = read_invitation(text)
        except BadInvitation as problem:
            raise CannotMeet(
                str(problem), "`picomesh engines invite` on the other engine makes one", True
            ) from None
        if invitation.body.get("goal_code") != protocol.GOAL:
            raise CannotMeet(
                "this is no invitation of an engine; perhaps one of a pico",
                "`picomesh connect ECI URL` accepts those for a pico",
                True,
            )
        if invitation.expires_time is not None and invitation.expires_time <= self._now_s():
            raise CannotMeet("the invitation is over", "ask for a new one: `picomesh engines invite` there")
        return self._check(did_of(str(invitation.from_))), invitation.id

    def _check(self, did: str) -> Did:
        engine = engine_of(did)
        if engine is None:
            raise CannotMeet(
                f"{show_did(did)} is not the DID of an engine", "`picomesh did show` prints that", True
            )
        if self._identities.is_engine(did):
            raise CannotMeet("that is this engine itself", "accept the invitation on the other engine", True)
        return Did(did)

    async def _say_hello(self, whom: Did, invitation: str | None) -> tuple[Advert, str]:
        now_s, me = self._now_s(), self._identities.engine
        id, own = self._entropy.seed(), await self._own.current()
        message = protocol.hello(id, me, whom, own, invitation, now_s, now_s + EXPIRES_S)
        try:
            letter = await self._exchanges.ask(message, whom)
        except Reported as problem:
            raise CannotMeet(f"the other engine refuses: {problem}", _HINTS.get(problem.code)) from None
        except CannotSend as problem:
            raise CannotMeet(
                f"the other engine cannot be reached: {problem}", "is it running, and reached there?"
            ) from None
        return self._read_welcome(whom, letter.message)

    def _read_welcome(self, whom: Did, welcome: Message) -> tuple[Advert, str]:
        jws: str = welcome.body["advert"]
        try:
            advert = read_advert(jws, self._verify, self._now_s())
        except BadAdvert as problem:
            raise CannotMeet(f"its advert is refused, as {problem.code}: {problem}") from None
        if advert.engine != engine_of(whom):
            raise CannotMeet("it welcomes with the advert of another engine")
        return advert, jws

    async def _keep(self, advert: Advert, jws: str, name: str | None, trust: Trust) -> Acquaintance:
        known = self._acquaintances.find(advert.engine)
        if known is None or known.trust == "heard":
            new = Acquaintance(
                advert.engine, advert.did, name or advert.name, trust, self._now_s(), jws, advert
            )
            return await self._acquaintances.keep(new)
        raised = trust if known.trust != "trusted" else known.trust
        again = replace(known, name=name or known.name, trust=raised, left_s=0)
        if known.advert is None or advert.sequence > known.advert.sequence:
            again = replace(again, did=advert.did, jws=jws, advert=advert)
        return await self._acquaintances.keep(again)

    async def part(self, known: Acquaintance) -> bool:
        """Say that it is not known here any more; whether it has heard that."""
        now_s = self._now_s()
        me, seed = self._identities.engine, self._entropy.seed()
        try:
            await self._exchanges.tell(
                protocol.goodbye(seed, me, known.did, now_s, now_s + EXPIRES_S), known.did
            )
        except CannotSend:
            return False
        return True

    def _now_s(self) -> int:
        return self._clock.now_ms() // 1000


_NEW = "ask for a new one: `picomesh engines invite` there"
_HINTS = {
    protocol.NOT_MET: "engines meet by an invitation: `picomesh engines invite` there, `engines add` here",
    "e.p.req.no-such-invitation": _NEW,
    "e.p.req.invitation-used": _NEW,
    "e.p.req.time.invitation-over": _NEW,
    "e.p.trust.not-allowed": "its owner has blocked this engine",
    "e.p.msg.not-spoken": "its version knows nothing of other engines; a newer one does",
    "e.p.me.busy": "it knows as many engines as it can; its owner may remove some",
}
