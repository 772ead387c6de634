"""What is known of engines: averages, names as people type them, and what is stored of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.mesh.acquaintances import (
    LONGEST_PROBLEM,
    Measured,
    NoSuchEngine,
    find_named,
    free_name,
    missed,
    pack,
    reached,
    unpack,
)
from engine.core.mesh.adverts import is_name
from tests.engine.core.mesh.people import Party

ANN, BOB, CID = Party("ann"), Party("bob"), Party("cid")
TIMES = st.floats(-1e12, 1e12, allow_nan=False)


@given(st.lists(st.none() | TIMES, max_size=30))
def test_averages_stay_within_what_was_measured(outcomes: list[float | None]) -> None:
    """Whatever clocks did meanwhile: a time before the beginning is none."""
    measured = Measured()
    for outcome in outcomes:
        measured = missed(measured, "gone") if outcome is None else reached(measured, outcome, 1)
    times = [one for one in outcomes if one is not None and one >= 0]
    assert measured.tries == len(outcomes)
    assert (measured.round_trip_ms is None) == (not times)
    if times and measured.round_trip_ms is not None:
        assert min(times) - 1e-3 <= measured.round_trip_ms <= max(times) + 1e-3
    assert measured.success is None or 0 <= measured.success <= 1


def test_the_newest_counts_most() -> None:
    """Ten misses outweigh a hundred times that it was reached; and one word of it ends a problem."""
    measured = Measured()
    for _ in range(100):
        measured = reached(measured, 10, 1)
    for _ in range(10):
        measured = missed(measured, "gone")
    assert measured.success is not None
    assert measured.success < 0.2
    assert (measured.problem, measured.round_trip_ms) == ("gone", 10)
    assert reached(measured, 10, 2).problem == ""
    assert len(missed(measured, "x" * 10_000).problem) == LONGEST_PROBLEM


def test_an_engine_is_found_by_what_people_write() -> None:
    """Its name here, without regard to case; the short form of its DID; any DID of it."""
    all = [ANN.known(), BOB.known(name="Bob 2"), CID.known()]
    assert [find_named(name, all).engine for name in ("ANN", "bob 2")] == [ANN.engine, BOB.engine]
    assert find_named(all[2].short, all).engine == CID.engine
    assert find_named(CID.at("https://elsewhere.example"), all).engine == CID.engine


def test_what_is_not_found_says_what_there_is() -> None:
    """So that the next try succeeds."""
    with pytest.raises(NoSuchEngine, match="knows no other yet"):
        find_named("ann", [])
    with pytest.raises(NoSuchEngine, match="no engine is called 'dee'; there are ann, bob"):
        find_named("dee", [ANN.known(), BOB.known()])
    twins = [ANN.known(name="x", trust="heard"), BOB.known(name="x", trust="heard")]
    with pytest.raises(NoSuchEngine, match=f"2 engines are called 'x'; say which: .*{twins[0].short}"):
        find_named("x", twins)


def test_who_was_met_goes_before_who_was_heard_of() -> None:
    """Nobody takes over a name by gossip."""
    met, heard = ANN.known(name="x"), BOB.known(name="x", trust="heard")
    assert find_named("x", [heard, met]) == met


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=5))
def test_no_two_have_the_same_name(wanted: str, others: list[str]) -> None:
    """And each can be typed, whatever an engine calls itself."""
    taken = [BOB.known(name=name, engine=str(place)) for place, name in enumerate(others)]
    name = free_name(wanted, ANN.engine, taken)
    assert is_name(name)
    assert name.casefold() not in {one.name.casefold() for one in taken}
    if is_name(wanted) and wanted.casefold() not in {one.casefold() for one in others}:
        assert name == wanted


def test_what_is_stored_is_read() -> None:
    """As JSON; its advert stands in what it signed."""
    known = ANN.known(trust="trusted", measured=Measured(12.5, 0.5, 3, 7, "gone"), left_s=9, since_s=1)
    assert unpack(json.loads(json.dumps(pack(known)))) == replace(known, advert=None)


@pytest.mark.parametrize("change", [{"format": 2}, {"trust": "married"}, {"format": None}])
def test_what_another_version_wrote_is_not_guessed_at(change: dict[str, object]) -> None:
    """It is told, and left as it is."""
    with pytest.raises(ValueError, match="another version"):
        unpack({**pack(ANN.known()), **change})
