"""One looks whether somebody is back, at longer and longer intervals; then all follow, each line in order."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from engine.core.messages import AskLater, Question, SendEvent
from engine.core.model import Eci, EventId, PicoId
from engine.ports import Entropy
from engine.runtime.places import (
    FIRST_WAIT_MS,
    LINES_AT_ONCE,
    LONGEST_WAIT_MS,
    MOST_RELAPSES,
    OTHERS_TURN,
    SHARE,
    Pending,
    Places,
)
from tests.fakes.clock import SetClock
from tests.fakes.entropy import CountedEntropy

ANN = PicoId("ann")
PLACE = "https://bob.example/didcomm"
MINUTE_MS = 60_000
NEVER_MS = 1 << 50


@dataclass
class Post:
    """What sends errands, and is told by the test what comes of it."""

    clock: SetClock = field(default_factory=SetClock)
    entropy: Entropy = field(default_factory=CountedEntropy)
    sent: list[Pending] = field(default_factory=list)
    """Those that are under way."""
    looks: list[Pending] = field(default_factory=list)
    places: Places = field(init=False)
    count: int = 0

    def __post_init__(self) -> None:
        self.places = Places(self.clock, self.entropy, self._send, lambda _: None)

    def _send(self, one: Pending, is_look: bool) -> None:
        self.sent.append(one)
        if is_look:
            self.looks.append(one)

    def new(self, to: str = "did:of:bob", pico: PicoId = ANN, until_ms: int = NEVER_MS) -> Pending:
        self.count += 1
        event = SendEvent(Eci("e"), "far", "hello", {}, EventId(f"{self.count}"))
        errand = AskLater(Question("message", {"did": to}), None, event)
        return Pending(self.count, pico, errand, (pico, to), until_ms)

    def fail(self, one: Pending) -> None:
        """Nobody answered it, now."""
        if one in self.sent:
            self.sent.remove(one)
        self.places.wait(PLACE, one)

    def arrive(self, one: Pending) -> None:
        self.sent.remove(one)
        self.places.back(PLACE)
        self.places.gone(one, arrived=True)

    def pass_ms(self, time_ms: int) -> None:
        self.clock.move_to(self.clock.now_ms() + time_ms)

    def until_look(self) -> int:
        """Milliseconds until one of them is under way."""
        began_ms = self.clock.now_ms()
        while not self.sent:
            self.pass_ms(100)
        return self.clock.now_ms() - began_ms

    def wait_out(self, time_ms: int) -> None:
        """Look, in vain, for that long."""
        end_ms = self.clock.now_ms() + time_ms
        while self.clock.now_ms() < end_ms:
            self.pass_ms(100)
            for one in list(self.sent):
                self.fail(one)


def waiting(post: Post, number: int, to: str = "did:of:bob", pico: PicoId = ANN) -> list[Pending]:
    """So many that have all found nobody."""
    all = [post.new(to, pico) for _ in range(number)]
    for one in all:
        post.fail(one)
    return all


def test_one_looks_for_all() -> None:
    """The first of them; the others are not sent."""
    post = Post()
    all = waiting(post, 10)
    post.pass_ms(10 * MINUTE_MS)
    assert post.sent == post.looks == all[:1]


def test_the_wait_grows_with_the_absence_up_to_a_bound() -> None:
    """An eighth of it at first and ten minutes at last, and up to half of that more."""
    post = Post()
    waiting(post, 3)
    began_ms = post.clock.now_ms()
    for _ in range(100):
        away_ms = post.clock.now_ms() - began_ms
        least_ms = min(max(FIRST_WAIT_MS, away_ms // SHARE), LONGEST_WAIT_MS)
        assert least_ms - 100 <= post.until_look() <= least_ms * 3 // 2 + 100
        post.fail(post.sent[0])
    assert least_ms == LONGEST_WAIT_MS


@dataclass
class Loaded:
    """`engine.ports.Entropy` without any."""

    digit: str

    def seed(self) -> str:
        return self.digit * 32


def test_two_engines_do_not_look_at_the_same_time() -> None:
    """Though they have found out together: chance is in it, up to half of the wait."""
    early, late = Post(entropy=Loaded("0")), Post(entropy=Loaded("f"))
    for post in (early, late):
        waiting(post, 1)
    assert (early.until_look(), late.until_look()) == (FIRST_WAIT_MS, FIRST_WAIT_MS * 3 // 2)


@pytest.mark.parametrize("minutes", [1, 7, 60, 600])
def test_all_follow_in_order_when_somebody_answers(minutes: int) -> None:
    """One of a line at a time, so that nobody overtakes; within an eighth of the absence and half of that."""
    post = Post()
    all = waiting(post, 20)
    post.wait_out(minutes * MINUTE_MS)
    assert post.until_look() <= min(minutes * MINUTE_MS // SHARE, LONGEST_WAIT_MS) * 3 // 2 + 1_000
    looked = post.sent[0]
    arrived = []
    while post.sent:
        (one,) = post.sent
        arrived.append(one)
        post.arrive(one)
    assert arrived == [looked, *(one for one in all if one is not looked)]
    assert post.clock.calls == []


def test_so_many_lines_go_at_a_time() -> None:
    """And each gets its turn before one gets its second."""
    post = Post()
    for number in range(20):
        waiting(post, 2, to=f"did:of:{number}")
    post.places.back(PLACE)
    order = []
    while post.sent:
        assert len(post.sent) <= LINES_AT_ONCE
        order.append(post.sent[0].line)
        post.arrive(post.sent[0])
    assert len(order) == 40
    assert len(set(order[:20])) == 20


def test_whoever_comes_later_waits_behind_those_who_wait() -> None:
    """Of the same line; others are none of its business."""
    post = Post()
    first, second = waiting(post, 2)
    third, other = post.new(), post.new(to="did:of:eve")
    assert (post.places.join(third), post.places.join(other)) == (True, False)
    post.places.back(PLACE)
    fourth = post.new()
    assert post.places.join(fourth)
    for one in (first, second, third):
        assert post.sent == [one]
        post.arrive(one)
    assert post.sent == [fourth]
    assert not post.places.join(post.new()), "nobody waits any more, so several may be under way"


def test_a_place_that_is_gone_again_stops_those_who_follow() -> None:
    """They wait on, in the same order."""
    post = Post()
    all = waiting(post, 5)
    post.places.back(PLACE)
    post.arrive(all[0])
    post.fail(all[1])
    assert post.sent == []
    post.until_look()
    assert post.sent == [all[1]]


def test_one_that_went_beside_a_line_gets_into_it() -> None:
    """In its place in the order, while the one that is under way goes on."""
    post = Post()
    first, second = waiting(post, 2)
    post.places.back(PLACE)
    post.arrive(first)
    assert post.sent == [second]
    third = post.new()
    assert not post.places.join(third)
    post.fail(third)
    post.pass_ms(10 * MINUTE_MS)
    assert post.sent == [second], "nobody looks before it is known what becomes of that one"
    post.fail(second)
    post.until_look()
    assert post.sent == [second]
    post.arrive(second)
    assert post.sent == [third]


def test_one_that_nobody_can_take_is_in_nobody_s_way() -> None:
    """Another of its line looks now and then; when that one arrives and the first still does not, it waits
    by itself and the others go on."""
    post = Post()
    bad, *good = waiting(post, 5)
    arrived = []
    for _ in range(100):
        post.until_look() if not post.sent else None
        (one,) = post.sent
        if one is not bad:
            arrived.append(one)
            post.arrive(one)
        elif bad.relapses >= MOST_RELAPSES:
            post.sent.remove(bad)
            post.places.gone(bad, arrived=False)
        else:
            post.fail(bad)
        if len(arrived) == 4:
            break
    assert sorted(one.n for one in arrived) == [one.n for one in good]
    assert len(post.looks) <= 4 * OTHERS_TURN


def test_each_line_gets_its_look() -> None:
    """Though the first one's would never come to an end."""
    post = Post()
    waiting(post, 1)
    waiting(post, 1, to="did:of:eve")
    post.wait_out(MINUTE_MS)
    assert {one.line for one in post.looks[:2]} == {(ANN, "did:of:bob"), (ANN, "did:of:eve")}


