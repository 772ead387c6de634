"""The module `http`: what a ruleset asks of the web and what it tells it.

A request is a question of the turn, so the rule waits for what comes back; with `autosend` it is an
effect, made after the commit, and what comes back is an event. Whatever may change something out
there carries a key that stays the same however often the turn is run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.core.autosend import ask_later
from engine.core.messages import Question
from engine.core.requests import make_content, read_answer
from engine.core.world import World
from pico_lang.coercion import to_string, truthy
from pico_lang.host import Member
from pico_lang.values import Value

STEPS_OF_A_REQUEST = 1_000
"""What a request costs the turn. A turn is run again from its beginning with every answer, so the
number of its questions has to be small."""

PARAMETERS = (
    "url",
    "qs",
    "headers",
    "body",
    "auth",
    "json",
    "form",
    "parseJSON",
    "autoraise",
    "autosend",
    "dontFollowRedirect",
)

READING = ("get", "head")
"""Methods that change nothing; they may stand in expressions and queries too."""
ACTING = ("post", "put", "patch", "delete")


def _requesting(method: str) -> Callable[..., Value]:
    def call(world: World, *arguments: Value) -> Value:
        given = dict(zip(PARAMETERS, arguments, strict=True))
        world.run.meter.charge(STEPS_OF_A_REQUEST)
        content: dict[str, Any] = make_content(world.run.meter, method, given)
        if method in ACTING:
            content["key"] = key = world.run.next_key()
            content["headers"].setdefault("idempotency-key", key)
        if truthy(given["autosend"]):
            return ask_later(world, Question("http", content), given["autosend"])
        return _ask(world, method, content, given["autoraise"])

    return call


def _ask(world: World, method: str, content: dict[str, Any], label: Value) -> Value:
    answer = world.run.learned.ask("http", content)
    response = read_answer(world.run.meter, content, answer)
    if truthy(label):
        world.raise_event("http", method, None, {**response, "label": to_string(label)})
    return response


CALLS: Mapping[str, Callable[..., Value]] = {method: _requesting(method) for method in (*READING, *ACTING)}

MEMBERS: Mapping[str, Member] = {
    **{method: Member("both", PARAMETERS) for method in READING},
    **{method: Member("action", PARAMETERS) for method in ACTING},
}
