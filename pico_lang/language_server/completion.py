"""What an editor offers while somebody writes.

What kinds of token could come is the parser's answer (`places`), what names there are the tree's
(`surroundings`). A name is offered where it could be used as what it is: operators behind a dot,
members behind their module's colon, actions where something acts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pico_lang.builtins import OPERATORS
from pico_lang.host import MemberKind
from pico_lang.language_server.descriptions import (
    member_doc,
    member_signature,
    operator_doc,
    operator_signature,
    variable_doc,
    variable_signature,
)
from pico_lang.language_server.document import Document
from pico_lang.language_server.places import Place, Role, place_at
from pico_lang.language_server.surroundings import Surroundings, look_around
from pico_lang.language_server.symbols import ENTITY, function_of
from pico_lang.lexer import WORD
from pico_lang.names import Binding
from pico_lang.static_types import ACTIONS, StaticType, type_of_binding
from pico_lang.words import AGGREGATORS, CALL_FORMS, COUNTERS, LEVELS, RESERVED, UNITS

CompletionKind = Literal["variable", "function", "operator", "module", "property", "event", "keyword"]


@dataclass(frozen=True, slots=True)
class Completion:
    """Something that could be written."""

    label: str
    kind: CompletionKind
    detail: str = ""
    documentation: str = ""


def completions_at(document: Document, offset: int) -> list[Completion]:
    """What could be written at an offset; nothing in comments, strings and the like."""
    place = place_at(document.source, offset)
    if place is None:
        return []
    around = look_around(document, place)
    if place.is_behind(WORD, ":"):
        return list(_behind_colon(document, place, around))
    if place.is_behind("."):
        return list(_methods(around))
    return [*_names(place, around), *_keywords(place)]


# --- behind a dot or a colon ---------------------------------------------------------------------------


def _methods(around: Surroundings) -> Iterator[Completion]:
    """Standard operators, and the functions of the ruleset, which can be called in the same way."""
    for name in sorted(OPERATORS):
        yield Completion(name, "operator", operator_signature(name), operator_doc(name))
    yield from _variables(around, _of_type(around, "Function"))


def _behind_colon(document: Document, place: Place, around: Surroundings) -> Iterator[Completion]:
    domain = place.before[-2]
    standing = place_at(document.source, domain.start)
    role = Role.UNKNOWN if standing is None else standing.role
    if role is Role.EVENT_DOMAIN:
        yield from _event_types(domain.text, around)
    elif domain.text in around.used or domain.text not in around.modules:
        kind: CompletionKind = "variable" if domain.text == ENTITY else "function"
        names = sorted(around.words.get(domain.text, ()))
        yield from (Completion(name, kind, f"{domain.text}:{name}") for name in names)
    elif standing is not None and standing.is_behind("."):
        yield from _members(domain.text, around, ("function", "both"))
    else:
        yield from _members(domain.text, around, _KINDS_OF_ROLE.get(role, _ANY_KIND))


_ANY_KIND: tuple[MemberKind, ...] = ("property", "function", "action", "both")
_KINDS_OF_ROLE: dict[Role, tuple[MemberKind, ...]] = {
    Role.VALUE: ("property", "function", "both"),
    Role.ACTION: ("action", "both"),
    Role.ASSIGNED: (),
}


def _members(domain: str, around: Surroundings, kinds: tuple[MemberKind, ...]) -> Iterator[Completion]:
    for name, member in sorted(around.modules[domain].items()):
        if member.kind in kinds:
            kind: CompletionKind = "property" if member.kind == "property" else "function"
            signature = member_signature(domain, name, member)
            yield Completion(name, kind, signature, member_doc(domain, member))


# --- names -----------------------------------------------------------------------------------------------


def _names(place: Place, around: Surroundings) -> Iterator[Completion]:
    match place.role:
        case Role.VALUE | Role.UNKNOWN:
            yield from _variables(around, around.visible.values())
            yield from _domains({ENTITY, *around.modules, *around.used})
        case Role.ACTION:
            yield from _actions(around)
        case Role.ASSIGNED:
            yield from _domains({ENTITY})
        case Role.EVENT_DOMAIN | Role.RAISED:
            domains = sorted({domain for domain, _ in around.events})
            yield from (Completion(domain, "event", "event domain") for domain in domains)
        case Role.EVENT_TYPE:
            yield from _event_types(place.before[-1].text, around)
        case Role.EXPORTED:
            yield from _variables(around, around.visible.values())
        case Role.OTHER:
            pass


def _variables(around: Surroundings, bindings: Iterable[Binding]) -> Iterator[Completion]:
    for binding in bindings:
        kind: CompletionKind = "variable" if function_of(binding) is None else "function"
        signature = variable_signature(binding, around.source)
        yield Completion(binding.name, kind, signature, variable_doc(binding, around.names))


def _domains(names: Iterable[str]) -> Iterator[Completion]:
    yield from (Completion(name, "module", f"{name}:…") for name in sorted(names))


def _actions(around: Surroundings) -> Iterator[Completion]:
    """What is an action, what may turn out to be one, and modules that have some."""
    for name in ACTIONS:
        yield Completion(name, "function", operator_signature(name), operator_doc(name))
    yield from _variables(around, _of_type(around, "Action", None))
    acting = {
        domain
        for domain, members in around.modules.items()
        if any(member.kind in ("action", "both") for member in members.values())
    }
    yield from _domains(acting | around.used)


def _event_types(domain: str, around: Surroundings) -> Iterator[Completion]:
    types = sorted({name for known, name in around.events if known == domain})
    yield from (Completion(name, "event", f"{domain}:{name}") for name in types)


def _of_type(around: Surroundings, *types: StaticType | None) -> list[Binding]:
    return [one for one in around.visible.values() if type_of_binding(one, around.names) in types]


# --- keywords --------------------------------------------------------------------------------------------

_WORDS_OF_KIND = {
    "UNIT": UNITS.keys(),
    "LEVEL": LEVELS,
    "AGGREGATOR": AGGREGATORS,
    "CALL_FORM": CALL_FORMS,
    "COUNTED": COUNTERS,
    "ANY_OF": {"any"},
}


def _keywords(place: Place) -> Iterator[Completion]:
    words = {kind for kind in place.expected if kind.isalpha() and kind.islower()}
    words.update(*(_WORDS_OF_KIND.get(kind, ()) for kind in place.expected))
    if place.role in (Role.EVENT_DOMAIN, Role.EVENT_TYPE):
        # Events may be called by reserved words, but nobody should be tempted.
        words -= RESERVED
    yield from (Completion(word, "keyword") for word in sorted(words))
