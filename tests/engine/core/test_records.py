"""Records say what happened, fold to the pico, and show when somebody touched them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.codec import Unreadable, from_bytes, to_bytes
from engine.core.draft import Draft
from engine.core.messages import AskLater, Change, Done, Event, Failed, Fault, Query, Turn
from engine.core.model import Inputs, Pico
from engine.core.records import (
    BrokenChain,
    Head,
    Record,
    begin,
    decode_errand,
    decode_record,
    decode_request,
    decode_snapshot,
    encode_errand,
    encode_record,
    encode_request,
    encode_snapshot,
    fold,
    seal,
    state_id,
    verify_chain,
)
from pico_lang.values import Value
from tests.engine.core import strategies as some
from tests.engine.core.making import make_turn


def make_history(pico: Pico, groups: list[list[Change]]) -> tuple[Head, list[bytes]]:
    """The head and the records after one turn per group of changes."""
    head, bodies = begin(pico), []
    for number, group in enumerate(groups):
        draft = Draft(head.pico)
        for change in group:
            draft.record(change.kind, *change.content)
        done = Done(draft.finish(head.pico.seq + 1), tuple(draft.recorded), ())
        head, body = seal(head, make_turn("d", "n", {"number": float(number)}), done)
        bodies.append(body)
    return head, bodies


def make_counts(turns: int) -> tuple[Head, list[bytes]]:
    """A pico that counted, and how it did."""
    groups = [[Change("set_entity", ("r", "n", float(number)))] for number in range(turns)]
    return make_history(Pico("p"), groups)  # type: ignore[arg-type]


@given(some.records)
def test_a_record_is_read_as_it_was_written(record: Record) -> None:
    """Nothing a record can hold is lost or changed by writing it down."""
    assert decode_record(encode_record(record)) == record


@given(some.values)
def test_a_value_keeps_its_types_and_the_order_of_its_keys(value: Value) -> None:
    """A number stays a number of the language (a float), and a program may look at the order of keys."""
    assert repr(from_bytes(to_bytes(value))) == repr(value)


@given(some.picos)
def test_a_snapshot_is_read_as_it_was_written(pico: Pico) -> None:
    head = Head(pico, "chain")
    assert decode_snapshot(encode_snapshot(head)) == head


@given(some.events, st.none() | some.queries, st.none() | some.inputs)
def test_a_request_is_read_as_it_was_written(
    event: Event, query: Query | None, inputs: Inputs | None
) -> None:
    assert decode_request(encode_request(event, query, inputs)) == (event, query, inputs)


@given(some.errands)
def test_an_errand_is_read_as_it_was_written(errand: AskLater) -> None:
    assert decode_errand(encode_errand(errand)) == errand


@given(some.picos, st.lists(st.lists(some.changes, max_size=4), max_size=4))
def test_a_history_folds_to_the_pico_it_was_made_by(pico: Pico, groups: list[list[Change]]) -> None:
    """Snapshot and records give the pico and the chain, wherever between them the snapshot lies."""
    head, bodies = make_history(pico, groups)
    assert fold(begin(pico), bodies) == head
    middle = fold(begin(pico), bodies[: len(bodies) // 2])
    reopened = decode_snapshot(encode_snapshot(middle))
    assert fold(reopened, bodies[len(bodies) // 2 :]) == head


def turn_round(entries: Mapping[Any, Any]) -> dict[Any, Any]:
    """The same map, made in another order."""
    return dict(reversed(list(entries.items())))


@given(some.picos)
def test_the_state_id_does_not_depend_on_how_the_state_came_about(pico: Pico) -> None:
    """Maps whose order no program can see are ordered for the id."""
    turned = Draft(pico)
    turned.channels = turn_round(pico.channels)
    for part in ("entities", "patterns"):
        inner = {rid: turn_round(names) for rid, names in getattr(pico, part).items()}
        setattr(turned, part, turn_round(inner))
    assert state_id(turned.finish(pico.seq)) == state_id(pico)


def test_the_state_id_tells_states_apart() -> None:
    head, _ = make_counts(1)
    assert state_id(head.pico) != state_id(make_counts(2)[0].pico)


def test_a_failed_turn_changes_nothing_but_the_version() -> None:
    """The record of a failure folds to the same pico, one turn older."""
    head, _ = make_counts(1)
    draft = Draft(head.pico)
    failed = Failed(draft.finish(head.pico.seq + 1), Fault("R601", "no"))
    after, body = seal(head, make_turn("d", "n"), failed)
    assert fold(head, [body]) == after
    assert after.pico.entities == head.pico.entities
    assert decode_record(body).fault == failed.fault


def test_records_must_follow_each_other() -> None:
    """A gap in a history is not folded over."""
    _, bodies = make_counts(3)
    with pytest.raises(Unreadable, match="record 3 where 2 should follow"):
        fold(begin(Pico("p")), [bodies[0], bodies[2]])  # type: ignore[arg-type]


def test_an_untouched_chain_verifies() -> None:
    _, bodies = make_counts(4)
    assert verify_chain(begin(Pico("p")), bodies) is None  # type: ignore[arg-type]


@given(st.integers(0, 3), st.integers(0, 10_000), st.integers(1, 255))
def test_any_flipped_bit_is_found(number: int, offset: int, mask: int) -> None:
    """A changed byte makes its record unreadable or the next one's link wrong, and no other's.

    The last record has no successor; the chain's own head is what its hash is compared with.
    """
    head, bodies = make_counts(4)
    changed = bytearray(bodies[number])
    changed[offset % len(changed)] ^= mask
    bodies[number] = bytes(changed)
    broken = verify_chain(begin(Pico("p")), bodies, head.chain)  # type: ignore[arg-type]
    assert broken is not None
    assert broken.seq in (number + 1, number + 2)


def test_a_chain_cut_short_is_found_by_its_head() -> None:
    """Without its last record a chain is whole in itself, but does not end where it should."""
    head, bodies = make_counts(3)
    broken = verify_chain(begin(Pico("p")), bodies[:-1], head.chain)  # type: ignore[arg-type]
    assert broken == BrokenChain(3, "the history does not end with the record that the head names")


def test_a_first_record_belongs_to_the_pico_as_it_was_born() -> None:
    """Another pico's history does not verify, because the first record names the state at birth."""
    _, bodies = make_counts(1)
    broken = verify_chain(begin(Pico("q")), bodies)  # type: ignore[arg-type]
    assert broken is not None
    assert broken.seq == 1


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b"{}", b'{"format":2}', b'{"format":"1"}', b'{"format":1,"seq":1}', b"nul"]
)
def test_what_is_not_a_record_is_refused_as_such(body: bytes) -> None:
    """Every way of being unreadable is one error, with a sentence."""
    with pytest.raises(Unreadable):
        decode_record(body)


