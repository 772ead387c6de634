"""One move as it should be, and what each side answers to strangers, newer entries and old attempts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.core.migration import Footing, Seat, acts, forwards_to, is_settled, react
from engine.core.migration.messages import (
    Accept,
    AskAround,
    Attempt,
    Cancel,
    Confirmed,
    Consider,
    Entry,
    Fetch,
    Finish,
    Finished,
    Forgotten,
    Handoff,
    Head,
    Late,
    Moved,
    NotHere,
    Offer,
    Publish,
    Ready,
    Release,
    Resend,
    Seen,
    Send,
    Sign,
    Signed,
    Staged,
    Started,
    Taken,
    Tell,
    Unknown,
    Wanted,
    Where,
    Willing,
)
from engine.core.migration.source import MOST_PAST, Phase, Source
from engine.core.migration.target import NOTHING

FIRST = Entry(1, "1-a", "home", "key of home")
SECOND = Entry(2, "2-b", "away", "key of away")
ATTEMPT = Attempt(1, 1, "first", "home", "away")
HEAD = Head(7, "state", "cid")
BEGIN = Seat("home", Source(Phase.LIVE, FIRST))


def after(seat: Seat, *messages: Any) -> Seat:
    for message in messages:
        seat, _ = react(seat, message)
    return seat


def said(seat: Seat, message: Any, footing: Footing = Footing.SURE) -> list[Any]:
    """What is sent to the other side."""
    return [one.message for one in react(seat, message, footing)[1] if isinstance(one, Send)]


OFFERED = after(BEGIN, Wanted(ATTEMPT))
LEAVING = after(OFFERED, Finished(ATTEMPT, HEAD))
RELEASED = after(LEAVING, Signed(ATTEMPT, SECOND))
ACCEPTED = after(Seat("away"), Willing(ATTEMPT, "key of away"))
STAGED = after(ACCEPTED, Staged(ATTEMPT, HEAD))
ARRIVED = after(STAGED, Release(ATTEMPT, SECOND))


def test_a_move_goes_through_its_phases() -> None:
    """Each step leads to what the other side, or the engine itself, says next."""
    conversation: list[tuple[Seat, Any, Any]] = [
        (BEGIN, Wanted(ATTEMPT), Send("away", Offer(ATTEMPT))),
        (Seat("away"), Offer(ATTEMPT), Consider(ATTEMPT)),
        (Seat("away"), Willing(ATTEMPT, "key of away"), Send("home", Accept(ATTEMPT, "key of away"))),
        (OFFERED, Accept(ATTEMPT, "key of away"), Finish(ATTEMPT)),
        (OFFERED, Finished(ATTEMPT, HEAD), Send("away", Handoff(ATTEMPT, HEAD))),
        (ACCEPTED, Handoff(ATTEMPT, HEAD), Fetch(ATTEMPT, HEAD)),
        (ACCEPTED, Staged(ATTEMPT, HEAD), Send("home", Ready(ATTEMPT, HEAD, "key of away"))),
        (LEAVING, Ready(ATTEMPT, HEAD, "key of away"), Sign(ATTEMPT, "key of away")),
        (LEAVING, Signed(ATTEMPT, SECOND), Send("away", Release(ATTEMPT, SECOND))),
        (STAGED, Release(ATTEMPT, SECOND), Send("home", Taken(ATTEMPT, SECOND))),
        (STAGED, Release(ATTEMPT, SECOND), Publish(SECOND)),
        (RELEASED, Taken(ATTEMPT, SECOND), Tell("departed")),
    ]
    for seat, message, effect in conversation:
        assert effect in react(seat, message)[1]


def test_it_takes_turns_until_it_leaves_and_from_when_it_is_released_there() -> None:
    """In between it takes messages in, and nobody runs them."""
    assert [acts(seat) for seat in (BEGIN, OFFERED, LEAVING, RELEASED)] == [True, True, False, False]
    assert [acts(seat) for seat in (ACCEPTED, STAGED, ARRIVED)] == [False, False, True]
    assert [forwards_to(seat) for seat in (BEGIN, LEAVING, RELEASED)] == [None, None, "away"]
    assert is_settled(BEGIN)
    assert is_settled(ARRIVED)
    assert not is_settled(RELEASED)


def test_a_ready_that_is_not_proven_lets_nobody_have_a_pico() -> None:
    """Anybody may say that he was handed one. Only the source's own signature is believed."""
    made_up = Ready(replace(ATTEMPT, name="made up", number=9), HEAD, "key of mallory")
    for seat in (BEGIN, OFFERED, LEAVING):
        assert react(seat, made_up)[0] == seat
        assert said(seat, made_up) == [Unknown(made_up.attempt)]


