"""A connection is answered on as its other end asks, and forgotten when it closes."""

from __future__ import annotations

import pytest

from engine.core.didcomm.messages import Message
from engine.core.dids import Did
from engine.runtime.lines import MOST_ON_A_LINE, Line, Lines, Live, NoLine

ANN, BEN, ENGINE = Did("did:example:ann"), Did("did:example:ben"), Did("did:example:engine")


def wishing(return_route: object) -> Message:
    return Message("1", "https://example.org/x/1.0/y", headers={"return_route": return_route})


PLAIN = Message("1", "https://example.org/x/1.0/y")


@pytest.mark.parametrize(
    ("wish", "now", "later"),
    [("all", True, True), ("thread", True, False), ("none", False, False), (7, False, False)],
)
def test_who_asks_is_answered_along_the_line(wish: object, now: bool, later: bool) -> None:
    """`all` is for everything that follows, `thread` for this message; nobody else is meant."""
    line = Line()
    assert line.heed(wishing(wish), ANN) is now
    assert line.heed(PLAIN, ANN) is later
    assert line.heed(PLAIN, BEN) is False


def test_a_wish_can_be_taken_back() -> None:
    """From then on answers go to wherever the sender is reached."""
    line = Line()
    line.heed(wishing("all"), ANN)
    assert line.heed(wishing("none"), ANN) is False
    assert line.heed(PLAIN, ANN) is False


def test_along_no_line_nobody_is_answered() -> None:
    """What was fetched came along none."""
    assert NoLine().heed(wishing("all"), ANN) is False


def test_a_line_does_not_remember_the_whole_world() -> None:
    """Whoever has a connection can make up DIDs without end; the message itself is answered all the same."""
    line = Line()
    for number in range(10 * MOST_ON_A_LINE):
        assert line.heed(wishing("all"), Did(f"did:example:{number}"))
    assert len(line.returning) == MOST_ON_A_LINE


def test_a_line_that_is_closed_hears_of_no_more_mail() -> None:
    """And nothing is left of it, or an engine would grow with every connection there ever was."""
    lines, first, second = Lines(), Line(), Line()
    for line in (first, second):
        lines.go_live(line, ANN, Live(ENGINE, ANN, 0))
        line.news.clear()
    lines.close(first)
    lines.tell(ANN)
    assert (first.news.is_set(), second.news.is_set()) == (False, True)
    assert first.live == {}
    lines.close(second)
    assert not lines._of
