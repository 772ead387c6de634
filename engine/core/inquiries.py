"""What a pico has asked of others by DID, so that an answer is told from what only looks like one.

DIDComm v2.1, "Threading". It is part of the pico: an answer may come after days, restarts and moves, and has
to be heard as one then too. Only questions of the protocols that are spoken here are kept, since of others
nobody but a ruleset knows what answers what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.core import relations
from engine.core.dids import same_did
from engine.core.messages import Event
from engine.core.model import Asked, Eci, asked_key
from engine.core.protocols import picomesh
from engine.core.protocols.message_types import same_type
from engine.core.protocols.report_problem import REPORT
from engine.core.protocols.table import answers, ends_thread, may_be_answered, name_of, protocol_of
from engine.core.run import Run

MOST_ASKED = 4_096
"""Of one pico; then the oldest are forgotten, and what answers them is stray."""
FORGOTTEN = 8
"""One in so many is forgotten at a time: to look for the oldest before each question would cost more than to
ask it."""
ANSWERS = "answers"
"""In `Event.proven`: the event is a message that answers something, or reports why nobody does; this is the
thread that it names, empty if it names none."""
STRAY = "stray"


def ask(run: Run, content: Mapping[str, Any]) -> None:
    """Put down that a letter was written, if it asks something."""
    if not may_be_answered(content["type"]):
        return
    thread = content.get("thid") or content["id"]
    asked = Asked(
        Eci(content["from"]),
        thread.lower(),
        content["did"],
        content["type"],
        run.learned.time_ms,
        content.get("expires"),
    )
    if asked.key not in run.draft.asked and len(run.draft.asked) >= MOST_ASKED:
        _forget_oldest(run)
    run.draft.put_asked(asked)


def _forget_oldest(run: Run) -> None:
    run.meter.charge(len(run.draft.asked))
    oldest_first = sorted(run.draft.asked.values(), key=lambda one: (one.since_ms, one.key))
    for one in oldest_first[: max(1, MOST_ASKED // FORGOTTEN)]:
        run.draft.remove_asked(one.key)


def heed(run: Run, event: Event) -> Event | None:
    """The event as rules see it. A message is two events: where it answers nothing they see one, that says
    so, and None of the other."""
    thread = None if event.proven is None else event.proven.get(ANSWERS)
    if thread is None:
        return event
    type = str(event.attrs.get("type"))
    asked = run.draft.asked.get(asked_key(event.eci, thread))
    if same_type(type, REPORT):
        return _heed_report(run, event, asked)
    why = _why_stray(run, event, type, asked)
    if why is not None:
        told = {**event.attrs, "why": why}
        return None if event.name == name_of(type) else replace(event, name=STRAY, attrs=told)
    if asked is not None and event.name == name_of(type) and ends_thread(type):
        run.draft.remove_asked(asked.key)
    return event


def _why_stray(run: Run, event: Event, type: str, asked: Asked | None) -> str | None:
    if asked is None:
        # Events that the engine itself carries to a DID are not put down here.
        is_own = protocol_of(type) is picomesh.PROTOCOL
        return None if is_own else "outside of any thread of ours"
    if not _is_of(run, asked, event.sender):
        return "from somebody else"
    if not answers(type, asked.type):
        return "no answer to what was asked"
    if asked.until_s is not None and run.learned.time_ms >= asked.until_s * 1000:
        return "too late"
    return None


def _heed_report(run: Run, event: Event, asked: Asked | None) -> Event:
    """An error in a thread that waits for an answer is the answer. A warning is for rules to judge."""
    is_error = str(event.attrs.get("code")).startswith("e.")
    if asked is None or not is_error or not _is_of(run, asked, event.sender):
        return event
    run.draft.remove_asked(asked.key)
    return replace(event, attrs={**event.attrs, "ended": True})


def _is_of(run: Run, asked: Asked, sender: str | None) -> bool:
    """Whether this is who was asked, whatever he is called by now."""
    if sender is None or same_did(asked.did, sender):
        return sender is not None
    known = relations.find(run, asked.did, asked.eci)
    return known is not None and same_did(known.state["peer"], sender)
