"""Rulesets that cannot be woken are set aside, so that the rest of their pico goes on.

Whether a text compiles depends on the version of the engine, and whether it wakes on its limits, so
neither is a function of the pico. Who finds out says so (`CannotWake`) and leaves the run; the shell has
the fact put down by a turn of its own (`set_aside`), and from then on it is part of the pico's state,
which comes out the same wherever its history is run again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from engine.core.messages import Unable
from engine.core.model import InstalledRuleset, Pico, Quarantine, Rid
from engine.core.run import Run
from engine.core.timekeeping import to_iso
from pico_lang.errors import BudgetSpent, RuntimeFault
from pico_lang.tracebacks import located
from pico_lang.values import Value

FAILINGS = (RuntimeFault, RecursionError, MemoryError)
"""How a turn fails; anything else is a mistake of ours and is let out."""

LONGEST_REASON = 500

REMEDY = "install or flush a mended text, or uninstall it"


class CannotWake(RuntimeFault):
    """Leaves a run that would need rulesets which cannot be woken."""

    def __init__(self, unable: Sequence[Unable]) -> None:
        first = unable[0]
        super().__init__("R609", f"ruleset {first.rid} cannot be run: {first.reason}")
        self.unable = tuple(unable)


def cannot_wake(ruleset: InstalledRuleset, failure: BaseException, module: str | None) -> CannotWake:
    """What a failure to wake a ruleset says of it."""
    fault = located(failure)
    reason = fault.message if module is None else f"its module {module} cannot be opened: {fault.message}"
    is_limit = isinstance(fault, BudgetSpent)
    unable = Unable(ruleset.rid, ruleset.hash, fault.code, _shorten(reason), module, is_limit)
    found = CannotWake([unable])
    found.places = fault.places
    return found


def healthy(rulesets: Iterable[InstalledRuleset]) -> Iterator[InstalledRuleset]:
    """Those that are not set aside."""
    return (ruleset for ruleset in rulesets if ruleset.quarantine is None)


def quarantined(rulesets: Iterable[InstalledRuleset]) -> Iterator[InstalledRuleset]:
    """Those that are."""
    return (ruleset for ruleset in rulesets if ruleset.quarantine is not None)


def refuse_quarantined(ruleset: InstalledRuleset) -> None:
    """Raise the fault of whoever wants something of a ruleset that is set aside."""
    quarantine = ruleset.quarantine
    if quarantine is not None:
        since = to_iso(quarantine.since_ms)
        told = f"ruleset {ruleset.rid} is quarantined since {since} because {quarantine.reason}; {REMEDY}"
        raise RuntimeFault("R615", told)


def show_quarantine(quarantine: Quarantine) -> dict[str, Value]:
    """As rulesets and people see it."""
    shown: dict[str, Value] = {
        "since": to_iso(quarantine.since_ms),
        "code": quarantine.code,
        "reason": quarantine.reason,
    }
    return shown if quarantine.module is None else {**shown, "module": quarantine.module}


# --- setting aside ---------------------------------------------------------------------------------


def describe(unable: Iterable[Unable]) -> dict[str, Value]:
    """The attributes of the upkeep that sets rulesets aside."""
    return {
        "rulesets": [
            {"rid": one.rid, "hash": one.hash, "code": one.code, "reason": one.reason, "module": one.module}
            for one in unable
        ]
    }


def set_aside(run: Run, found: Iterable[Mapping[str, Value]]) -> None:
    """Put down that these rulesets are quarantined, and tell the log and the pico's own rules, once."""
    for one in found:
        ruleset = _running(run.draft.rulesets, one)
        if ruleset is not None:
            quarantine = Quarantine(run.learned.time_ms, one["code"], one["reason"], one["module"])
            run.draft.put_ruleset(replace(ruleset, quarantine=quarantine))
            _tell(run, ruleset.rid, quarantine)
    # Those that are awake may hold on to what was just set aside.
    run.instances.forget()


def set_aside_for_now(pico: Pico, unable: Iterable[Unable], time_ms: int) -> Pico:
    """The pico as it will be: for a query, which leaves no trace and need not wait for that."""
    reasons = {(one.rid, one.hash): one for one in unable}

    def seen(ruleset: InstalledRuleset) -> InstalledRuleset:
        one = reasons.get((ruleset.rid, ruleset.hash))
        if one is None or ruleset.quarantine is not None:
            return ruleset
        return replace(ruleset, quarantine=Quarantine(time_ms, one.code, one.reason, one.module))

    return replace(pico, rulesets=tuple(map(seen, pico.rulesets)))


def _running(rulesets: Iterable[InstalledRuleset], one: Mapping[str, Value]) -> InstalledRuleset | None:
    """The installed ruleset that is meant, if it is that very text and not set aside already."""
    named = (each for each in healthy(rulesets) if (each.rid, each.hash) == (one["rid"], one["hash"]))
    return next(named, None)


def _tell(run: Run, rid: Rid, quarantine: Quarantine) -> None:
    message = f"ruleset {rid} is quarantined: {quarantine.reason}; {REMEDY}"
    run.write_log("error", rid, message, quarantine.code)
    attrs: dict[str, Value] = {
        "level": "error",
        "data": message,
        "rid": rid,
        "rule_name": None,
        "genus": "system",
        "code": quarantine.code,
        "eid": run.txn_id,
        "span": None,
    }
    run.send_event(run.draft.id, "system", "error", attrs)


def _shorten(reason: str) -> str:
    """On one line, and no longer than people read."""
    told = " ".join(reason.split())
    return told if len(told) <= LONGEST_REASON else told[: LONGEST_REASON - 1] + "…"
