"""What the shell does about rulesets that cannot be woken: it has that put down, and says so in its log.

Why a text has no program is known here and not in the kernel, so the reasons that are recorded are
completed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import structlog

from engine.core.messages import Event, Unable
from engine.core.model import Eci, EventId, Pico, PicoId, RulesetHash
from engine.core.policy import UPKEEP
from engine.core.quarantine import REMEDY, describe, quarantined, show_quarantine
from engine.runtime.equipment import Equipment
from pico_lang.values import Value

log = structlog.get_logger("picomesh.quarantine")


def explained(equipment: Equipment, unable: Iterable[Unable]) -> tuple[Unable, ...]:
    """With the reasons why they have no program, where that is it."""
    return tuple(_explain(equipment, one) for one in unable)


def upkeep(equipment: Equipment, pico: PicoId, name: str, attrs: Mapping[str, Value]) -> Event:
    """An event by which the engine tends a pico."""
    return Event(Eci(pico), UPKEEP, name, attrs, EventId(equipment.entropy.seed()), sender=pico)


def setting_aside(equipment: Equipment, pico: PicoId, unable: Iterable[Unable]) -> Event:
    """The upkeep that quarantines rulesets which cannot be woken."""
    return upkeep(equipment, pico, "quarantine", describe(unable))


def releasing(equipment: Equipment, pico: PicoId) -> Event:
    """The upkeep that lets those run again that now can."""
    return upkeep(equipment, pico, "release", {})


def report_unable(pico: PicoId, unable: Iterable[Unable]) -> None:
    """Tell the people whose engine it is, once."""
    for one in unable:
        log.error(
            "ruleset quarantined", pico=pico, rid=one.rid, code=one.code, reason=one.reason, mend=REMEDY
        )


def report_quarantined(pico: Pico) -> None:
    """Tell them again when the pico wakes."""
    for ruleset in quarantined(pico.rulesets):
        if ruleset.quarantine is not None:
            shown = show_quarantine(ruleset.quarantine)
            log.warning("ruleset still quarantined", pico=pico.id, rid=ruleset.rid, **shown, mend=REMEDY)


def _explain(equipment: Equipment, one: Unable) -> Unable:
    trouble = equipment.programs.trouble(RulesetHash(one.hash)) if one.code == "R609" else None
    return one if trouble is None or one.module is not None else replace(one, reason=trouble)
