"""What records say of a map spares looking through it, and never makes another tree than looking would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.blocks.planting import LARGE
from engine.core.blocks.state import StateTree
from engine.core.blocks.touched import ELSEWHERE, Touched
from engine.core.draft import KINDS, Draft
from engine.core.messages import Change, Done, Event, Turn
from engine.core.model import Eci, EventId, Inputs, Pico, PicoId, Rid
from engine.core.records import Head, begin, seal
from tests.engine.core.blocks.people import rich_pico
from tests.engine.core.blocks.shelf import Shelf
from tests.engine.core.strategies import changes

R = "r"
NAMES = ("a", "b")
BASE: Any = {f"key-{number}": {"n": float(number)} for number in range(LARGE + 2)}
TURN = Turn(Event(Eci("eci"), "domain", "name", {}, EventId("e")), Inputs(0, "00"))


def start(**entities: Any) -> Head:
    return begin(Pico(PicoId("p"), entities={Rid(R): {"a": BASE, **entities}}))


def take(head: Head, *changes: Change) -> tuple[Head, bytes]:
    """A turn that leads to these changes."""
    draft = Draft(head.pico)
    draft.carry_out(changes)
    return seal(head, TURN, Done(draft.finish(head.pico.seq + 1), changes, ()))


def put(path: list[str], value: Any = 1.0, name: str = "a") -> Change:
    return Change("set_entity_path", (R, name, path, value))


def clear(path: list[str], name: str = "a") -> Change:
    return Change("clear_entity_path", (R, name, path))


def replace(value: Any, name: str = "a") -> Change:
    return Change("set_entity", (R, name, value))


def after(head: Head, *turns: Change) -> tuple[Head, list[bytes]]:
    bodies = []
    for change in turns:
        head, body = take(head, change)
        bodies.append(body)
    return head, bodies


def between(before: Head, now: Head, records: list[bytes]) -> Any:
    old, new = (head.pico.entities[Rid(R)]["a"] for head in (before, now))
    return Touched(before, now, records).between(old, new)


# --- what is known -----------------------------------------------------------------------------------


def test_the_keys_that_were_set_are_known() -> None:
    """Of all turns together, whether an entry was replaced or something inside of it came or went."""
    head = start()
    now, records = after(
        head, put(["key-1"]), put(["key-2", "n"]), clear(["key-3", "n"]), put(["x"], 2.0, "b")
    )
    assert between(head, now, records) == {"key-1", "key-2", "key-3"}


@pytest.mark.parametrize(
    "change",
    [
        replace({"key-1": 1.0}),
        clear(["key-1"]),
        Change("clear_entity", (R, "a")),
        Change("remove_ruleset", (R,)),
    ],
    ids=lambda change: change.kind,
)
def test_nothing_is_known_of_a_map_that_was_made_anew(change: Change) -> None:
    """An entry that went may have come again, in another place."""
    head = start()
    now, records = after(head, put(["key-2"]), change, replace(BASE), put(["key-3"]))
    assert between(head, now, records) is None


def test_an_entry_that_goes_and_comes_again_is_at_the_end() -> None:
    """So a map is looked through from which one went, though it has the same keys again."""
    head = start()
    now, records = after(head, clear(["key-1"]), put(["key-1"]))
    assert between(head, now, records) is None


def test_nothing_is_known_without_every_record_between_the_two() -> None:
    """One that is missing may have changed anything; so may one that nobody can read or leads elsewhere."""
    head = start()
    now, records = after(head, put(["key-1"]), put(["key-2"]), put(["key-3"]))
    elsewhere, _ = after(head, put(["key-9"]))
    for some in (
        [],
        records[1:],
        records[:-1],
        [records[0], records[2]],
        [*records[:2], b"{}"],
        records[::-1],
    ):
        assert between(head, now, some) is None
    assert between(elsewhere, now, records) is None
    assert Touched(None, now, records).between(BASE, BASE) is None
    assert between(head, now, records) == {"key-1", "key-2", "key-3"}


def test_what_is_known_is_about_two_maps_and_not_about_a_variable() -> None:
    """One that another variable has taken over has not changed there by what its first owner did to it."""
    head = start(b={**BASE, "key-7": 7.0})
    now, records = after(head, put(["key-1"]))
    taken = now.pico.entities[Rid(R)]["a"]
    both, more = after(now, replace(taken, "b"))
    touched = Touched(head, both, [*records, *more])
    entities = both.pico.entities[Rid(R)]
    assert touched.between(BASE, entities["a"]) == {"key-1"}
    assert touched.between(head.pico.entities[Rid(R)]["b"], entities["b"]) is None


@given(changes)
def test_what_is_said_to_be_elsewhere_leaves_entity_variables_alone(change: Change) -> None:
    """Of every kind of change there is; what is not known to do so counts as having touched them all."""
    head = Head(rich_pico(), "ab")
    try:
        now, _ = take(head, change)
    except (LookupError, TypeError, ValueError, AttributeError):
        return  # that cannot be carried out on this pico
    if change.kind in ELSEWHERE:
        assert now.pico.entities is head.pico.entities


def test_a_kind_of_change_that_is_not_known_makes_everything_unknown() -> None:
    """It may be of a version to come."""
    assert set(KINDS) > ELSEWHERE
    head = start()
    now, records = after(head, put(["key-1"]), Change("remove_ruleset", ("other",)))
    assert between(head, now, records) is None


# --- what it is good for -----------------------------------------------------------------------------


class Closed(dict[str, Any]):
    """A map that nobody is to look through."""

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("somebody looks through it")


def test_nobody_looks_through_a_large_map_of_which_an_entry_changed() -> None:
    """Its record has said which; without that all of it would be looked through."""
    head = start()
    now, records = after(head, put(["key-1"]))
    closed: Any = Closed(now.pico.entities[Rid(R)]["a"])
    now = Head(Pico(now.pico.id, now.pico.seq, entities={Rid(R): {"a": closed}}), now.chain)
    for since, looks in ((records, False), ([], True)):
        shelf = Shelf()
        tree = StateTree(shelf.blocks, str)
        shelf.run(tree.write(head))
        if looks:
            with pytest.raises(AssertionError, match="somebody looks"):
                shelf.run(tree.write(now, records=since))
        else:
            assert shelf.written(tree.write(now, records=since))[1] <= 8


paths = st.sampled_from([["key-1"], ["key-2"], ["key-2", "n"], ["new"], ["7"], ["new", "n"]])
owned = st.sampled_from(NAMES)
values = st.sampled_from([1.0, True, {"n": 2.0}, "x" * 3000])
one_change = (
    st.builds(put, paths, values, owned)
    | st.builds(clear, paths, owned)
    | st.builds(replace, st.sampled_from([BASE, 5.0, {"small": 1.0}]), owned)
    | st.sampled_from([Change("clear_entity", (R, "a")), Change("remove_ruleset", (R,))])
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(one_change | st.just("seal"), max_size=4), max_size=3))
def test_records_make_no_other_tree(turns: list[list[Any]]) -> None:
    """Whatever has happened between two seals: the tree is the one that is made of the state alone."""
    shelf, head, records = Shelf(), start(b=BASE), list[bytes]()
    tree = StateTree(shelf.blocks, str)
    shelf.run(tree.write(head))
    for turn in turns:
        for change in turn:
            if change == "seal":
                shelf.run(tree.write(head, records=records))
                records = []
            else:
                head, body = take(head, change)
                records.append(body)
    anew = Shelf()
    assert shelf.run(tree.write(head, records=records)) == anew.run(StateTree(anew.blocks, str).write(head))
