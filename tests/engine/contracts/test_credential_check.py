"""What whoever checks shown credentials promises, held against the real one and the one tests use instead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from engine.adapters.credentials import (
    Credential,
    Didkit,
    Issuer,
    OwnLists,
    Place,
    PresentationChecks,
    Signer,
    open_store,
    present,
    to_list,
)
from engine.adapters.credentials.checking import THREADS
from engine.adapters.credentials.own_proofs import write_token
from engine.adapters.credentials.tokens import to_claims
from engine.core.dids import Did
from engine.core.vouching import Doubt, Shown
from engine.ports import CredentialCheck, Presentation, WebRequest, WebResponse
from tests.engine.adapters.credentials.people import FAR_OFF_S, LONG_AGO_S, NOW_S, OURS, document
from tests.engine.in_loop import in_loop
from tests.fakes.credential_check import Card, FakeCredentialCheck
from tests.fakes.credential_check import show as show_plainly
from tests.fakes.credential_check import status_list as list_plainly
from tests.fakes.web import FakeWeb

GUILD = Signer("did:web:guild.example", "did:web:guild.example#key-1", b"\5" * 32)
HOME = Signer("did:web:home.example", "did:web:home.example#key-1", b"\6" * 32)
"""The engine itself, which has issued some too."""
STRANGER = Signer("did:web:stranger.example", "did:web:stranger.example#key-1", b"\7" * 32)
PEOPLE = {one.did: one for one in (GUILD, HOME, STRANGER, OURS)}
LIST, OWN_LIST = "urn:uuid:of-the-guild", "urn:uuid:of-this-home"
REVOKED = 7
"""The place in either list that is."""
US = Did("did:example:us")
CARD = Card(
    GUILD.did, OURS.did, claims={"role": "host", "picos": 5}, valid_from_s=LONG_AGO_S, valid_until_s=FAR_OFF_S
)


class HomeKeys:
    """`engine.ports.Keys`: there is one, for one purpose."""

    def derive(self, purpose: str) -> bytes:
        return {"home": HOME.seed}[purpose]


class Bench(Protocol):
    """One who checks, and how what he checks is made."""

    check: CredentialCheck

    def show(self, *cards: Card, holder: str, challenge: str, audience: str) -> str: ...

    def status_list(self, name: str, issuer: str, revoked: Collection[int]) -> str: ...


@dataclass
class PlainBench:
    """The fake: nothing is signed."""

    check: CredentialCheck
    show = staticmethod(show_plainly)
    status_list = staticmethod(list_plainly)


@dataclass
class RealBench:
    """Everybody has a DID whose document is looked up, so didkit is not needed."""

    check: CredentialCheck

    def show(self, *cards: Card, holder: str, challenge: str, audience: str) -> str:
        texts = [write_token(to_claims(_credential(card)), PEOPLE[card.issuer]) for card in cards]
        return present(texts, PEOPLE[holder], challenge, audience, Didkit())

    def status_list(self, name: str, issuer: str, revoked: Collection[int]) -> str:
        made = to_list(name, issuer, revoked, LONG_AGO_S, FAR_OFF_S)
        return write_token(to_claims(made), PEOPLE[issuer])


def _credential(card: Card) -> Credential:
    place = None if card.place is None else Place(card.list, card.place)
    name = f"urn:uuid:{hash((card.issuer, card.place))}"
    said = (card.types, card.claims, card.valid_from_s, card.valid_until_s, place)
    return Credential(name, card.issuer, card.subject, *said)


@contextmanager
def open_fake(home: Path) -> Iterator[Bench]:
    yield PlainBench(FakeCredentialCheck({OWN_LIST: {REVOKED}}))


@contextmanager
def open_real(home: Path) -> Iterator[Bench]:
    async def fetch(did: str) -> Mapping[str, Any] | None:
        return document(PEOPLE[did]) if did in PEOPLE else None

    with closing(open_store(home / "credentials.db")) as store:
        place = store.take_place(lambda _: REVOKED, lambda: OWN_LIST, Issuer(HOME.did, HOME.key_id, "home"))
        store.add_issued("urn:uuid:mine", place, "a text")
        store.revoke("urn:uuid:mine", NOW_S - 1)
    own = OwnLists(home / "credentials.db", HomeKeys())
    check = PresentationChecks(fetch, FakeWeb(_nothing), own.find)
    try:
        yield RealBench(check)
    finally:
        check.stop()


def _nothing(request: WebRequest) -> WebResponse:
    raise AssertionError(f"{request.url} was asked for")


@pytest.fixture(params=[open_real, open_fake], ids=["real", "fake"])
def open_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], AbstractContextManager[Bench]]:
    return lambda: request.param(tmp_path)


OpenBench = Callable[[], AbstractContextManager[Bench]]


def shown(bench: Bench, *cards: Card, **changes: Any) -> Presentation:
    """In a message `m1` to us, by whom it is about, where the guild and this home are believed."""
    bound = {"holder": OURS.did, "challenge": "m1", "audience": US} | changes
    issuers = frozenset((GUILD.did, HOME.did))
    return Presentation(bench.show(*cards, **bound), "m1", US, Did(OURS.did), issuers)


async def code(bench: Bench, presentation: Presentation, now_s: int = NOW_S) -> str:
    found = await bench.check.check(presentation, now_s)
    return found.code if isinstance(found, Doubt) else "good"


@in_loop
async def test_what_is_good_is_told_as_it_was_said(open_bench: OpenBench) -> None:
    """Types, issuer and claims, and the second in which it ends; each time, and each of several."""
    member = replace(CARD, types=("Member", "Friend"), claims={"level": 3})
    expected = (
        (Shown(("Supplier",), GUILD.did, {"role": "host", "picos": 5}), FAR_OFF_S),
        (Shown(("Member", "Friend"), GUILD.did, {"level": 3}), FAR_OFF_S),
    )
    with open_bench() as bench:
        presentation = shown(bench, CARD, member)
        for _ in range(2):
            assert await bench.check.check(presentation, NOW_S) == expected


@in_loop
async def test_one_without_an_end_has_none(open_bench: OpenBench) -> None:
    """Whoever remembers it has to set an end himself."""
    with open_bench() as bench:
        found = await bench.check.check(shown(bench, replace(CARD, valid_until_s=None)), NOW_S)
        assert not isinstance(found, Doubt)
        assert [until_s for _, until_s in found] == [None]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"holder": STRANGER.did}, "wrong-subject"),
        ({"challenge": "m2"}, "wrong-challenge"),
        ({"audience": "did:example:others"}, "wrong-domain"),
    ],
)
@in_loop
async def test_a_presentation_is_good_in_one_message(
    open_bench: OpenBench, changes: dict[str, Any], expected: str
) -> None:
    """By whom, in which, and to whom."""
    with open_bench() as bench:
        assert await code(bench, shown(bench, CARD, **changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"issuer": STRANGER.did}, "wrong-issuer"),
        ({"subject": STRANGER.did}, "wrong-subject"),
        ({"valid_from_s": NOW_S + 1}, "not-yet-valid"),
        ({"valid_until_s": NOW_S}, "expired"),
        ({"valid_until_s": NOW_S + 1}, "good"),
    ],
)
@in_loop
async def test_each_credential_has_to_be_good(
    open_bench: OpenBench, changes: dict[str, Any], expected: str
) -> None:
    """One that is not makes all of them doubtful: it was shown as good."""
    with open_bench() as bench:
        assert await code(bench, shown(bench, CARD, replace(CARD, **changes))) == expected


@pytest.mark.parametrize(("place", "expected"), [(REVOKED, "revoked"), (REVOKED + 1, "good")])
@in_loop
async def test_a_list_that_was_brought_along_counts(open_bench: OpenBench, place: int, expected: str) -> None:
    """If it is the issuer's, and the one that the credential names; without it nobody knows."""
    card = replace(CARD, list=LIST, place=place)
    with open_bench() as bench:
        lists = [
            bench.status_list(*of, {REVOKED})
            for of in ((LIST, GUILD.did), ("urn:uuid:another", GUILD.did), (LIST, STRANGER.did))
        ]
        presentation = shown(bench, card)
        assert await code(bench, replace(presentation, lists=tuple(lists[:1]))) == expected
        for useless in ((), (lists[1],), (lists[2],)):
            assert await code(bench, replace(presentation, lists=useless)) == "status-unknown"


