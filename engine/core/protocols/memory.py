"""The messages that were heard, and what they were answered with: a repeated one is answered, not heard.

What is remembered of one correspondent is bounded. Of old answers only that they were given is kept, and
of older messages nothing: who sees to it that a message is taken in once for ever is the pico's inbox.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from engine.core.didcomm.messages import Message, read_message, write_message
from engine.core.protocols.reactions import State
from engine.core.protocols.relationships import addressed
from engine.core.protocols.remembering import oldest_first, remember

MOST_HEARD = 512
ANSWERS_SIZE = 1 << 17
"""Characters of answers that are kept, of one correspondent."""


def is_known(state: State, id: str) -> bool:
    return id.lower() in state.get("heard", {})


def put_down(state: State, id: str, answers: Sequence[Message] = ()) -> State:
    """It was heard, and answered so; or it is not answered yet."""
    written = [write_message(message) for message in answers]
    size = sum(len(json.dumps(one)) for one in written)
    heard = remember(state.get("heard", {}), id.lower(), {"answers": written, "size": size}, MOST_HEARD)
    return {**state, "heard": _without_old_answers(heard) if written else heard}


def keep_answers(state: State, id: str, answers: Sequence[Message]) -> State:
    """In the place of those that were kept before; of a message that is forgotten, none are kept."""
    return put_down(state, id, answers) if is_known(state, id) else state


def forget(state: State, id: str) -> State:
    """It will be heard as if for the first time."""
    return {**state, "heard": {name: one for name, one in state["heard"].items() if name != id.lower()}}


def _without_old_answers(heard: dict[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    over = sum(record["size"] for record in heard.values()) - ANSWERS_SIZE
    for name in oldest_first(heard) if over > 0 else ():
        if over > 0 and heard[name]["size"]:
            over -= heard[name]["size"]
            heard[name] = {"answers": None, "size": 0, "n": heard[name]["n"]}
    return heard


def answers_to(state: State, id: str) -> tuple[Message, ...] | None:
    """As they would be addressed today. None if they were too long ago, or too large, to be kept."""
    kept = state["heard"][id.lower()]["answers"]
    return None if kept is None else tuple(addressed(state, read_message(one)) for one in kept)