def test_another_state_than_was_handed_over_is_not_released() -> None:
    """The target that says so has something else; unless it shows the source's signature of it."""
    other = Ready(ATTEMPT, Head(6, "another", "cid"), "key of away")
    assert react(LEAVING, other)[0] == LEAVING
    assert Sign(ATTEMPT, "key of away") in react(LEAVING, replace(other, proven=True))[1]


def test_a_source_that_was_restored_lets_go_of_what_it_had_handed_over() -> None:
    """It cannot know whether it did, and the target's state is newer than its own."""
    restored, _ = react(BEGIN, Started(), Footing.UNSURE)
    ready = Ready(ATTEMPT, HEAD, "key of away", proven=True)
    doubtful, effects = react(restored, ready)
    assert Sign(ATTEMPT, "key of away") in effects
    assert not acts(doubtful)
    assert said(doubtful, Signed(ATTEMPT, SECOND)) == [Release(ATTEMPT, SECOND)]


def test_what_was_given_up_stays_so() -> None:
    """A target that comes back to it is told to drop it, whatever it shows."""
    given_up = after(OFFERED, Late(ATTEMPT))
    for again in (Accept(ATTEMPT, "key"), Ready(ATTEMPT, HEAD, "key", proven=True)):
        assert said(given_up, again) == [Cancel(ATTEMPT)]
    assert after(given_up, Finished(ATTEMPT, HEAD), Signed(ATTEMPT, SECOND)) == given_up


def test_a_source_that_forgets_names_of_attempts_goes_by_their_numbers() -> None:
    """What it remembers of them is bounded, and none of them comes back to life."""
    seat = BEGIN
    attempts = [
        Attempt(1, number + 1, f"attempt {number}", "home", "away") for number in range(MOST_PAST + 9)
    ]
    for attempt in attempts:
        seat = after(seat, Wanted(attempt), Late(attempt))
    assert seat.source is not None
    assert len(seat.source.past) == MOST_PAST
    assert all(
        said(seat, Ready(attempt, HEAD, "key", proven=True)) == [Cancel(attempt)] for attempt in attempts
    )


def test_nobody_moves_before_it_is_known_that_nothing_newer_is_elsewhere() -> None:
    """After a start the others are asked first: two entries of one number would make two picos of one."""
    started, effects = react(BEGIN, Started(), Footing.UNSURE)
    assert acts(started)
    assert AskAround(1) in effects
    assert react(started, Wanted(ATTEMPT))[0] == started
    assert after(started, Confirmed(), Wanted(ATTEMPT)) == OFFERED


def test_a_copy_from_a_backup_waits_for_the_others() -> None:
    """If one of them knows a newer entry, that was its end."""
    doubtful, _ = react(OFFERED, Started(), Footing.DOUBTFUL)
    assert not acts(doubtful)
    assert acts(after(doubtful, Confirmed()))
    over = after(doubtful, Moved(SECOND))
    assert not acts(over)
    assert forwards_to(over) == "away"


def test_a_newer_entry_stands_above_everything() -> None:
    """As when an owner takes a pico back from an engine that is dead, or only seemed to be."""
    rescued = Entry(2, "2-c", "shelter", "key of shelter")
    for seat in (BEGIN, OFFERED, LEAVING):
        assert forwards_to(after(seat, Seen(rescued))) == "shelter"
    assert after(STAGED, Seen(rescued)).target == NOTHING
    assert after(ARRIVED, Seen(rescued)) == ARRIVED
    assert forwards_to(after(ARRIVED, Seen(replace(rescued, number=3)))) == "shelter"


