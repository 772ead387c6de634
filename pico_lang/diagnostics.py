"""What the language says about a text it cannot accept, or accepts with a warning.

A `Diagnostic` is data: a stable code, a place, a sentence for the author of the ruleset and, where
one can be guessed, a hint. Every code is listed in `CODES`; `diagnostic` refuses one that is not.
Codes: 1xx the text, 2xx names, 3xx the shape of rules and declarations, 4xx modules, 5xx warnings,
6xx tests.
Mistakes that show themselves only while a rule runs are in `pico_lang.errors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pico_lang.source import Source, Span


class Severity(StrEnum):
    """Whether a ruleset with this diagnostic may be installed."""

    ERROR = "error"
    WARNING = "warning"


CODES: dict[str, str] = {
    # 1xx: the text
    "K101": "a character that no token begins with",
    "K102": "a comment, string, chevron or regular expression that is not closed",
    "K103": "a token that cannot stand here",
    "K104": "the text ends too early",
    "K105": "expressions or blocks nested too deeply",
    "K106": "a regular expression that does not compile, or with unknown or repeated flags",
    "K107": "more rules, functions and names than one ruleset may have",
    "K108": "a text that takes more to compile than there is for it",
    # 2xx: names
    "K201": "a name that nothing declares",
    "K202": "a name declared twice in one block",
    "K203": "a parameter name used twice",
    "K204": "a parameter without a default after one that has one",
    "K205": "a positional argument after a named one",
    "K206": "two rules of the same name",
    "K207": "a name used before the declaration that gives it its value",
    # 3xx: the shape of rules and declarations
    "K301": "a rule without a select",
    "K302": "something called that is not a function",
    "K303": "something used as an action that is not one",
    "K304": "an action in a choose block without a label",
    "K305": "an action used where a value is expected",
    "K306": "a share or provide of a name that global does not define",
    "K307": "an action that is shared",
    "K308": "a meta property given twice",
    "K309": "a meta property that is not supported",
    "K310": "an assignment to something other than an entity variable",
    "K311": "a postlude kind or statement that cannot stand here",
    "K312": "an event expression that can never be satisfied",
    "K313": "something of the language that this version does not run",
    "K314": "an upgrade block in a ruleset whose meta has no version",
    "K315": "a version that two upgrade blocks are for",
    "K316": "an upgrade block for the ruleset's own version",
    # 4xx: modules
    "K401": "a module that is neither built in nor used",
    "K402": "a module without a member of that name",
    "K403": "a property of a module called like a function, or the reverse",
    "K404": "an alias used twice",
    # 5xx: warnings
    "K501": "event:attr is deprecated",
    "K502": "reading a property with a dot is deprecated",
    "K503": "meta logging has no effect",
    "K504": "a version in front of meta is deprecated",
    "K505": "where in front of setting is deprecated",
    "K506": "setting names without attribute matches",
    "K507": "a rule that is inactive",
    "K508": "an assignment that copies more than it needs to",
    "K509": "a setting name that nothing uses",
    "K510": "a raise that can select its own rule for ever",
    "K511": "an attribute that no matched event is known to carry",
    "K512": "a test that expects nothing",
    # 6xx: tests
    "K601": "two tests of the same name",
    "K602": "an error code that does not exist",
    "K603": "a step that has to come before all others",
    "K604": "tests for a file that is no ruleset",
}


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing wrong or doubtful in a text."""

    code: str
    message: str
    span: Span
    hint: str | None = None

    @property
    def severity(self) -> Severity:
        return Severity.WARNING if self.code.startswith("K5") else Severity.ERROR


def diagnostic(code: str, message: str, span: Span, hint: str | None = None) -> Diagnostic:
    """A diagnostic with a code that `CODES` lists."""
    if code not in CODES:
        raise KeyError(f"{code} is not in CODES; every code is documented there")
    return Diagnostic(code, message, span, hint)


def render(found: Diagnostic, source: Source) -> str:
    """A diagnostic as people read it: place, code, sentence, excerpt, hint."""
    line, column = source.position(found.span.start)
    text = f"{source.name}:{line}:{column}: {found.severity} {found.code}: {found.message}"
    text += "\n" + source.excerpt(found.span)
    return text if found.hint is None else f"{text}\n     = {found.hint}"


class RulesetRefused(Exception):
    """A text is not a ruleset that can be installed; `diagnostics` says everything found at once."""

    def __init__(self, diagnostics: Iterable[Diagnostic], source: Source) -> None:
        self.diagnostics: Sequence[Diagnostic] = tuple(diagnostics)
        self.source = source
        super().__init__("\n".join(render(found, source) for found in self.diagnostics))