@pytest.mark.parametrize(("place", "expected"), [(REVOKED, "revoked"), (REVOKED + 1, "good")])
@in_loop
async def test_of_what_this_home_has_issued_its_own_list_counts(
    open_bench: OpenBench, place: int, expected: str
) -> None:
    """Nobody has to bring it, and an older one that somebody brings changes nothing."""
    card = replace(CARD, issuer=HOME.did, list=OWN_LIST, place=place)
    with open_bench() as bench:
        presentation = shown(bench, card)
        old = bench.status_list(OWN_LIST, HOME.did, ())
        assert await code(bench, presentation) == expected
        assert await code(bench, replace(presentation, lists=(old,))) == expected


@pytest.mark.parametrize("text", ["", "nonsense", "{}", "[]", "a.b.c", "e30.e30.", '{"shown": 7}', "\ud800"])
@in_loop
async def test_what_is_no_presentation_is_doubted(open_bench: OpenBench, text: str) -> None:
    """Whatever it is: it came from a stranger."""
    with open_bench() as bench:
        presentation = replace(shown(bench, CARD), text=text)
        assert await code(bench, presentation) in ("malformed", "wrong-subject", "unsupported")


@in_loop
async def test_many_at_once_get_their_own_answers(open_bench: OpenBench) -> None:
    """In whatever order they are looked at."""
    with open_bench() as bench:
        presentations = [shown(bench, replace(CARD, claims={"n": number})) for number in range(20)]
        found = await asyncio.gather(*(bench.check.check(one, NOW_S) for one in presentations))
    numbers = [shown.claims["n"] for one in found if not isinstance(one, Doubt) for shown, _ in one]
    assert numbers == list(range(20))


@in_loop
async def test_once_stopped_nothing_is_found_any_more(open_bench: OpenBench) -> None:
    """Nor does it hold up the end; stopping twice is once."""
    with open_bench() as bench:
        presentation = shown(bench, CARD)
        bench.check.stop()
        bench.check.stop()
        assert await code(bench, presentation) == "unavailable"


@in_loop
async def test_what_waits_for_its_turn_when_all_ends_asks_nobody_any_more() -> None:
    """Only so many are looked at at a time; those that come after them find that nothing is fetched now."""
    asked, all_ask, never = list[str](), asyncio.Event(), asyncio.Event()

    async def fetch(did: str) -> None:
        asked.append(did)
        if len(asked) == THREADS:
            all_ask.set()
        await never.wait()

    bench = RealBench(PresentationChecks(fetch, FakeWeb(_nothing)))
    looks = [asyncio.create_task(code(bench, shown(bench, CARD))) for _ in range(THREADS + 1)]
    await all_ask.wait()
    bench.check.stop()
    assert "good" not in await asyncio.gather(*looks)
    assert len(asked) == THREADS
