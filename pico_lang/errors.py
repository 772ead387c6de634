"""What goes wrong while a ruleset runs.

A `RuntimeFault` is a mistake of the ruleset (or of the data it met) that shows itself only while it
runs. It carries a stable code and a sentence; where in the text it happened is added by
`pico_lang.program`, which knows how compiled code maps back to the text.
"""

from __future__ import annotations

from dataclasses import dataclass

FAULTS: dict[str, str] = {
    "R601": "a value of a type that the operation cannot take",
    "R602": "a call of something that is not a function",
    "R603": "an action that is not one",
    "R604": "a name used before it has its value",
    "R605": "a module, ruleset or member that is not there",
    "R606": "an event that is not well formed",
    "R607": "a request that was refused",
    "R608": "a request to the outside that failed",
    "R609": "a stored ruleset that cannot be run",
    "R610": "a query that the pico does not answer: no such ruleset, or nothing shared of that name",
    "R611": "a module that the pico may not use",
    "R612": "a function of a plugin that failed",
    "R613": "a ruleset to be installed that does not compile",
    "R614": "a ruleset to be installed that is not signed by an author whom the engine trusts",
    "R615": "a ruleset that is quarantined",
    "R699": "a mistake of the engine itself",
    "R701": "more steps than the budget of one turn",
    "R702": "calls nested more deeply than the budget allows",
    "R703": "a string, array or map larger than the budget allows",
    "R704": "a regular expression that took too long",
    "R705": "more raised events than the budget of one turn",
    "R706": "more memory or time than a turn may take",
    "R707": "an event too many for its receiver, who has thousands to handle already",
    "R708": "a pico that would hold more than it may",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a ruleset something happened: one step of a chain of calls."""

    rid: str
    line: int
    column: int
    within: str
    """What people call the piece of code: `rule name`, `function name`, `global`."""


class RuntimeFault(Exception):
    """A rule, function or query that could not go on."""

    def __init__(self, code: str, message: str) -> None:
        if code not in FAULTS:
            raise KeyError(f"{code} is not in FAULTS; every code is documented there")
        super().__init__(message)
        self.code = code
        self.message = message
        self.places: tuple[Place, ...] = ()
        """Innermost first; empty until `pico_lang.program` has looked."""


class TypeFault(RuntimeFault):
    """The commonest one: a value that the operation cannot take."""

    def __init__(self, message: str) -> None:
        super().__init__("R601", message)


class BudgetSpent(RuntimeFault):
    """A turn that used up what it was given; the same turn may pass with a bigger budget."""


class Interrupted(BaseException):
    """Raised through a running ruleset by whoever runs it; the language never catches it."""
