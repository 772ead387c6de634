"""Passes: what is kept of them, when they end, and that nobody can make one up."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.access import SCOPES, TokenScope
from engine.ports import SetFact
from engine.runtime import access as module
from engine.runtime.access import FACT, Access, Lasting, TooManyTokens
from engine.runtime.genesis import ROOT_PICO
from tests.engine.in_loop import in_loop
from tests.fakes.clock import SetClock
from tests.fakes.entropy import CountedEntropy
from tests.fakes.memory_journal import Disk, MemoryJournal

HOUR_MS = 3_600_000


class Place:
    """An engine's passes, on a disk that outlives them."""

    def __init__(self) -> None:
        self.disk, self.clock, self.entropy = Disk(), SetClock(), CountedEntropy()

    def open(self) -> Access:
        journal = MemoryJournal(self.disk)
        return Access(journal, self.clock.now_ms, self.entropy, Lasting(24 * HOUR_MS, HOUR_MS))


@in_loop
async def test_tokens_and_logins_outlive_the_engine() -> None:
    """The owner's token and links that nobody has followed do not."""
    place = Place()
    before = place.open()
    token, _ = await before.create_token("laptop", "send", None)
    made = await before.log_in(before.make_link("read"))
    assert made is not None
    owner, link = before.admit_owner(), before.make_link()
    after = place.open()
    assert [after.identify(one) is not None for one in (token, made[0], owner)] == [True, True, False]
    assert await after.log_in(link) is None


@in_loop
async def test_the_journal_has_no_secrets() -> None:
    """Whoever reads it, or a backup, can act as nobody."""
    place = Place()
    access = place.open()
    secrets = [(await access.create_token("laptop", "admin", None))[0]]
    made = await access.log_in(access.make_link())
    assert made is not None
    kept = MemoryJournal(place.disk).fact(FACT) or ""
    assert kept.count('"hash"') == 2
    for secret in (*secrets, made[0]):
        assert secret not in kept
        assert secret.rpartition("_")[2] not in kept


@in_loop
async def test_everything_ends_when_it_was_to() -> None:
    """A link after an hour, a login after a day, a token when it was said; one without end never."""
    place = Place()
    access = place.open()
    short, _ = await access.create_token("short", "read", place.clock.now_ms() + 1000)
    for_ever, _ = await access.create_token("for ever", "read", None)
    late, in_time = access.make_link(), access.make_link()
    place.clock.time_ms += HOUR_MS - 1
    made = await access.log_in(in_time)
    assert made is not None
    place.clock.time_ms += 1
    assert await access.log_in(late) is None
    assert access.identify(short) is None
    place.clock.time_ms += 24 * HOUR_MS - 2
    assert access.identify(made[0]) is not None
    place.clock.time_ms += 1
    assert access.identify(made[0]) is None
    assert access.identify(for_ever) is not None
    assert [one.name for one in access.tokens()] == ["for ever"]


@in_loop
async def test_a_login_by_a_token_ends_with_it() -> None:
    """When its time is over, as when it is revoked."""
    place = Place()
    access = place.open()
    secret, token = await access.create_token("day", "send", place.clock.now_ms() + HOUR_MS)
    made = await access.log_in(secret)
    assert made is not None
    assert (made[1].scope, made[1].until_ms) == ("send", token.until_ms)
    await access.revoke(token.id)
    assert access.identify(made[0]) is None


@in_loop
async def test_a_login_is_no_way_to_another_login() -> None:
    """Or it would go on for ever."""
    access = Place().open()
    made = await access.log_in(access.make_link())
    assert made is not None
    assert await access.log_in(made[0]) is None


@in_loop
async def test_there_are_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of logins and links the oldest make room; tokens are refused, since programs count on theirs."""
    for name in ("MOST_TOKENS", "MOST_SESSIONS", "MOST_LINKS"):
        monkeypatch.setattr(module, name, 2)
    access = Place().open()
    links = [access.make_link() for _ in range(3)]
    assert await access.log_in(links[0]) is None
    sessions = []
    for link in (*links[1:], None):
        made = await access.log_in(link or access.make_link())
        assert made is not None
        sessions.append(made[0])
    assert [access.identify(one) is not None for one in sessions] == [False, True, True]
    for name in "ab":
        await access.create_token(name, "read", None)
    with pytest.raises(TooManyTokens):
        await access.create_token("c", "read", None)


def test_scopes_contain_each_other() -> None:
    """What one may is what those below it may, and more."""
    access = Place().open()
    owner = access.identify(access.admit_owner())
    assert owner is not None
    assert all(owner.allows(scope) for scope in SCOPES)


@given(st.text(max_size=90) | st.from_regex(r"pm_[0-9a-f]{8}_[0-9a-f]{64}", fullmatch=True))
def test_what_nobody_was_given_lets_nobody_in(text: str) -> None:
    """Whatever it looks like."""
    access = Place().open()
    access.admit_owner()
    access.make_link()
    assert access.identify(text) is None


@in_loop
async def test_a_secret_with_one_digit_changed_is_none() -> None:
    """In its id as well as behind it."""
    access = Place().open()
    scope: TokenScope = "read"
    secret, _ = await access.create_token("laptop", scope, None)
    assert re.fullmatch(r"pm_[0-9a-f]{8}_[0-9a-f]{64}", secret)
    for place in range(len(secret)):
        other = "0" if secret[place] != "0" else "1"
        assert access.identify(secret[:place] + other + secret[place + 1 :]) is None
    assert access.identify(secret) is not None


@in_loop
async def test_engines_tell_their_cookies_apart() -> None:
    """Two on one machine, since cookies do not know ports."""
    first, second = MemoryJournal(), MemoryJournal()
    await second.commit([SetFact(ROOT_PICO, "another")])
    clock, entropy = SetClock(), CountedEntropy()
    assert Access(first, clock.now_ms, entropy).mark() != Access(second, clock.now_ms, entropy).mark()