def test_an_entry_that_names_the_same_engine_ends_only_the_attempt() -> None:
    """An owner may change keys whenever he likes."""
    renewed = replace(FIRST, number=2, id="2-d")
    seat, effects = react(LEAVING, Seen(renewed))
    assert acts(seat)
    assert seat.entry == renewed
    assert Send("away", Cancel(ATTEMPT)) in effects


def test_the_entry_is_the_release_whoever_brings_it() -> None:
    """It names the key that was made for the attempt, and no other attempt has it."""
    assert acts(after(STAGED, Seen(SECOND)))
    assert after(STAGED, Seen(replace(SECOND, key="another key of away"))).target == NOTHING


@pytest.mark.parametrize("message", [Offer(ATTEMPT), Handoff(ATTEMPT, HEAD), Release(ATTEMPT, SECOND)])
def test_an_old_copy_is_told_where_the_pico_is(message: Any) -> None:
    """With the entry that proves it."""
    (answer,) = said(ARRIVED, message)
    assert answer in (Moved(SECOND), Taken(ATTEMPT, SECOND))
    assert after(ARRIVED, message) == ARRIVED
    assert not acts(after(LEAVING, answer))


def test_a_target_that_lost_everything_gets_it_again() -> None:
    """As long as the source keeps the state. It asks at its start, and whenever it hears of the release."""
    gone = after(RELEASED, Taken(ATTEMPT, SECOND))
    _, effects = react(Seat("away"), Started(), Footing.DOUBTFUL)
    assert AskAround(0) in effects
    assert said(gone, Where("away", 0, "q")) == [Release(ATTEMPT, SECOND)]
    due = after(Seat("away"), Release(ATTEMPT, SECOND))
    assert said(Seat("away"), Release(ATTEMPT, SECOND)) == [Resend(ATTEMPT, SECOND)]
    assert said(gone, Resend(ATTEMPT, SECOND)) == [Handoff(ATTEMPT, HEAD, SECOND)]
    assert acts(after(due, Staged(ATTEMPT, HEAD)))
    assert said(after(gone, Forgotten()), Where("away", 0, "q")) == [Moved(SECOND)]


def test_who_asks_hears_what_is_newer_or_under_way() -> None:
    """Or that there is nothing."""
    assert said(Seat("third"), Where("home", 1, "q")) == [NotHere("q")]
    assert said(STAGED, Where("home", 1, "q")) == [Ready(ATTEMPT, HEAD, "key of away")]
    assert said(STAGED, Where("third", 1, "q")) == [NotHere("q")]
    assert said(ARRIVED, Where("home", 1, "q")) == [Moved(SECOND)]


def test_a_pico_comes_back_to_where_it_left_from() -> None:
    """Where it is still known as gone."""
    gone = after(RELEASED, Taken(ATTEMPT, SECOND))
    back = Attempt(2, 1, "back", "away", "home")
    third = Entry(3, "3-e", "home", "another key of home")
    staged = after(gone, Willing(back, "another key of home"), Staged(back, HEAD))
    assert forwards_to(staged) == "away"
    assert acts(after(staged, Release(back, third)))


def test_a_later_stay_is_not_this_one() -> None:
    """A copy from a backup hears of an entry that names its engine, with a key that it does not have: the
    pico has left and come back since. What is here is not what lives, so it does not say that it knew."""
    doubtful, _ = react(BEGIN, Started(), Footing.DOUBTFUL)
    fifth = Entry(5, "5-f", "home", "a later key of home")
    over = after(doubtful, Moved(fifth), Confirmed())
    assert not acts(over)
    assert over.entry == FIRST
    fourth = Attempt(4, 1, "fourth", "away", "home")
    assert said(over, Release(fourth, fifth)) == [Resend(fourth, fifth)]


def test_who_left_does_not_take_an_entry_for_himself_for_what_he_has() -> None:
    """As when a target that has passed the pico on, back to where it came from, answers a late release."""
    fifth = Entry(5, "5-f", "home", "a later key of home")
    gone = after(RELEASED, Taken(ATTEMPT, fifth))
    assert gone.entry == SECOND
    assert not is_settled(after(gone, Release(Attempt(4, 1, "fourth", "away", "home"), fifth)))
