"""What is remembered of presentations, and for how long; what waits for what."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.adapters.credentials import Didkit, PresentationChecks, Signer, present
from engine.adapters.credentials.own_proofs import write_token
from engine.adapters.credentials.tokens import to_claims
from engine.core.didcomm.attachments import Attachment, AttachmentData, Embedded
from engine.core.didcomm.messages import Message
from engine.core.dids import Did
from engine.core.messages import Refusal
from engine.core.model import CredentialAsked, Eci
from engine.core.protocols import picomesh, trust_ping
from engine.core.vouching import Doubt, Shown
from engine.ports import Letter, Presentation, WebRequest, WebResponse
from engine.runtime.showings import MOST_AT_ONCE, MOST_SENDERS, MOST_SHOWN, REMEMBERED_S, Showings
from tests.engine.adapters.credentials.people import NOW_S, OURS, credential, document
from tests.engine.in_loop import in_loop
from tests.fakes.credential_check import Card, FakeCredentialCheck, show

ECI, ANN, US = Eci("eci"), Did("did:example:ann"), Did("did:example:us")
ASKED = CredentialAsked(("Supplier",), ("did:example:guild",))
CARD = Shown(("Supplier",), "did:example:guild", {})
CARD_OF_ANN = Card("did:example:guild", ANN)
WEB = Signer("did:web:guild.example", "did:web:guild.example#key-1", b"\5" * 32)


def letter(*cards: Card, sender: Did | None = ANN) -> Letter:
    """A message that shows these, or else the one that there is."""
    holder = str(sender)
    about = [replace(card, subject=holder) for card in cards or (CARD_OF_ANN,)]
    text = show(*about, holder=holder, challenge="m1", audience=US)
    attached = Attachment(AttachmentData(json=Embedded(text)), format=picomesh.PRESENTATION)
    message = Message("m1", trust_ping.PING, expires_time=NOW_S + 60, attachments=(attached,))
    return Letter(message, sender, US)


def showings(now_s: list[int] | None = None) -> tuple[Showings, FakeCredentialCheck]:
    check, clock = FakeCredentialCheck(), now_s or [NOW_S]
    return Showings(check, lambda: clock[0] * 1000), check


@in_loop
async def test_a_credential_is_remembered_until_it_ends() -> None:
    """And for an hour, if it goes on longer or has no end."""
    now_s = [NOW_S]
    member, guest = (replace(CARD, types=(name,)) for name in ("Member", "Guest"))
    ends = {"Supplier": NOW_S + 10, "Member": NOW_S + 10 * REMEMBERED_S, "Guest": None}
    cards = [replace(CARD_OF_ANN, types=(name,), valid_until_s=end_s) for name, end_s in ends.items()]
    kept, _ = showings(now_s)
    assert await kept.look_at(letter(*cards), ECI, [ASKED]) is None
    known = []
    for later in (9, 10, REMEMBERED_S - 1, REMEMBERED_S):
        now_s[0] = NOW_S + later
        known.append(kept.known(ECI, ANN))
    assert known == [(CARD, member, guest), (member, guest), (member, guest), ()]


@in_loop
async def test_it_is_that_senders_at_that_channel() -> None:
    """The two forms of a did:peer:4 are one sender; nobody is none."""
    kept, check = showings()
    await kept.look_at(letter(sender=Did("did:peer:4zQmShort:z2Long")), ECI, [ASKED])
    assert kept.known(ECI, Did("did:peer:4zQmShort")) == (CARD,)
    for eci, who in ((Eci("other"), Did("did:peer:4zQmShort")), (ECI, ANN), (ECI, None)):
        assert kept.known(eci, who) == ()
    assert await kept.look_at(letter(sender=None), ECI, [ASKED]) is None
    assert len(check.asked) == 1


@in_loop
async def test_a_presentation_is_bound_to_its_message() -> None:
    """Which is what is looked for: its id, its recipient, its sender; and the issuers of the policy."""
    kept, check = showings()
    await kept.look_at(letter(), ECI, [ASKED, replace(ASKED, issuers=("did:example:b",))])
    issuers = frozenset(("did:example:guild", "did:example:b"))
    text = show(CARD_OF_ANN, holder=ANN, challenge="m1", audience=US)
    assert check.asked == [Presentation(text, "m1", US, ANN, issuers)]


@in_loop
async def test_what_is_doubted_is_not_remembered() -> None:
    """Nor does it take away what was shown before."""
    kept, _ = showings()
    await kept.look_at(letter(), ECI, [ASKED])
    doubt = await kept.look_at(letter(replace(CARD_OF_ANN, valid_until_s=NOW_S)), ECI, [ASKED])
    assert isinstance(doubt, Doubt)
    assert doubt.code == "expired"
    assert kept.known(ECI, ANN) == (CARD,)


@in_loop
async def test_memory_is_bounded() -> None:
    """Those who have shown something longest ago are forgotten first."""
    kept, _ = showings()
    for number in range(MOST_SENDERS + 1):
        await kept.look_at(letter(sender=Did(f"did:example:{number}")), ECI, [ASKED])
    known = [bool(kept.known(ECI, Did(f"did:example:{number}"))) for number in (0, 1, MOST_SENDERS)]
    assert known == [False, True, True]
    for number in range(MOST_SHOWN + 1):
        await kept.look_at(letter(replace(CARD_OF_ANN, claims={"n": number})), ECI, [ASKED])
    claims: list[Mapping[str, Any]] = [one.claims for one in kept.known(ECI, ANN)]
    assert claims == [{"n": number} for number in range(MOST_SHOWN, 0, -1)]


@in_loop
async def test_too_many_at_once_are_asked_to_come_again() -> None:
    """Whoever verifies is slow, so there is a queue, and it has an end."""
    kept, check = showings()
    check.gate.clear()
    waiting = [asyncio.create_task(kept.look_at(letter(), ECI, [ASKED])) for _ in range(MOST_AT_ONCE)]
    await asyncio.sleep(0)
    refusal = await kept.look_at(letter(), ECI, [ASKED])
    assert isinstance(refusal, Refusal)
    assert refusal.kind == "quota"
    check.gate.set()
    assert await asyncio.gather(*waiting) == [None] * MOST_AT_ONCE
    assert await kept.look_at(letter(), ECI, [ASKED]) is None


class Nowhere:
    """`engine.ports.WebClient` that waits for ever."""

    async def send(self, request: WebRequest) -> WebResponse:
        await asyncio.get_running_loop().create_future()
        raise AssertionError("unreachable")


@in_loop
async def test_an_engine_that_ends_waits_for_no_issuer() -> None:
    """Meanwhile it has gone on with everything else, since verifying is done in a thread."""
    asking = asyncio.Event()

    async def fetch(did: str) -> Mapping[str, Any] | None:
        if did == OURS.did:
            return document(OURS)
        asking.set()
        await asyncio.get_running_loop().create_future()
        return None

    checks = PresentationChecks(fetch, Nowhere())
    card = write_token(to_claims(credential(issuer=WEB.did, subject=OURS.did)), WEB)
    shown = present([card], OURS, "m1", US, Didkit())
    looked = asyncio.create_task(
        checks.check(Presentation(shown, "m1", US, Did(OURS.did), frozenset((WEB.did,))), NOW_S)
    )
    await asking.wait()
    checks.stop()
    found = await looked
    assert isinstance(found, Doubt)
    assert found.code == "unknown-issuer"
    late = await checks.check(Presentation(shown, "m1", US, Did(OURS.did), frozenset((WEB.did,))), NOW_S)
    assert isinstance(late, Doubt)
    assert late.code == "unavailable"
