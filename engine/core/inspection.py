"""Looking inside a pico: expressions that people write, evaluated on a state that stays as it is.

They see what a ruleset of the pico sees: its entity variables, what its global block declares, the
modules it uses. Nothing can be changed from here, since an expression has no means to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.core.catalogue import Catalogue
from engine.core.domains import BUILT_IN
from engine.core.kernel import Opened, look
from engine.core.messages import Answered, Asks, Failed
from engine.core.model import EMPTY, Inputs, InstalledRuleset, Pico, Rid, RulesetHash
from engine.core.opening import wake
from engine.core.programs import Programs
from engine.core.run import Run
from engine.core.world import World
from pico_lang.coercion import to_string
from pico_lang.errors import RuntimeFault
from pico_lang.evaluation import Evaluated, Surroundings, evaluate_snippet
from pico_lang.host import Modules
from pico_lang.meter import Budget
from pico_lang.nodes import Snippet
from pico_lang.parser import parse_snippet
from pico_lang.program import compile_ruleset
from pico_lang.runtime import Runtime
from pico_lang.source import Source
from pico_lang.values import Action, RegExp, Value, to_stored, type_of

_NOBODY = compile_ruleset(Source("ruleset nobody {}", "nobody"), BUILT_IN.modules)
"""Whom to take for the ruleset where there is none."""


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """From where one looks: a ruleset of the pico, or none, and names given besides its own."""

    rid: str | None = None
    known: Mapping[str, Value] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Seat:
    """A ruleset's place during a run: how its code runs, and what can be mentioned there."""

    runtime: Runtime
    declared: Mapping[str, Value]
    used: Mapping[str, Mapping[str, Value]]


def evaluate(
    pico: Pico,
    viewpoint: Viewpoint,
    texts: Sequence[Source],
    inputs: Inputs,
    programs: Programs,
    budget: Budget,
    opened: Opened | None = None,
    catalogue: Catalogue = BUILT_IN,
) -> Answered | Asks | Failed:
    """The value of the last text as `{"type", "value", "names"}`; each can mention what those before
    it declare. `names` are what a further text could mention.

    A text that ends without an expression has the value of what it declares last. Raises
    `RulesetRefused` for one that cannot be understood.
    """
    snippets = [(parse_snippet(text), text) for text in texts]

    def see(run: Run) -> Value:
        seat = take_seat(run, viewpoint.rid)
        known, value = dict(viewpoint.known), None
        for snippet, source in snippets:
            found = evaluate_at(seat, snippet, source, known, catalogue.modules)
            known.update(found.declared)
            value = found.value if snippet.result is not None else _last(found.declared)
        names = sorted({*seat.declared, *known, *_names_in_domains(run, viewpoint.rid, seat)})
        return {"type": type_of(value), "value": _outwards(value, run), "names": names}

    return look(pico, inputs, programs, budget, see, opened, catalogue)


def _last(declared: Mapping[str, Value]) -> Value:
    return list(declared.values())[-1] if declared else None


def _outwards(value: Value, run: Run) -> Value:
    """What JSON can say of a value; functions can only be told by their type."""
    if isinstance(value, RegExp):
        return to_string(value)
    return None if callable(value) or isinstance(value, Action) else to_stored(value, run.meter)


def _names_in_domains(run: Run, rid: str | None, seat: Seat) -> Iterator[str]:
    """Entity variables, and members of used modules."""
    yield from (f"ent:{name}" for name in run.draft.entities.get(Rid(rid or ""), ()))
    for domain, provided in seat.used.items():
        yield from (f"{domain}:{name}" for name in provided)


def take_seat(run: Run, rid: str | None) -> Seat:
    """The seat of a ruleset in a run where all are awake."""
    if rid is None:
        inputs = Inputs(run.learned.time_ms, "")
        nobody = InstalledRuleset(Rid(_NOBODY.rid), "", RulesetHash(_NOBODY.hash), EMPTY, inputs)
        return Seat(Runtime(run.meter, World(run, nobody, _NOBODY, sees_turn=False)), EMPTY, EMPTY)
    ruleset = run.draft.ruleset(rid)
    if ruleset is None:
        raise RuntimeFault("R610", f"Pico doesn't have {rid} installed.")
    run.rid = rid
    instance = wake(run, ruleset).instance
    return Seat(instance.runtime, instance.declared, instance.used)


def evaluate_at(
    seat: Seat, snippet: Snippet, source: Source, known: Mapping[str, Value], modules: Modules
) -> Evaluated:
    """A snippet from a seat; names in `known` hide those of the ruleset."""
    surroundings = Surroundings(modules, {**seat.declared, **known}, seat.used)
    return evaluate_snippet(snippet, source, seat.runtime, surroundings)
