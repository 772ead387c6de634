"""What a pico does with an event or a query: state in, state out, nothing moves.

`react` shows an event, and every event its rules raise, to the pico's rulesets one after the other,
breadth first; `answer` calls a shared function. Both touch nothing outside their arguments: what
they need to know is in the turn, what is to happen is in the outcome, and the only thing that lives
longer is a cache of opened rulesets, which changes no result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from engine.core import inquiries
from engine.core.catalogue import Catalogue
from engine.core.depth import DepthLimit
from engine.core.domains import BUILT_IN
from engine.core.draft import Draft
from engine.core.failures import fail_turn
from engine.core.messages import (
    Answered,
    Asks,
    Done,
    Effect,
    Event,
    Failed,
    Fault,
    LogLine,
    Outcome,
    Query,
    SendEvent,
    Turn,
    Unable,
)
from engine.core.model import Eci, Inputs, InstalledRuleset, Pico
from engine.core.opening import wake
from engine.core.policy import UPKEEP
from engine.core.programs import Awake, Instances, Programs
from engine.core.quarantine import FAILINGS, CannotWake, healthy
from engine.core.relations import heed
from engine.core.run import Asking, Learned, Observer, Run, Surroundings, Triable
from engine.core.scheduling import use_up
from engine.core.upkeep import tend
from engine.core.world import World, is_error_event
from pico_lang.errors import BudgetSpent, RuntimeFault
from pico_lang.meter import Budget
from pico_lang.selection import EventFacts
from pico_lang.tracebacks import located
from pico_lang.values import Value, to_stored

Opened = Instances[World]
"""The opened rulesets of one pico, kept from one turn to the next."""

WAKING_FACTOR = 100
"""Waking what is installed is not the turn's doing, so it neither counts nor fails for being long."""

LONGEST_MESSAGE = 1_000


def react(
    pico: Pico,
    turn: Turn,
    programs: Programs,
    budget: Budget,
    opened: Opened | None = None,
    observer: Observer | None = None,
    catalogue: Catalogue = BUILT_IN,
) -> Outcome:
    """Run every rule that selects this turn's event. Touches nothing outside its arguments, though an
    observer may take notes."""
    run = _begin(pico, turn.inputs, programs, budget, opened, catalogue)
    run.observer = observer
    try:
        with DepthLimit(budget.depth):
            return _run_turn(run, turn)
    except Asking as asking:
        return Asks(asking.question)
    except FAILINGS as failure:
        return _failed(pico, run, turn, located(failure))


def answer(
    pico: Pico,
    query: Query,
    inputs: Inputs,
    programs: Programs,
    budget: Budget,
    opened: Opened | None = None,
    catalogue: Catalogue = BUILT_IN,
) -> Answered | Asks | Failed:
    """The value of a shared name."""
    return look(pico, inputs, programs, budget, lambda run: _run_query(run, query), opened, catalogue)


def look(
    pico: Pico,
    inputs: Inputs,
    programs: Programs,
    budget: Budget,
    see: Callable[[Run], Value],
    opened: Opened | None = None,
    catalogue: Catalogue = BUILT_IN,
) -> Answered | Asks | Failed:
    """What `see` makes of a pico whose rulesets are all awake. `Failed.pico` is the pico as it was:
    looking leaves no trace."""
    run = _begin(pico, inputs, programs, budget, opened, catalogue)
    try:
        with DepthLimit(budget.depth):
            _wake_all(run)
            value = see(run)
            return Answered(value, tuple(run.log), _steps(run))
    except Asking as asking:
        return Asks(asking.question)
    except FAILINGS as failure:
        return _query_failed(pico, run, located(failure))


def _begin(
    pico: Pico,
    inputs: Inputs,
    programs: Programs,
    budget: Budget,
    opened: Opened | None,
    catalogue: Catalogue,
) -> Run:
    instances = Instances[World]() if opened is None else opened
    surroundings = Surroundings(programs, catalogue, catalogue.calls(pico.grants), budget)
    meter = instances.meter
    run = Run(Draft(pico, meter), Learned(inputs), surroundings, instances, meter)
    for world in instances.seats():
        world.run = run
    run.meter.reset(budget)
    return run


def _wake_all(run: Run) -> None:
    """Have every installed ruleset ready, at nobody's expense."""
    rulesets = run.draft.rulesets
    if run.instances.is_complete(rulesets):
        return
    unable: list[Unable] = []
    for ruleset in healthy(rulesets):
        unable += _why_not_awake(run, ruleset)
    if unable:
        raise CannotWake(unable)
    run.instances.complete(rulesets)
    run.meter.reset(run.surroundings.budget)


def _why_not_awake(run: Run, ruleset: InstalledRuleset) -> tuple[Unable, ...]:
    """Wake a ruleset, if that is possible. What one has used up is not the next one's fault."""
    budget = run.surroundings.budget
    run.meter.reset(replace(budget, steps=budget.steps * WAKING_FACTOR))
    try:
        wake(run, ruleset)
    except CannotWake as found:
        return found.unable
    return ()


# --- events ----------------------------------------------------------------------------------------


def _run_turn(run: Run, turn: Turn) -> Done:
    run.txn_id = turn.event.eid
    if turn.query is not None:
        run.via = turn.query.via  # whoever waits for the query waits for the event before it
    if turn.event.timer is not None:
        _fire(run, turn.event)
    elif turn.event.domain == UPKEEP:
        tend(run, turn.event)
    else:
        _wake_all(run)
        _run_message(run, turn.event)
    value = None if turn.query is None else _run_query(run, turn.query)
    draft = run.draft
    return Done(
        draft.finish(draft.seq + 1),
        tuple(draft.recorded),
        tuple(run.directives),
        tuple(run.effects),
        tuple(run.log),
        value,
        _steps(run),
        tuple(run.raised),
    )


