"""What can be told of a pico's past, as JSON documents: for programs, and for commands that draw them.

Only the form is decided here. Numbers of the language that are whole become integers, as in the
answers of queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.core.cids import to_url
from engine.core.codec import Plain, pack_effect, pack_fault, pack_pico
from engine.core.differences import Difference
from engine.core.explain import Bystander, Explanation, Trial
from engine.core.messages import Effect, Event, Fault, LogLine, Question
from engine.core.model import EMPTY, Pico, Rid
from engine.core.quarantine import show_quarantine
from engine.core.records import Record, state_id
from engine.core.replay import Departure, Lacking
from engine.core.timekeeping import to_iso
from engine.core.trials import Contrast

Document = dict[str, Any]

_EXACT = 2**53

STEPS = {
    "refused": "an attribute or its `where` did not match",
    "where": "its `where` did not hold",
    "advanced": "its event expression is part of the way",
    "waiting": "its event expression waits for another event",
    "reset": "its event expression began anew",
}
"""What event expressions say of an event, for people."""


def tell_record(record: Record) -> Document:
    """One turn: when, who, what, and how it ended."""
    event = record.turn.event
    return {
        "seq": record.seq,
        "time": to_iso(record.turn.inputs.time_ms),
        "eid": event.eid,
        "eci": event.eci,
        "sender": event.sender,
        "timer": event.timer,
        "event": _name(event),
        "attrs": _tidy(event.attrs),
        "outcome": "done" if record.fault is None else "failed",
        "fault": None if record.fault is None else tell_fault(record.fault),
        "directives": len(record.directives),
        "messages": len(record.effects),
        "steps": record.steps,
    }


def tell_explanation(explanation: Explanation) -> Document:
    """Events with the rules that were shown them, each with its reasons and what it did."""
    return {
        "events": [
            {
                "event": _name(event),
                "for": event.for_rid,
                "attrs": _tidy(event.attrs),
                "raised_by": _raiser(explanation, number),
                "rules": [_tell_trial(one) for one in explanation.trials if one.event == number],
            }
            for number, event in enumerate(explanation.events)
        ],
        "bystanders": [_tell_bystander(one) for one in explanation.bystanders],
        "quarantined": {rid: show_quarantine(one) for rid, one in explanation.quarantined.items()},
    }


def tell_outline(explanation: Explanation) -> Document:
    """In few words: what each rule made of the events it was shown, and which of them fired."""
    rules = [
        {"rid": one.rid, "rule": one.rule, "verdict": one.verdict, "why": one.why}
        for one in explanation.trials
    ]
    return {"rules": rules, "fired": rules_that_fired(explanation)}


def tell_stopped(record: Record) -> Document:
    """What the record itself knows of the rules of a turn that is not run again: which one was stopped."""
    rules = [
        {"rid": line.rid, "rule": line.rule, "verdict": "failed", "why": ""}
        for line in record.log[-1:]
        if line.rule is not None
    ]
    return {"rules": rules, "fired": []}


def rules_that_fired(explanation: Explanation) -> list[Document]:
    """In the order in which they did."""
    fired = (trial for trial in explanation.trials if trial.verdict == "fired")
    return [{"rid": trial.rid, "rule": trial.rule} for trial in fired]


def tell_step(step: str) -> str:
    """Why an event did not select a rule, in words."""
    expired = step.removeprefix("expired, ")
    told = STEPS.get(expired, expired)
    return told if expired == step else f"what was half-matched had expired; {told}"


def _raiser(explanation: Explanation, number: int) -> Document | None:
    found = next((trial for trial in explanation.trials if number in trial.raised), None)
    return None if found is None else {"event": found.event, "rid": found.rid, "rule": found.rule}


def _tell_trial(trial: Trial) -> Document:
    return {
        "rid": trial.rid,
        "rule": trial.rule,
        "verdict": trial.verdict,
        "why": trial.why,
        "bindings": _tidy(trial.bindings),
        "times": trial.times,
        "ending": trial.ending,
        "steps": trial.steps,
        "differences": tell_differences(trial.differences),
        "directives": _tidy(trial.directives),
        "messages": [tell_effect(effect) for effect in trial.effects],
        "raised": list(trial.raised),
        "log": [tell_line(line) for line in trial.log],
    }


def _tell_bystander(one: Bystander) -> Document:
    return {"rid": one.rid, "rule": one.rule, "active": one.active, "listens": list(one.listens)}


def tell_line(line: LogLine) -> Document:
    """What a rule wrote."""
    return {"level": line.level, "message": _tidy(line.message), "value": _tidy(line.value)}


def tell_effect(effect: Effect) -> Document:
    """What a turn sent, asked for, made or deleted, under the name of its kind."""
    told: Document = _tidy(_shorten_birth(pack_effect(effect)))
    return told


def _shorten_birth(message: Plain) -> Plain:
    """A whole pico is too much to tell in passing."""
    return {"create": {"pico": message["create"]["id"]}} if "create" in message else message


def tell_message(effect: Effect) -> Document:
    """An effect without what it carries."""
    match tell_effect(effect):
        case {"send": sent}:
            return {"send": {name: sent[name] for name in ("eci", "domain", "name", "eid")}}
        case {"ask": asked}:
            content = asked["content"]
            names = {key: content[key] for key in ("module", "name") if key in content}
            return {"ask": {"kind": asked["kind"], **names}}
        case told:
            return told


def tell_differences(differences: Iterable[Difference]) -> list[Document]:
    """Each part with what it was and what it is."""
    return [{"part": list(one.part), "old": _tidy(one.old), "new": _tidy(one.new)} for one in differences]


def tell_departure(departure: Departure) -> Document:
    """Where a repeated turn left the recorded way."""
    return {
        "seq": departure.seq,
        "part": departure.part,
        "recorded": departure.recorded,
        "came_out": departure.came_out,
    }


def tell_lacking(lacking: Lacking) -> list[str]:
    """What somebody who has them could bring."""
    return [to_url(digest) for digest in lacking.texts]


def tell_contrast(contrast: Contrast) -> Document:
    """In what a turn would have come out differently."""
    if contrast.part == "messages":
        then, now = ([_shorten_birth(one) for one in side] for side in (contrast.then, contrast.now))
        return {"part": contrast.part, "then": _tidy(then), "now": _tidy(now)}
    return {"part": contrast.part, "then": _tidy(contrast.then), "now": _tidy(contrast.now)}


def tell_question(question: Question) -> Document:
    """What a run would have to know to go on."""
    return {"kind": question.kind, **_tidy(question.content)}


def tell_fault(fault: Fault) -> Document:
    """What went wrong, and where."""
    told: Document = _tidy(pack_fault(fault))
    names = ("rid", "line", "column", "within")
    return {**told, "places": [dict(zip(names, place, strict=True)) for place in told["places"]]}


def tell_state(pico: Pico) -> Document:
    """A whole pico, and the id of this state of it."""
    return {"state": state_id(pico), **_tidy(pack_pico(pico))}


def tell_share(pico: Pico, rid: str) -> Document:
    """What a pico holds for one of its rulesets."""
    whole: Document = _tidy(pack_pico(pico))
    return {
        "id": pico.id,
        "seq": pico.seq,
        "rid": rid,
        "entities": _tidy(pico.entities.get(Rid(rid), EMPTY)),
        "patterns": _tidy(pico.patterns.get(Rid(rid), EMPTY)),
        "timers": [timer for timer in whole["timers"] if timer["rid"] == rid],
        "wills": [will for will in whole.get("wills", ()) if will["rid"] == rid],
    }


def _name(event: Event) -> str:
    return f"{event.domain}:{event.name}"


def _tidy(value: Any) -> Any:
    """Plain data as Python's JSON writers want it."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _EXACT else value
    if isinstance(value, Mapping):
        return {key: _tidy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tidy(item) for item in value]
    return value
