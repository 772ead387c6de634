"""A changed ruleset on its way to a pico: checked, tested, tried on what has really happened, put in force.

Whatever is wrong ends the way there, and the pico keeps the text that it has.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.commands.check import diagnose_among, provided_among
from engine.commands.client import EngineClient
from engine.commands.dev_folder import Folder, Text, all_sources
from engine.commands.failure import Failure
from engine.commands.install import install_ruleset
from engine.commands.suites import open_suite
from engine.commands.test import Played, play_all
from engine.commands.texts import count_errors
from engine.commands.trials import has_trouble
from engine.core.cids import SCHEME
from pico_lang.diagnostics import Diagnostic, RulesetRefused
from pico_lang.source import Source
from pico_lang.suites import Suite

Outcome = Literal["installed", "upgraded", "unchanged", "wrong", "tests failed", "held back", "refused"]
IN_FORCE = frozenset({"installed", "upgraded", "unchanged"})


@dataclass(slots=True)
class Round:
    """What became of one ruleset."""

    text: Text
    outcome: Outcome = "unchanged"
    diagnostics: list[tuple[Diagnostic, Source]] = field(default_factory=list)
    played: list[Played] = field(default_factory=list)
    trial: dict[str, Any] | None = None
    """What the upgrade would change, as `/api/rulesets/RID/upgrade` tells it."""
    failure: Failure | None = None
    took_s: float = 0.0

    @property
    def is_fine(self) -> bool:
        return self.outcome in IN_FORCE


@dataclass(frozen=True, slots=True)
class Course:
    """Where rulesets are to be put in force, and how careful that is to be."""

    engine: EngineClient
    eci: str
    events: int
    is_forced: bool = False
    """Also when events would fail that did not."""

    def run(self, text: Text, folder: Folder) -> Round:
        began = time.perf_counter()
        found = Round(text)
        try:
            found.outcome = self._run(found, folder)
        except Failure as failure:
            found.outcome, found.failure = "refused", failure
        found.took_s = time.perf_counter() - began
        return found

    def _run(self, found: Round, folder: Folder) -> Outcome:
        suites = _check(found, folder)
        if count_errors([one for one, _ in found.diagnostics]):
            return "wrong"
        found.played = list(play_all(suites, None))
        if not all(one.verdict.passed for one in found.played):
            return "tests failed"
        return self._put_in_force(found)

    def _put_in_force(self, found: Round) -> Outcome:
        text = self.engine.push_ruleset(found.text.source.text)
        rid, cid = text["rid"], text["cid"]
        held = {one["rid"]: one["cid"] for one in self.engine.rulesets(self.eci)}
        if rid not in held:
            install_ruleset(self.engine, self.eci, f"{SCHEME}://{cid}", {})
            return "installed"
        if held[rid] == cid:
            return "unchanged"
        return self._upgrade(found, rid, f"{SCHEME}://{cid}")

    def _upgrade(self, found: Round, rid: str, source: str) -> Outcome:
        (found.trial,) = self.engine.try_upgrade(rid, source, self.eci, self.events)["trials"]
        if has_trouble(found.trial) and not self.is_forced:
            return "held back"
        told = self.engine.upgrade(rid, source, self.eci)
        for failed in told["failed"]:
            raise Failure(str(failed.get("reason") or failed["fault"]["message"]), code="upgrade-failed")
        return "upgraded"


def _check(found: Round, folder: Folder) -> Sequence[Suite]:
    """The suites that can be played; what is wrong or doubtful is noted."""
    provided = provided_among(all_sources(folder))
    suites = []
    for source in (found.text.source, *(one.source for one in folder.tests_of(found.text))):
        found.diagnostics += [(one, source) for one in diagnose_among(source, provided)]
        try:
            suites.append(open_suite(source))
        except RulesetRefused:
            if source is found.text.source:
                return ()  # that tests are for a text with mistakes need not be told as well
    return suites
