"""Reads TextMate grammars as editors do, as far as ours needs it: line by line, with a stack of rules.

At each place the leftmost match wins, of several there the one that is listed first, the end of the
rule we are in before all. Only names and captures are kept; there are no injections and no `while`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import regex

Rule = dict[str, Any]
Scopes = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """A rule with a beginning and an end that we are in."""

    rule: Rule
    scopes: Scopes


class Grammar:
    def __init__(self, path: Path) -> None:
        self.root: Rule = json.loads(path.read_text("utf-8"))

    def rules(self) -> Iterator[Rule]:
        """Every rule, nested ones included."""
        waiting = [self.root, *self.root["repository"].values()]
        while waiting:
            rule = waiting.pop()
            yield rule
            waiting += rule.get("patterns", [])

    def scopes(self, text: str) -> list[Scopes]:
        """For each character its scopes, the innermost last."""
        found: list[Scopes] = []
        stack = [Open(self.root, ())]
        for line in text.splitlines(keepends=True):
            found += self._line(line, stack)
        return found

    def _line(self, line: str, stack: list[Open]) -> list[Scopes]:
        found: list[Scopes] = []
        while len(found) < len(line):
            now, place = stack[-1], len(found)
            ending = self._search(now.rule.get("end"), line, place)
            rule, match = self._leftmost(now.rule, line, place, ending)
            if match is None:
                return found + [now.scopes] * (len(line) - place)
            found += [now.scopes] * (match.start() - place)
            if rule is now.rule:
                stack.pop()
                found += _captured(match, now.scopes, rule.get("endCaptures", {}))
                continue
            scopes = (*now.scopes, rule["name"]) if "name" in rule else now.scopes
            if "begin" in rule:
                stack.append(Open(rule, scopes))
            found += _captured(match, scopes, rule.get("beginCaptures") or rule.get("captures", {}))
            assert match.end() > place or "begin" in rule, f"a rule that takes nothing: {rule}"
        return found

    def _leftmost(
        self, outer: Rule, line: str, place: int, ending: regex.Match[str] | None
    ) -> tuple[Rule, regex.Match[str] | None]:
        best, first = outer, ending
        for rule in self._candidates(outer):
            match = self._search(rule.get("match") or rule["begin"], line, place)
            if match is not None and (first is None or match.start() < first.start()):
                best, first = rule, match
        return best, first

    def _candidates(self, outer: Rule) -> Iterator[Rule]:
        """The rules that may match within one, those of mere lists in their place."""
        for pattern in outer.get("patterns", []):
            rule = self._included(pattern)
            if "match" in rule or "begin" in rule:
                yield rule
            else:
                yield from self._candidates(rule)

    def _included(self, pattern: Rule) -> Rule:
        include = pattern.get("include")
        if include is None:
            return pattern
        rule: Rule = self.root if include == "$self" else self.root["repository"][include.removeprefix("#")]
        return rule

    def _search(self, pattern: str | None, line: str, place: int) -> regex.Match[str] | None:
        return None if pattern is None else regex.compile(pattern).search(line, place)


def _captured(match: regex.Match[str], scopes: Scopes, captures: dict[str, Rule]) -> list[Scopes]:
    """The scopes of what a rule matched, character by character."""
    found = [scopes] * (match.end() - match.start())
    for number, capture in captures.items():
        start, end = match.span(int(number))
        for place in range(start, end):
            found[place - match.start()] = (*scopes, capture["name"])
    return found
