"""What plugins say to questions of kind `module`, and what is made of it when they say nothing good.

So do modules of the engine's own whose questions are of that kind. The code of plugins is somebody else's. It
has so much time, what it gives has to be a value of the language of so many bytes, and whatever goes wrong is
an answer as well.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.codec import to_bytes
from engine.core.model import PicoId
from engine.plugins.collection import Plugins
from engine.plugins.declaration import Call, CannotAnswer, Declared, Module
from engine.plugins.values import ForeignValue, from_python
from engine.runtime.lanes import Lanes

Content = Mapping[str, Any]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConsultingLimits:
    """How far one engine goes for its plugins."""

    answer_s: float = 30.0
    answer_bytes: int = 1 << 20
    per_pico: int = 4
    at_once: int = 128


class Consultants:
    """The members of plugins that are asked things outside a turn."""

    def __init__(self, plugins: Plugins, limits: ConsultingLimits) -> None:
        self._plugins = plugins
        self._own: dict[str, Module] = {}
        self._limits = limits
        self._lanes = Lanes(limits.per_pico, limits.at_once)

    def add(self, module: Module) -> None:
        """A built-in one that has questions of that kind."""
        self._own[module.name] = module

    async def answer(self, pico: PicoId, content: Content) -> Mapping[str, Any]:
        """What the member that a pico asks says, when it is that pico's turn."""
        path = f"{content['module']}:{content['name']}"
        declared = self._find(content["module"], content["name"])
        if declared is None or declared.kind == "function":
            return _nothing(f"this engine has no {path} to ask", "R605")
        async with self._lanes.of(pico):
            return await self._ask(path, declared, Call(pico, content.get("key")), content["arguments"])

    def _find(self, module: str, name: str) -> Declared | None:
        own = self._own.get(module)
        return self._plugins.member(module, name) if own is None else own.members.get(name)

    async def _ask(self, path: str, declared: Declared, call: Call, given: Content) -> Mapping[str, Any]:
        # A question may wait for long, and be asked under a newer version that has more parameters.
        arguments = [one.pass_on(given.get(one.name, one.default)) for one in declared.parameters]
        member = asyncio.get_running_loop().create_task(_hear(declared, call, arguments))
        try:
            await asyncio.wait([member], timeout=self._limits.answer_s)
        finally:
            member.cancel()  # and not waited for: it may not listen
        if not member.done():
            return _nothing(f"{path} gave no answer within {self._limits.answer_s:g} s (plugin_answer_s)")
        value, problem = member.result()
        if problem is None:
            return self._checked(path, value)
        if isinstance(problem, CannotAnswer):
            return _nothing(f"{path}: {problem}")
        logger.error("the plugin's %s failed", path, exc_info=problem)
        return _nothing(f"{path} failed: {type(problem).__name__}: {problem}")

    def _checked(self, path: str, given: Any) -> Mapping[str, Any]:
        try:
            value = from_python(given)
        except ForeignValue as problem:
            return _nothing(f"{path} gave {problem}")
        size, limit = len(to_bytes(value)), self._limits.answer_bytes
        if size > limit:
            return _nothing(f"{path} gave {size:,} bytes; the limit is {limit:,} (plugin_answer_bytes)")
        return {"value": value}


async def _hear(declared: Declared, call: Call, arguments: list[Any]) -> tuple[Any, BaseException | None]:
    """What a member gives, or raises. Let out, `sys.exit` in there would end the engine, and a cancellation
    would be taken for one of whoever asks."""
    try:
        return await declared.run(call, *arguments), None
    except (Exception, SystemExit, asyncio.CancelledError) as problem:
        return None, problem


def _nothing(reason: str, code: str = "R608") -> Mapping[str, Any]:
    return {"error": reason, "code": code}
