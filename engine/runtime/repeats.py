"""Events that are sent a second time: they are not run again, but answered as the first time."""

from __future__ import annotations

import asyncio
from asyncio import Future

from engine.core.messages import Refusal
from engine.core.model import EventId
from engine.core.records import decode_record
from engine.ports import Journal
from engine.runtime.mailbox import Mailbox
from engine.runtime.replies import Reply, reply_again

LONG_AGO = Refusal(
    "undecided",
    "the pico has handled this event long ago, before it came to this engine, where its reply is not known",
    "ask the pico how things stand; for another event take another id",
)


def find_earlier(journal: Journal, mailbox: Mailbox, eid: EventId) -> Future[Reply] | None:
    """The reply to an event that was sent before, or will be once it is there."""
    pending = mailbox.pending.get(eid)
    if pending is not None:
        return pending.wait()
    record = journal.find_record(mailbox.id, eid)
    if record is None and not mailbox.has_handled_long_ago(eid):
        return None
    known: Future[Reply] = asyncio.get_running_loop().create_future()
    known.set_result(LONG_AGO if record is None else reply_again(decode_record(record)))
    return known