def test_a_record_of_format_1_is_still_read() -> None:
    """The very bytes of this format, which must open for ever."""
    body = (
        b'{"format":1,"seq":7,"previous":"ab","turn":{"event":{"eci":"c","domain":"lamp","name":"on",'
        b'"attrs":{"level":3.0},"eid":"e7","sender":"q"},"inputs":{"time":12,"seed":"00",'
        b'"answers":[{"rid":"r"}]}},"steps":4,"changes":[["set_entity","r","n",1.0],'
        b'["add_child",{"eci":"k","pico":"kid"}]],"directives":[{"name":"x"}],'
        b'"effects":[{"send":{"eci":"k","domain":"a","name":"b","attrs":{},"eid":"f"}},{"delete":"z"}],'
        b'"log":[["info","r","rule","hello",null]],"answer":2.5}'
    )
    record = decode_record(body)
    assert encode_record(record) == body
    assert record.turn.event.attrs == {"level": 3.0}
    assert record.changes[0] == Change("set_entity", ("r", "n", 1.0))


def test_bytes_are_plain_json() -> None:
    """Any tool can look at a record."""
    turn = make_turn("lamp", "on", {"name": "Zoë"})
    body = encode_record(Record(1, "0", Turn(turn.event, turn.inputs)))
    assert json.loads(body)["turn"]["event"]["attrs"] == {"name": "Zoë"}
    assert "Zoë".encode() in body
