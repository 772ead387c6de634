"""Events for picos of other engines, by HTTP: `event:send` and `ctx:event` with a host.

A request after the commit that nobody waits for. It carries a key, so that an engine that knows such keys
runs the event once however often the request arrives. Not to have been taken is told to the sender.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from engine.core.later import send_off
from engine.core.messages import Question
from engine.core.requests import JSON
from engine.core.world import World
from pico_lang import json_text
from pico_lang.coercion import to_string
from pico_lang.errors import TypeFault
from pico_lang.values import Value

STEPS_OF_A_LETTER = 1_000
"""What one costs: as much as any other request."""


def send_abroad(
    world: World, host: Value, eci: str, domain: str, name: str, attrs: Mapping[str, Value]
) -> None:
    """Have an event sent to a pico of the engine at `host` once the turn is committed."""
    run = world.run
    world.require("http", "an event for another engine")
    run.meter.charge(STEPS_OF_A_LETTER)
    key = run.next_key()
    content: dict[str, Any] = {
        "method": "POST",
        "url": _address(host, eci, domain, name),
        "headers": {"content-type": JSON, "idempotency-key": key},
        "redirect": False,
        "parse": False,
        "body": json_text.encode(run.meter, dict(attrs)),
        "key": key,
    }
    send_off(world, Question("http", content))


def _address(host: Value, eci: str, domain: str, name: str) -> str:
    if not isinstance(host, str) or not host.strip().startswith(("http://", "https://")):
        raise TypeFault(f'a host is the URL of an engine like "https://example.org", not {to_string(host)}')
    path = "/".join(quote(part, safe="") for part in (eci, "event", domain, name))
    return f"{host.strip().rstrip('/')}/c/{path}"
