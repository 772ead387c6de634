"""The modules of an engine as its owner sees them: what there is, where it comes from, and who may use it.

What is said of a pico is upkeep: a turn of that pico, with a record, and no ruleset can bring it about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from difflib import get_close_matches
from typing import Any, cast

from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, Pico, PicoId
from engine.plugins.collection import Plugins
from engine.plugins.describing import Document, tell_modules
from engine.runtime.admission import unknown_channel
from engine.runtime.replies import EventReply, Reply
from engine.runtime.residents import Residents

Tend = Callable[[PicoId, str, Mapping[str, Any]], Awaitable[Reply | None]]
"""Have upkeep run on a pico: see `engine.runtime.host`."""

BREATH = 50
"""Picos looked at before others get a chance; each may have to be read from the disk."""


class Modules:
    """Those of one engine."""

    def __init__(self, plugins: Plugins, residents: Residents, root: Callable[[], Pico], tend: Tend) -> None:
        self._plugins = plugins
        self._residents = residents
        self._root = root
        self._tend = tend

    async def tell(self) -> Document:
        """All modules with their members and the picos of which something was said, and what is left out."""
        told = tell_modules(self._plugins)
        said: dict[str, dict[str, list[PicoId]]] = {}
        for number, pico in enumerate(self._residents.family(self._root().id), 1):
            for module, granted in pico.grants.items():
                said.setdefault(module, {"granted": [], "refused": []})[_WORD[granted]].append(pico.id)
            if number % BREATH == 0:
                await asyncio.sleep(0)
        nobody: dict[str, list[PicoId]] = {"granted": [], "refused": []}
        return {**told, "modules": [{**one, **said.get(one["name"], nobody)} for one in told["modules"]]}

    async def decide(self, eci: Eci, module: str, granted: bool) -> Document | Refusal | Fault:
        """Say whether the pico with that channel, or of that id, may use a module."""
        mailbox = self._residents.find(eci)
        if mailbox is None:
            return unknown_channel(eci)
        if module not in self._plugins.catalogue.domains and module not in mailbox.head.pico.grants:
            return self._unknown(module)
        if mailbox.head.pico.grants.get(module) is not granted:
            reply = await self._tend(mailbox.id, "grant" if granted else "revoke", {"module": module})
            if not isinstance(reply, EventReply):
                return unknown_channel(eci) if reply is None else cast(Refusal | Fault, reply)
        grants = mailbox.head.pico.grants
        return {
            "pico": mailbox.id,
            "module": module,
            "granted": granted,
            "grants": dict(sorted(grants.items())),
        }

    def _unknown(self, module: str) -> Refusal:
        known = sorted(self._plugins.catalogue.domains)
        problem = next((str(one) for one in self._plugins.problems if one.name == module), None)
        close = get_close_matches(module, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
        return Refusal("unknown", f"this engine has no module {module}", problem or hint)


_WORD = {True: "granted", False: "refused"}
