"""What happens in an engine, as it happens: its server-sent events, on whatever connection they come."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from engine.commands.client import EngineClient, find_engine
from engine.commands.failure import NoEngine

PATIENCE_S = 60.0
"""For so long an engine may be away, as when it is started again."""
PAUSE_S = 0.5


class Heard(NamedTuple):
    kind: str
    """`turn`, `born`, `ended`, `gap`, and `ready` whenever a connection begins."""
    id: str
    data: dict[str, Any]


def listen(
    engine: EngineClient, eci: str | None = None, after: str | None = None, patience_s: float = PATIENCE_S
) -> Iterator[Heard]:
    """Without an end, through interruptions; of one pico nothing is missed. Raises `Failure`."""
    is_known, last_s = False, time.monotonic()
    while True:
        given = {name: word for name, word in (("eci", eci), ("after", after)) if word is not None}
        try:
            # Anew, since an engine that was started again has another token for its owner.
            with find_engine(engine.url) as client, client.stream("/api/events", given) as lines:
                for heard in read_messages(lines):
                    is_known, last_s, after = True, time.monotonic(), heard.id or after
                    yield heard
                    if heard.kind == "ended" and eci is not None:
                        return
        except NoEngine:
            if not is_known or time.monotonic() - last_s > patience_s:
                raise
        time.sleep(PAUSE_S)


def read_messages(lines: Iterable[str]) -> Iterator[Heard]:
    """As the standard for event streams has them."""
    found: dict[str, str] = {}
    for line in lines:
        if not line:
            if "data" in found:
                yield Heard(found.get("event", "message"), found.get("id", ""), json.loads(found["data"]))
            found = {}
            continue
        name, _, value = line.partition(":")
        if name:
            found[name] = value.removeprefix(" ")
