"""Places where nobody answered are left alone for a while, but for one who finds out."""

from __future__ import annotations

from engine.runtime.away import FIRST_WAIT_MS, LONGEST_WAIT_MS, REMEMBERED, Away
from tests.fakes.clock import SetClock

HERE, THERE = "http://here.example", "http://there.example"


def away() -> tuple[SetClock, Away]:
    clock = SetClock()
    return clock, Away(clock.now_ms)


def pass_ms(clock: SetClock, time_ms: int) -> None:
    clock.move_to(clock.now_ms() + time_ms)


def test_a_place_that_failed_is_left_alone_for_a_while() -> None:
    """With the reason; others are not."""
    clock, absences = away()
    absences.failed(THERE, "refused")
    assert (absences.reason(THERE), absences.reason(HERE)) == ("refused", None)
    pass_ms(clock, FIRST_WAIT_MS)
    assert absences.reason(THERE) is None


def test_one_finds_out_for_all() -> None:
    """While it does, the others wait; when somebody answers, nobody does any more."""
    clock, absences = away()
    absences.failed(THERE, "refused")
    pass_ms(clock, FIRST_WAIT_MS)
    assert [absences.reason(THERE) for _ in range(3)] == [None, "refused", "refused"]
    absences.answered(THERE)
    assert absences.reason(THERE) is None


def test_the_wait_grows_up_to_a_bound() -> None:
    """Those who were under way together when the place failed make it no longer."""
    clock, absences = away()
    waits = []
    for _ in range(8):
        for _ in range(4):
            absences.failed(THERE, "refused")
        began_ms = clock.now_ms()
        while absences.reason(THERE) is not None:
            pass_ms(clock, 100)
        waits.append(clock.now_ms() - began_ms)
    assert waits[0] == FIRST_WAIT_MS
    assert waits[1] == 2 * FIRST_WAIT_MS
    assert waits[-1] == LONGEST_WAIT_MS


def test_so_many_places_are_remembered_and_no_more() -> None:
    """The one that failed longest ago is forgotten."""
    _, absences = away()
    for number in range(REMEMBERED + 1):
        absences.failed(f"http://{number}.example", "refused")
    assert absences.reason("http://0.example") is None
    assert absences.reason("http://1.example") == "refused"
