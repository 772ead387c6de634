"""A kernel without a language: each pico counts, and does what a handful of events tell it to.

For tests of the shell. It works on the real draft, so its changes fold like real ones, and it keeps
a list of the turns it ran.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.core.births import new_pico
from engine.core.chance import Chance
from engine.core.draft import Draft
from engine.core.explain import Explanation
from engine.core.failures import fail_turn
from engine.core.messages import (
    Answered,
    Asks,
    CreatePico,
    DeletePico,
    Done,
    Effect,
    Failed,
    Fault,
    Outcome,
    Query,
    Question,
    SendEvent,
    Turn,
)
from engine.core.model import Channel, Eci, EventId, Inputs, Pico, PicoId, Rid, Timer
from engine.core.scheduling import pass_over, read_timing, use_up
from pico_lang.values import Value

DOMAIN = "tally"


@dataclass
class Step:
    """One turn being run."""

    draft: Draft
    turn: Turn
    directives: list[Mapping[str, Value]] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    @property
    def attrs(self) -> Mapping[str, Any]:
        return self.turn.event.attrs


def total(pico: Pico) -> float:
    """What a pico has counted."""
    found: float = pico.entities.get(DOMAIN, {}).get("n", 0.0)  # type: ignore[call-overload]
    return found


def _add(step: Step) -> None:
    """Count one more and say how many there are."""
    n = (step.draft.entity(DOMAIN, "n") or 0.0) + 1.0
    step.draft.set_entity(DOMAIN, "n", n)
    step.directives.append({"n": n})


def _tell(step: Step) -> None:
    """Send `event` to the channel `to`, with `attrs`."""
    to, event = Eci(step.attrs["to"]), step.attrs["event"]
    eid = EventId(f"{step.draft.id}/{step.draft.seq + 1}/{len(step.effects)}")
    step.effects.append(SendEvent(to, DOMAIN, event, step.attrs.get("attrs", {}), eid))


def _shout(step: Step) -> None:
    """Send `times` events to the channel `to`."""
    for _ in range(int(step.attrs["times"])):
        eid = EventId(f"{step.draft.id}/{step.draft.seq + 1}/{len(step.effects)}")
        step.effects.append(SendEvent(Eci(step.attrs["to"]), DOMAIN, "add", {}, eid))
    _add(step)


def _babble(step: Step) -> None:
    """Send oneself the same event again, for ever."""
    event = step.turn.event
    eid = EventId(f"{step.draft.id}/{step.draft.seq + 1}")
    step.effects.append(SendEvent(event.eci, DOMAIN, "babble", {}, eid))


def _spawn(step: Step) -> None:
    """Make a child of that name, with a channel of the same name, and have it count one."""
    name = step.attrs["name"]
    child = new_pico(PicoId(name), None, [Channel(Eci(name), ())])
    step.effects.append(CreatePico(child))
    step.effects.append(SendEvent(Eci(name), DOMAIN, "add", {}, EventId(f"first/{name}")))


def _bury(step: Step) -> None:
    """Delete the pico of that name."""
    step.effects.append(DeletePico(PicoId(step.attrs["name"])))


def _open(step: Step) -> None:
    step.draft.put_channel(Channel(Eci(step.attrs["eci"]), ()))


def _close(step: Step) -> None:
    step.draft.remove_channel(Eci(step.attrs["eci"]))


def _remind(step: Step) -> None:
    """Send oneself `event` over the channel the event came by, `at` a time or to `repeat`."""
    kind: Literal["at", "repeat"] = "at" if "at" in step.attrs else "repeat"
    _schedule(step, step.attrs["event"], kind, step.attrs[kind])


def _nag(step: Step) -> None:
    """Be reminded at once of doing the same again, for ever."""
    _schedule(step, "nag", "at", 0.0)


def _schedule(step: Step, event: str, kind: Literal["at", "repeat"], when: Value) -> None:
    name, attrs = Chance(step.turn.inputs.seed).id(), step.attrs.get("attrs", {})
    timing, due_ms = read_timing(kind, when, step.turn.inputs.time_ms)
    timer = Timer(name, Rid(DOMAIN), kind, timing, due_ms, step.turn.event.eci, DOMAIN, event, attrs)
    step.draft.put_timer(timer)
    step.directives.append({"timer": name})


def _forget(step: Step) -> None:
    """Do without the timer of that name."""
    step.draft.remove_timer(step.attrs["timer"])


def _pass_over(step: Step) -> None:
    pass_over(step.draft, step.attrs["timer"], int(step.attrs["until"]))


def _fill(step: Step) -> None:
    """Keep a string of that many characters."""
    step.draft.set_entity(DOMAIN, "text", "x" * int(step.attrs["size"]))


def _is_on(step: Step) -> bool:
    """Whether the event, if it was scheduled, still is."""
    event = step.turn.event
    return event.timer is None or use_up(step.draft, event, step.turn.inputs.time_ms) is not None


ACTS: Mapping[str, Callable[[Step], None]] = {
    "add": _add,
    "tell": _tell,
    "babble": _babble,
    "shout": _shout,
    "spawn": _spawn,
    "bury": _bury,
    "open": _open,
    "close": _close,
    "fill": _fill,
    "remind": _remind,
    "nag": _nag,
    "forget": _forget,
    "pass_over": _pass_over,
}


class TallyKernel:
    """`engine.runtime.equipment.Kernel`."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        """Ids of the events of all turns that were run to their end, in order."""

    def react(self, pico: Pico, turn: Turn, instances: object, /) -> Outcome:
        match turn.event.name:
            case "ask" if not turn.inputs.answers:
                return Asks(Question("ruleset", turn.event.attrs))
            case "bug":
                raise ZeroDivisionError("this kernel has a bug")
            case "fail":
                self.ran.append(turn.event.eid)
                return fail_turn(pico, turn, Fault("R601", "told to fail"))
            case "overrun":
                self.ran.append(turn.event.eid)
                return fail_turn(pico, turn, Fault("R701", "told to be too much"), retry_bigger=True)
        return self._run(pico, turn)

    def explain(self, pico: Pico, turn: Turn, instances: object, /) -> Explanation:
        """There are no rules to be tried."""
        return Explanation(self.react(pico, turn, instances), (turn.event,), (), ())

    def _run(self, pico: Pico, turn: Turn) -> Done:
        step = Step(Draft(pico), turn)
        act = ACTS.get(turn.event.name)
        if _is_on(step) and act is not None:
            act(step)
        step.directives += turn.inputs.answers
        self.ran.append(turn.event.eid)
        after = step.draft.finish(pico.seq + 1)
        value = None if turn.query is None else total(after)
        return Done(after, tuple(step.draft.recorded), tuple(step.directives), tuple(step.effects), (), value)

    def answer(
        self, pico: Pico, query: Query, inputs: Inputs, instances: object, /
    ) -> Answered | Asks | Failed:
        if query.name == "overrun":
            self.ran.append(query.name)
            return Failed(pico, Fault("R701", "told to be too much"), retry_bigger=True)
        if query.name != "total":
            return Failed(pico, Fault("R605", f"there is no {query.name}"))
        return Answered(total(pico))

    def evaluate(self, pico: Pico, viewpoint: object, texts: object, inputs: Inputs, /) -> Answered:
        """There is only one thing to be seen."""
        return Answered({"type": "Number", "value": total(pico), "names": []})
