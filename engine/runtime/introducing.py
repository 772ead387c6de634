"""What people have a pico do about those it knows by DID: a turn of upkeep, and what it directed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from engine.core.messages import Fault, Refusal
from engine.core.model import Eci
from engine.runtime.replies import EventReply
from pico_lang.values import Value

Wish = Literal["invite", "connect", "rotate"]
Attrs = Mapping[str, Value]
Have = Callable[[Eci, Wish, Attrs], Awaitable[EventReply | Refusal | Fault]]
"""Have it run on the pico with that channel."""


async def introduce(have: Have, eci: Eci, wish: Wish, attrs: Attrs) -> Mapping[str, Value] | Refusal | Fault:
    """See `engine.core.owners_wishes`."""
    reply = await have(eci, wish, {**attrs, "eci": eci})
    if not isinstance(reply, EventReply):
        return reply
    options: Mapping[str, Value] = reply.directives[-1]["options"]
    return options
