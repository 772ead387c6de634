"""The header `Picomesh-Time`: what it does in front of the routes, and what is none."""

from __future__ import annotations

import pytest

from engine.adapters.http import Limits, follow_time, make_app
from engine.core.messages import Refusal
from tests.engine.adapters.browser import Browser
from tests.fakes.fake_host import ROOT, FakeHost

WAIT = f"/c/{ROOT}/event-wait/d/t"


class Hands:
    """Moves a clock, and knows what had happened by then."""

    def __init__(self, host: FakeHost, refusal: Refusal | None = None) -> None:
        self.moves: list[tuple[int, int]] = []
        """To what time, and after how many events."""
        self._host = host
        self._refusal = refusal

    async def reach(self, time_ms: int) -> Refusal | None:
        self.moves.append((time_ms, len(self._host.events)))
        return self._refusal


def client(host: FakeHost, hands: Hands) -> Browser:
    return Browser(follow_time(make_app(host, Limits(1000, 8)), hands.reach))


def test_time_moves_before_the_request_is_looked_at() -> None:
    """On every route, also on those that are about the engine."""
    host = FakeHost()
    hands = Hands(host)
    browser = client(host, hands)
    assert browser.post(WAIT, headers={"Picomesh-Time": "5"}).json()["eid"] == "event-0"
    assert browser.get("/api/tree", headers={"picomesh-time": " 7 "}).status_code == 200
    assert hands.moves == [(5, 0), (7, 1)]


def test_a_request_without_the_header_moves_nothing() -> None:
    """It is answered at the time it is."""
    host = FakeHost()
    hands = Hands(host)
    assert client(host, hands).post(WAIT).status_code == 200
    assert hands.moves == []


def test_an_engine_without_a_virtual_clock_ignores_the_header() -> None:
    """Whatever it says."""
    response = Browser(make_app(FakeHost(), Limits(1000, 8))).get(WAIT, headers={"Picomesh-Time": "noon"})
    assert response.status_code == 200


NO_TIMES = ["", "noon", "-1", "+1", "1.5", "1e3", "1_000", "0x10", "\u0661".encode(), "9" * 17]


@pytest.mark.parametrize("text", NO_TIMES)
def test_a_header_that_is_no_time_is_refused(text: str | bytes) -> None:
    """With what would be one; neither the clock nor a pico hears of it."""
    host = FakeHost()
    hands = Hands(host)
    response = client(host, hands).post(WAIT, headers={"Picomesh-Time": text})
    assert (response.status_code, response.json()["code"]) == (400, "malformed")
    assert response.json()["hint"] == "send milliseconds since 1970, in digits"
    assert (hands.moves, host.events) == ([], [])


def test_two_times_are_no_time() -> None:
    """Nothing is guessed."""
    host = FakeHost()
    headers = [("Picomesh-Time", "5"), ("Picomesh-Time", "6")]
    assert client(host, Hands(host)).post(WAIT, headers=headers).status_code == 400


def test_where_time_cannot_get_the_request_is_not_run() -> None:
    """The refusal is the answer, as a problem like any other."""
    host = FakeHost()
    hands = Hands(host, Refusal("quota", "picos are still busy", "send it again"))
    response = client(host, hands).post(WAIT, headers={"Picomesh-Time": "5"})
    assert (response.status_code, response.json()["detail"]) == (429, "picos are still busy")
    assert host.events == []