def _fire(run: Run, event: Event) -> None:
    """Run a scheduled event, unless its timer does not wait for it any more or its channel is gone."""
    timer = use_up(run.draft, event, run.learned.time_ms)
    if timer is None:
        return
    if event.eci not in run.draft.channels:
        lost = f"scheduled event {event.domain}:{event.name} is lost: its channel {event.eci} is gone"
        run.write_log("warn", timer.rid, lost)
        return
    _wake_all(run)
    _run_event(run, event)


def _run_message(run: Run, event: Event) -> None:
    """An event, unless it is a message that the relation it belongs to has done with."""
    why = heed(run, event)
    if why is not None:
        run.write_log("warn", "", f"a message of {str(event.sender)[:60]} is ignored: {why}")
    elif (seen := inquiries.heed(run, event)) is not None:
        _run_event(run, seen)


def _run_event(run: Run, event: Event) -> None:
    """Show the event to every ruleset, then each raised one to every ruleset, and so on."""
    run.show(event)
    while run.waiting:
        rid, run.event = run.waiting.popleft()
        ruleset = run.draft.ruleset(rid)
        # One that has been uninstalled since sees no more events, and one that is set aside none at all.
        if ruleset is not None and ruleset.quarantine is None:
            _run_ruleset(run, wake(run, ruleset), run.event)
    run.event = run.rid = run.rule = None


def _run_ruleset(run: Run, awake: Awake[World], event: Event) -> None:
    """Try the rules in the order of the text; each sees what the ones before it have done."""
    rules: Sequence[Triable] = awake.rules_for(event.domain, event.name)
    if not rules:
        return
    rid = run.rid = awake.ruleset.rid
    if run.observer is not None:
        rules = run.observer.watch(run, event, rules)
    facts = EventFacts(event.domain, event.name, event.attrs)
    for rule in rules:
        run.rule = rule.name
        state = run.draft.pattern(rid, rule.name)
        selection = rule.select(facts, state, run.learned.time_ms)
        if selection.state is not state and selection.state != state:
            run.draft.set_pattern(rid, rule.name, selection.state)
        if selection.fired and rule.run(selection.bindings) != "done":
            return
        if rid in run.gone:
            return


# --- queries ---------------------------------------------------------------------------------------


def _run_query(run: Run, query: Query) -> Value:
    ruleset = run.draft.ruleset(query.rid)
    if ruleset is None:
        raise RuntimeFault("R610", f"Pico doesn't have {query.rid} installed.")
    awake = wake(run, ruleset)
    if query.name not in awake.program.shares:
        raise RuntimeFault("R610", f'Ruleset {query.rid} does not have query function "{query.name}"')
    run.query = query
    run.via = query.via
    run.rid = ruleset.rid
    run.txn_id = None if run.txn_id is None else f"{run.txn_id}.q"
    value = awake.instance.query(query.name, query.args)
    return None if callable(value) else to_stored(value, run.meter)


# --- failures --------------------------------------------------------------------------------------


def _failed(pico: Pico, run: Run, turn: Turn, fault: RuntimeFault) -> Failed:
    """Nothing stays but what `fail_turn` leaves and a word to the pico's own rules."""
    told = _tell(fault)
    failed = LogLine("error", run.rid or "", run.rule, told.message, told.code)
    return fail_turn(
        pico,
        turn,
        told,
        (*run.log, failed),
        _follow_up(pico, run, turn.event, told),
        _steps(run),
        _is_limit(fault),
        _unable(fault),
    )


def _query_failed(pico: Pico, run: Run, fault: RuntimeFault) -> Failed:
    return Failed(
        pico,
        _tell(fault),
        tuple(run.log),
        (),
        _steps(run),
        _is_limit(fault),
        unable=_unable(fault),
    )


def _unable(fault: RuntimeFault) -> tuple[Unable, ...]:
    return fault.unable if isinstance(fault, CannotWake) else ()


def _is_limit(fault: RuntimeFault) -> bool:
    """Whether a larger budget might do."""
    return isinstance(fault, BudgetSpent) or any(one.is_limit for one in _unable(fault))


def _tell(fault: RuntimeFault) -> Fault:
    """The fault as it is recorded; a message may quote a value, and a value may be long."""
    message = fault.message
    if len(message) > LONGEST_MESSAGE:
        message = message[: LONGEST_MESSAGE - 1] + "…"
    return Fault(fault.code, message, fault.places)


def _follow_up(pico: Pico, run: Run, event: Event, fault: Fault) -> tuple[Effect, ...]:
    """`system:error` as an event of its own, so that a pico can have rules about its failures."""
    if is_error_event(event):
        return ()
    run.effects.clear()
    attrs = _describe_failure(run, event, fault)
    return (SendEvent(Eci(pico.id), "system", "error", attrs, run.next_eid()),)


def _describe_failure(run: Run, event: Event, fault: Fault) -> Mapping[str, Value]:
    return {
        "level": "error",
        "data": fault.message,
        "rid": run.rid,
        "rule_name": run.rule,
        "genus": "system",
        "code": fault.code,
        "eid": event.eid,
        "span": next(
            (
                {"rid": place.rid, "line": float(place.line), "column": float(place.column)}
                for place in fault.places
            ),
            None,
        ),
    }


def _steps(run: Run) -> int:
    return run.surroundings.budget.steps - max(run.meter.steps, 0)
