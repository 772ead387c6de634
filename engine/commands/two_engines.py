"""Two engines that trust each other, and a pico that moves between them: for the demo and for benchmarks.

Both run on loopback in folders of their own, as `picomesh serve` runs them. The pico below the root of the
first has the ruleset of `examples/counter`, and that of `examples/nomad`, which has it go where it is told.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engine.commands.client import EngineClient
from engine.commands.failure import Failure
from engine.commands.hints import counter_ruleset, traveller_ruleset
from engine.commands.process import EngineProcess
from engine.config import SETTINGS_FILE
from engine.core.cids import to_url

NAMES = ("laptop", "server")
SETTINGS = 'engine_name = "{name}"\nhttp_private = ["127.0.0.1"]\nfault_domain = "{name}"\n'
"""They are on one machine, whose own addresses rulesets cannot reach by themselves."""
PAUSE_S = 0.005
ARRIVAL_S = 60.0


@dataclass(frozen=True, slots=True)
class Journey:
    """One move, as somebody sees it who asked for it."""

    origin: str
    to: str
    took_s: float
    """From the order to the first answer of the pico on the other engine."""


class TwoEngines:
    """A context: both run in it, and neither afterwards."""

    def __init__(self, folder: Path, settings: Sequence[str] = ("", "")) -> None:
        """With further settings of each."""
        homes = [_home(folder, name, more) for name, more in zip(NAMES, settings, strict=True)]
        self.processes = [EngineProcess(home) for home in homes]
        self.clients: list[EngineClient] = []
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        for process in self.processes:
            self._exit.callback(process.end)
        try:
            self.clients += [process.start() for process in self.processes]
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def introduce(self) -> None:
        """As their owners do with `picomesh engines invite`, `add` and `accept`."""
        for one in self.clients:  # first, so that what they say of themselves when they meet has room
            one.acceptance({"who": "trusted"})
        first, second = self.clients
        invitation = first.change_engines("invite", lasts=3600, once=True, trust="trusted")["url"]
        second.change_engines("add", invitation=invitation, trust="trusted")

    @property
    def urls(self) -> Sequence[str]:
        return [one.url for one in self.clients]

    def stop(self) -> None:
        for process in self.processes:
            process.stop()


class Wanderer:
    """A pico on the first of two engines, which can be told to go to the other one."""

    def __init__(self, engines: TwoEngines, *more: Path) -> None:
        """With the rulesets in these files besides those that it has."""
        self._engines = engines
        self._at = 0
        here = engines.clients[0]
        self.eci = _make_child(here)
        here.grant(self.eci, "engine", True)
        for path in (counter_ruleset(), traveller_ruleset(), *more):
            pushed = here.push_ruleset(path.read_text("utf-8"))
            here.install(self.eci, to_url(pushed["hash"]), {})

    @property
    def here(self) -> EngineClient:
        """The engine on which it is."""
        return self._engines.clients[self._at]

    @property
    def place(self) -> str:
        return NAMES[self._at]

    @property
    def next_place(self) -> str:
        return NAMES[1 - self._at]

    def move(self, why: str = "it was told to", look_s: float = PAUSE_S) -> Journey:
        """To the other engine; returns when it answers there, which is looked at now and then. Raises
        `Failure`."""
        before, origin, to = self._entries(self._at), self.place, self.next_place
        assert before is not None, "it answers where it is"
        began_s = time.monotonic()
        self.here.send_event(self.eci, ("traveller", "go"), {"to": to, "why": why})
        while (found := self._entries(1 - self._at)) is None or len(found) == len(before):
            self._check(before, time.monotonic() - began_s)
            time.sleep(look_s)
        self._at = 1 - self._at
        return Journey(origin, to, time.monotonic() - began_s)

    def journal(self) -> list[dict[str, Any]]:
        """What it has written down of its moves."""
        return self._entries(self._at) or []

    def count(self) -> int:
        """How far it has counted."""
        counted: int = self.here.query(self.eci, ("counter", "count"), {})
        return counted

    def _entries(self, place: int) -> list[dict[str, Any]] | None:
        """Its journal, if it is there."""
        try:
            found: list[dict[str, Any]] = self._engines.clients[place].query(
                self.eci, ("traveller", "journal"), {}
            )
        except Failure as failure:
            if failure.code is None:
                raise
            return None
        return found

    def _check(self, before: list[dict[str, Any]], passed_s: float) -> None:
        """Whether it still may arrive."""
        still = self._entries(self._at)
        if still is not None and len(still) > len(before):
            raise Failure(f"the pico stayed on {self.place}: {still[-1]['why']}")
        if passed_s > ARRIVAL_S:
            raise Failure(f"the pico did not arrive on {self.next_place} within {ARRIVAL_S:g} s")


def _home(folder: Path, name: str, settings: str) -> Path:
    home = folder / name
    home.mkdir(mode=0o700)
    (home / SETTINGS_FILE).write_text(SETTINGS.format(name=name) + settings, "utf-8")
    return home


def _make_child(engine: EngineClient) -> str:
    """A pico below the root, by the channel that is for people."""
    root = engine.root_eci()
    engine.send_event(root, ("wrangler", "new_child_request"), {"name": "wanderer"})
    end_s = time.monotonic() + ARRIVAL_S
    while time.monotonic() < end_s:
        children = engine.tree()["children"]
        if children and children[0]["eci"] is not None:
            return str(children[0]["eci"])
        time.sleep(PAUSE_S)
    raise Failure("the pico was not born")
