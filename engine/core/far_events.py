"""Events for channel ids of another engine, sent by a pico that has lived there.

A channel id leads only where its pico lives. What a pico that has moved sends to a relative or a partner
it left behind is therefore an errand of its own: it is kept until it is there, goes along when the pico moves
on, and those of one pico go one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.messages import AskLater, Event, Question, SendEvent
from engine.core.model import PicoId

FAR = "far_event"
"""The kind of question: `eci`, `domain`, `name`, `attrs`, `key` (the id of the event), `since` (when, in
milliseconds) and `sender`, the pico. Its answer is `{}` or `{"error"}`."""


def errand_for(sent: SendEvent, sender: PicoId, now_ms: int) -> AskLater:
    content = {
        "eci": sent.eci,
        "domain": sent.domain,
        "name": sent.name,
        "attrs": sent.attrs,
        "key": sent.eid,
        "since": now_ms,
        "sender": sender,
    }
    return AskLater(Question(FAR, content), None)


def event_in(content: Mapping[str, Any]) -> Event:
    """As it arrives there."""
    return Event(
        content["eci"],
        content["domain"],
        content["name"],
        content["attrs"],
        content["key"],
        sender=content["sender"],
    )


def place_of(question: Question) -> str | None:
    """In which line such an errand waits."""
    return f"neighbours of {question.content['sender']}" if question.kind == FAR else None