def test_hope_has_one_look_at_once() -> None:
    """But not again and again: whoever gives hope may be anybody."""
    post = Post()
    waiting(post, 3)
    post.wait_out(600 * MINUTE_MS)
    before = len(post.looks)
    for _ in range(50):
        post.places.hope(PLACE)
        post.wait_out(100)
    assert 3 <= len(post.looks) - before <= 6


def test_one_that_is_given_up_is_sent_to_learn_so() -> None:
    """When its time is over, whenever the next look is."""
    post = Post()
    post.fail(post.new())
    late = post.new(until_ms=post.clock.now_ms() + 90 * MINUTE_MS)
    post.fail(late)
    post.wait_out(89 * MINUTE_MS)
    assert late not in post.sent
    post.pass_ms(MINUTE_MS)
    assert late in post.sent


def test_a_line_that_leads_elsewhere_waits_there() -> None:
    """All of it, when the first one finds out."""
    post = Post()
    first, second = waiting(post, 2)
    post.until_look()
    post.sent.remove(first)
    post.places.wait("https://new.example", first)
    post.places.back(PLACE)
    assert post.sent == []
    post.places.back("https://new.example")
    post.sent.remove(first)
    post.places.gone(first, arrived=True)
    assert post.sent == [second]


def test_what_is_forgotten_is_not_sent() -> None:
    """Those of one pico, and nothing of them is left."""
    post = Post()
    waiting(post, 3)
    (other,) = waiting(post, 1, pico=PicoId("eve"))
    post.places.forget(ANN)
    post.places.back(PLACE)
    assert post.sent == [other]
    post.arrive(other)
    assert (post.places._places, post.places._where, post.clock.calls) == ({}, {}, [])
