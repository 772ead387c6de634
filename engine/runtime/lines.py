"""Connections that stay open, along which answers and mail go back to whoever is at the other end.

What is known of one is here: who asked on it to be answered on it, and who wants their mail along it as it
comes. The bytes are somebody else's; of mail that is to go along it a line holds nothing but how far it got.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from engine.core.didcomm.messages import Message
from engine.core.dids import Did

MOST_ON_A_LINE = 16
"""DIDs that may use one at a time."""


@dataclass(slots=True)
class Live:
    """A client in live mode: what both sides are called, and the last of its mail that went along."""

    me: Did
    peer: Did
    last: int


@dataclass(slots=True, eq=False)
class Line:
    """One connection. `news` is set when there may be mail for it."""

    returning: set[Did] = field(default_factory=set)
    """Who is answered along it, whatever they send, until they say otherwise."""
    live: dict[Did, Live] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    takes: str = ""
    """The types in which whoever is at the other end takes a long answer, as HTTP says in `Accept`."""

    def heed(self, message: Message, sender: Did) -> bool:
        """Whether the answer to this message goes along the line."""
        wish = message.headers.get("return_route")
        if wish == "all" and len(self.returning) < MOST_ON_A_LINE:
            self.returning.add(sender)
        elif wish == "none":
            self.returning.discard(sender)
        return wish in ("all", "thread") or sender in self.returning

    def takes_streams_of(self, media_type: str) -> bool:
        """Whether that was asked for by name."""
        return media_type in (one.partition(";")[0].strip().lower() for one in self.takes.split(","))

    def may_go_live(self, client: Did) -> bool:
        return client in self.live or len(self.live) < MOST_ON_A_LINE


class Exchange(Line):
    """One request and its answer: nothing can go along it later."""

    def may_go_live(self, client: Did) -> bool:
        return False


class NoLine(Line):
    """What was fetched came along none: whoever wants an answer gets it where they are reached."""

    def heed(self, message: Message, sender: Did) -> bool:
        return False


class Lines:
    """Those along which clients want their mail."""

    def __init__(self) -> None:
        self._of: dict[Did, set[Line]] = {}

    def go_live(self, line: Line, client: Did, live: Live) -> None:
        """Who is live already goes on from where it is."""
        if client not in line.live:
            line.live[client] = live
            self._of.setdefault(client, set()).add(line)
            line.news.set()

    def rest(self, line: Line, client: Did) -> None:
        if line.live.pop(client, None) is not None:
            self._of[client].discard(line)
            if not self._of[client]:
                del self._of[client]

    def close(self, line: Line) -> None:
        for client in list(line.live):
            self.rest(line, client)

    def tell(self, client: Did) -> None:
        """There is mail."""
        for line in self._of.get(client, ()):
            line.news.set()
