"""Whether what happened on a stage is what a test expects, and if not, how far off it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from engine.core.messages import Event, Fault, SendEvent
from engine.core.model import Timer
from engine.core.testing.differences import differences, missing, show
from engine.core.testing.findings import Finding
from engine.core.testing.stage import Happenings, Stage
from pico_lang import nodes as n
from pico_lang.coercion import truthy
from pico_lang.errors import RuntimeFault, TypeFault
from pico_lang.source import Source
from pico_lang.values import Value

Evaluate = Callable[[n.Expression], Value]

COMPARISONS = {"==", "!=", "<", "<=", ">", ">=", "><", "like"}

Found = Finding | None


def judge(expected: n.Expectation, stage: Stage, evaluate: Evaluate, source: Source) -> Found:
    """What is to be said against an expectation, if it is not met. Raises `RuntimeFault`."""
    match expected:
        case n.ExpectValue(value=value):
            return _judge_value(value, evaluate, source)
        case n.ExpectDirective():
            return _judge_directive(expected, stage.happenings, evaluate)
        case n.ExpectEvent():
            return _judge_event(expected, stage, evaluate)
        case n.ExpectError():
            return _judge_error(expected, stage.happenings.faults)
        case n.ExpectFault():
            return _judge_fault(expected, evaluate)


# --- values ----------------------------------------------------------------------------------------


def _judge_value(expression: n.Expression, evaluate: Evaluate, source: Source) -> Found:
    """Nothing but true will do: an expectation that any map or text meets could not fail."""
    value = evaluate(expression)
    if value is True:
        return None
    blamed = _first_untrue(expression, evaluate)
    text = source.text[blamed.span.start : blamed.span.end]
    if isinstance(blamed, n.Binary) and blamed.operator in COMPARISONS:
        return Finding("this does not hold", blamed.span, tuple(_compare(blamed, evaluate, source)))
    shown = evaluate(blamed) if blamed is not expression else value
    hint = () if shown is False or not truthy(shown) else ("an expectation has to be true, no less",)
    return Finding(f"`{_one_line(text)}` is {show(shown)}, not true", blamed.span, hint)


def _first_untrue(expression: n.Expression, evaluate: Evaluate) -> n.Expression:
    """The part of a chain of `&&` that is to blame."""
    while isinstance(expression, n.Binary) and expression.operator == "&&":
        expression = expression.right if truthy(evaluate(expression.left)) else expression.left
    return expression


def _compare(blamed: n.Binary, evaluate: Evaluate, source: Source) -> Iterable[str]:
    left, right = evaluate(blamed.left), evaluate(blamed.right)
    if blamed.operator == "==":
        yield from differences(right, left)
        return
    for side, value in ((blamed.left, left), (blamed.right, right)):
        if not isinstance(side, n.NumberLiteral | n.StringLiteral | n.RegExpLiteral):
            yield f"`{_one_line(source.text[side.span.start : side.span.end])}` is {show(value)}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


# --- directives and events ---------------------------------------------------------------------------


def _judge_directive(expected: n.ExpectDirective, happened: Happenings, evaluate: Evaluate) -> Found:
    wanted = None if expected.name is None else expected.name.value
    named = [one for one in happened.directives if wanted is None or one["name"] == wanted]
    every = [f"{one['name']} {show(one['options'])}" for one in happened.directives]
    what = "directive" if wanted is None else f'directive "{wanted}"'
    options = [one["options"] for one in named]
    return _judge_occurrence(what, expected, options, every, evaluate)


def _judge_event(expected: n.ExpectEvent, stage: Stage, evaluate: Evaluate) -> Found:
    events = _events(expected.kind, stage)
    named = [attrs for domain, name, attrs in events if (domain, name) == (expected.domain, expected.name)]
    every = [f"{domain}:{name} {show(attrs)}" for domain, name, attrs in events]
    what = f"{expected.kind} event {expected.domain}:{expected.name}"
    return _judge_occurrence(what, expected, named, every, evaluate)


def _events(kind: str, stage: Stage) -> Sequence[tuple[str, str, Value]]:
    events: Mapping[str, Iterable[Event | SendEvent | Timer]] = {
        "raised": stage.happenings.raised,
        "sent": stage.happenings.sent,
        "scheduled": stage.star.timers.values(),
    }
    return [(one.domain, one.name, one.attrs) for one in events[kind]]


def _judge_occurrence(
    what: str,
    expected: n.ExpectDirective | n.ExpectEvent,
    named: Sequence[Value],
    every: Sequence[str],
    evaluate: Evaluate,
) -> Found:
    """One of those of the right name has to have the details, or with `no` none may."""
    details = None if expected.details is None else _read_details(expected.details, evaluate)
    fitting = [one for one in named if _differences(expected.details, details, one) == []]
    if expected.negated and fitting:
        return Finding(f"there is a {what}", expected.span, tuple(every))
    if expected.negated or fitting:
        return None
    if len(named) == 1:
        told = tuple(_differences(expected.details, details, named[0]))
        return Finding(f"the {what} has other details", expected.span, told)
    return Finding(f"there is no such {what}", expected.span, tuple(every) or ("there is none at all",))


def _read_details(details: n.Details, evaluate: Evaluate) -> Mapping[str, Value]:
    value = evaluate(details.value)
    if not isinstance(value, dict):
        raise TypeFault(f"details are a map, not {show(value)}")
    return value


def _differences(details: n.Details | None, wanted: Value, got: Value) -> list[str]:
    if details is None:
        return []
    return differences(wanted, got) if details.exact else missing(wanted, got)


# --- errors ------------------------------------------------------------------------------------------


def _judge_error(expected: n.ExpectError, faults: Sequence[Fault]) -> Found:
    fitting = [one for one in faults if expected.code is None or one.code == expected.code.value]
    if expected.negated == (not fitting):
        return None
    what = "an error" if expected.code is None else f"an error {expected.code.value}"
    message = f"there is {what}" if expected.negated else f"there is no {what.removeprefix('an ')}"
    return Finding(message, expected.span, tuple(f"{one.code}: {one.message}" for one in faults))


def _judge_fault(expected: n.ExpectFault, evaluate: Evaluate) -> Found:
    try:
        value = evaluate(expected.value)
    except RuntimeFault as fault:
        if expected.code is None or fault.code == expected.code.value:
            return None
        return Finding("this fails in another way", expected.span, (f"{fault.code}: {fault.message}",))
    return Finding("this does not fail", expected.span, (f"its value is {show(value)}",))
