"""Operators that take a regular expression: `match`, `extract` and `replace`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import islice
from types import FunctionType

from pico_lang import regexps, utf16
from pico_lang.builtins.arguments import MISSING
from pico_lang.calls import call
from pico_lang.coercion import to_string
from pico_lang.regexps import Match
from pico_lang.runtime import Runtime
from pico_lang.values import RegExp, Value, is_null


def match(rt: Runtime, val: Value = None, regex: Value = None) -> bool:
    """`match`: whether a regular expression, or a string taken as one, matches somewhere."""
    if regex.__class__ is str:
        regex = RegExp(regex)
    if regex.__class__ is not RegExp:
        return False
    return regexps.search(rt.meter, regex, to_string(val)) is not None


def extract(rt: Runtime, val: Value = None, regex: Value = MISSING) -> list[Value]:
    """`extract`: the captures of the first match or, with flag g, the text of every match."""
    if regex is MISSING:
        return []
    if regex.__class__ is not RegExp:
        regex = RegExp(to_string(regex))
    text = to_string(val)
    if "g" not in regex.flags:
        return regexps.captures(rt.meter, regex, text) or []
    return [utf16.whole(found.text) for found in regexps.matches(rt.meter, regex, text)]


def replace(rt: Runtime, val: Value = None, regex: Value = MISSING, replacement: Value = None) -> Value:
    """`replace`: another text in place of the first match or, with flag g, of every match.

    A pattern that is no regular expression is looked for as it stands.
    """
    if regex is MISSING:
        return val
    text = utf16.units(to_string(val))
    if regex.__class__ is RegExp:
        found: Iterable[Match] = regexps.matches(rt.meter, regex, text)
        if "g" not in regex.flags:
            found = islice(found, 1)
    else:
        found = _literal_match(rt, text, utf16.units(to_string(regex)))
    return _replace(rt, text, found, _replacer(rt, replacement))


def _literal_match(rt: Runtime, text: str, pattern: str) -> list[Match]:
    rt.meter.charge((len(text) + len(pattern)) >> 6)
    at = text.find(pattern)
    return [] if at < 0 else [Match(text, at, at + len(pattern), (), {})]


def _replace(rt: Runtime, text: str, found: Iterable[Match], replacer: Callable[[Match], str]) -> str:
    parts = []
    at = 0
    for one in found:
        parts += [text[at : one.start], replacer(one)]
        at = one.end
    parts.append(text[at:])
    rt.meter.check_string(sum(map(len, parts)))
    return utf16.whole("".join(parts))


def _replacer(rt: Runtime, replacement: Value) -> Callable[[Match], str]:
    """From a match to the text that comes in its place."""
    if is_null(replacement):
        return lambda found: ""
    if replacement.__class__ is FunctionType:
        return lambda found: _call_replacement(rt, replacement, found)
    template = utf16.units(to_string(replacement))
    return lambda found: _expand(rt, template, found)


def _call_replacement(rt: Runtime, replacement: Value, found: Match) -> str:
    """Arguments: the match, its captures, its position, and the whole text."""
    texts = [item and utf16.whole(item) for item in (found.text, *found.captures)]
    result = call(rt, replacement, [*texts, float(found.start), utf16.whole(found.subject)])
    return utf16.units(to_string(result))


_DOLLAR = re.compile(r"\$(?:([$&`'])|([0-9]{1,2})|<([^>]*)>)")


def _expand(rt: Runtime, template: str, found: Match) -> str:
    """A template with what `$…` stands for in it (ECMAScript 2023, 22.1.3.19.1)."""
    if "$" not in template:
        return template

    def meaning(dollar: re.Match[str]) -> str:
        text = _meaning(dollar, found)
        rt.meter.check_string(len(text))
        return text

    expanded = _DOLLAR.sub(meaning, template)
    rt.meter.check_string(len(expanded))
    return expanded


def _meaning(dollar: re.Match[str], found: Match) -> str:
    sign, digits, name = dollar.groups()
    if digits is not None:
        capture = _numbered(digits, found.captures)
        return dollar[0] if capture is None else capture
    if name is not None:
        return _named(name, found) if found.names else dollar[0]
    if sign == "`":
        return found.subject[: found.start]
    if sign == "'":
        return found.subject[found.end :]
    return "$" if sign == "$" else found.text


def _named(name: str, found: Match) -> str:
    number = found.names.get(name)
    return "" if number is None else found.captures[number - 1] or ""


def _numbered(digits: str, captures: tuple[str | None, ...]) -> str | None:
    """`$12` is capture 12 or, if there are fewer, capture 1 and a 2; None if there is neither."""
    for length in range(len(digits), 0, -1):
        number = int(digits[:length])
        if 1 <= number <= len(captures):
            return (captures[number - 1] or "") + digits[length:]
    return None
