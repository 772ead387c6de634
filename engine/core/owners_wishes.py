"""What people have a pico do about those it knows by DID, whatever rulesets it has: upkeep of the engine.

What came of it is a directive of the turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core import introductions, relations
from engine.core.model import Eci
from engine.core.run import Run
from pico_lang.errors import RuntimeFault
from pico_lang.values import Value

Attrs = Mapping[str, Value]


def introduce(run: Run, wish: str, attrs: Attrs) -> Mapping[str, Value]:
    """`invite` (eci, label, once, expires, here), `connect` (url, label) or `rotate` (eci)."""
    return {"type": "directive", "name": wish, "options": _WISHES[wish](run, attrs)}


def _invite(run: Run, attrs: Attrs) -> dict[str, Value]:
    expires: Any = attrs.get("expires")
    # A new channel, for messages alone: what people use may be open to everything.
    here = attrs.get("here") is True
    shown = introductions.invite(
        run,
        _channel(run, attrs) if here else introductions.open_channel(run).eci,
        str(attrs.get("label") or ""),
        once=attrs.get("once") is True,
        expires_s=None if expires is None else int(expires),
    )
    return {"id": shown.id, "eci": shown.eci, "did": shown.did, "url": shown.url}


def _connect(run: Run, attrs: Attrs) -> dict[str, Value]:
    label = attrs.get("label")
    found = introductions.accept(run, None, str(attrs.get("url")), None if label is None else str(label))
    return relations.show(found)


def _rotate(run: Run, attrs: Attrs) -> dict[str, Value]:
    eci = _channel(run, attrs)
    told = [one.state["peer"] for one in relations.on_channel(run, eci)]
    return {"eci": eci, "did": introductions.rotate(run, None, eci), "told": told}


def _channel(run: Run, attrs: Attrs) -> Eci:
    eci = Eci(str(attrs.get("eci")))
    if eci not in run.draft.channels:
        raise RuntimeFault("R607", f"{eci} is no channel of this pico")
    return eci


_WISHES = {"invite": _invite, "connect": _connect, "rotate": _rotate}
