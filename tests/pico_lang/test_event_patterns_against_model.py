"""Random event expressions and random events: the machine and the model of the prose agree."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from pico_lang import nodes as n
from tests.campaign import examples
from tests.pico_lang.event_model import Model
from tests.pico_lang.event_playing import UNIT, Rule, expression, fits


class Shown(NamedTuple):
    """An event of the tests: its name, its attribute n, and the time since the one before."""

    name: str
    n: str
    later_ms: int


NAMES = st.sampled_from("abc")
BASES = st.builds(
    "e {}{}".format,
    NAMES,
    st.sampled_from(["", "", " n re#1#", " n re#([12])# setting(v)", " n re#([13])# setting(w)"]),
)
COUNTED = st.builds("e {} n re#([12])# setting({})".format, NAMES, st.sampled_from(["v", "u"]))
AGGREGATORS = st.sampled_from(["", " max(m)", " min(m)", " sum(m)", " avg(m)", " push(m)"])
ROWS = st.builds(
    "{} {} ({}){}".format, st.sampled_from(["count", "repeat"]), st.integers(1, 3), COUNTED, AGGREGATORS
)


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    infix = st.sampled_from(["or", "and", "before", "then", "after"])
    several = st.lists(inner, min_size=2, max_size=3).map(", ".join)
    return st.one_of(
        st.builds("({} {} {})".format, inner, infix, inner),
        st.builds("{}({})".format, infix, several),
        st.builds("({}) between({}, {})".format, inner, inner, inner).map("({})".format),
        st.builds("({}) not between({}, {})".format, inner, inner, inner).map("({})".format),
        st.lists(inner, min_size=2, max_size=3).map(lambda many: f"any {len(many) - 1} ({', '.join(many)})"),
    )


EXPRESSIONS = st.recursive(st.one_of(BASES, BASES, ROWS), _combined, max_leaves=6)
EVENTS = st.lists(st.builds(Shown, NAMES, st.sampled_from("123"), st.integers(0, 2)), max_size=25)


@settings(max_examples=examples(400))
@given(EXPRESSIONS, EVENTS, st.sampled_from([None, 3]))
def test_the_machine_does_what_the_model_of_the_prose_does(
    text: str, events: list[Shown], within_ms: int | None
) -> None:
    """Both select on the same events, with the same captures, and are back at the start together."""
    rule, model = Rule(text, within_ms), Model(expression(text), within_ms)
    now = 0
    for event in events:
        now += event.later_ms
        step = rule.show(event.name, now, n=event.n)
        captured = model.show(UNIT, event.name, partial(_captures, event), now)
        assert (step.bindings if step.fired else None) == captured
        assert (rule.state is None) == model.is_at_start


def _captures(event: Shown, base: n.BaseEvent) -> dict[str, str] | None:
    match = fits(base, {"n": event.n})
    return None if match is None else dict(match.bindings)
