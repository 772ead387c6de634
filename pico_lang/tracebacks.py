"""From a Python traceback to places in a ruleset.

Compiled code carries the positions of the ruleset it came from, and file names that begin with
`krl:`. So the chain of calls that led to a failure is in the traceback already, and finding it costs
nothing until something fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from types import CodeType, TracebackType

from pico_lang.errors import BudgetSpent, Place, RuntimeFault

FILE_PREFIX = "krl:"

CHAIN_ENDS = 6
"""Places kept at each end of a long chain of calls."""

Call = tuple[CodeType, int, str]
"""A piece of code, the instruction it was at (an offset in bytes), and the name to tell of it."""

_KINDS = {
    "v": "function {}",
    "function": "function",
    "action": "defaction {}",
    "rule": "rule {}",
    "where": "where of rule {}",
    "upgrade": "upgrade",
}
_CODE_NAME = re.compile(r"([a-z]+?)\d+(?:_(.*))?", re.DOTALL)
_PART = re.compile(r"part\d+")
_VARIABLE = re.compile(r"v\d+_([A-Za-z0-9_$]+)")

FAILURES = (RuntimeFault, NameError, RecursionError, MemoryError)
"""What compiled code may raise; everything else is a bug of ours and passes through."""


def located(failure: BaseException) -> RuntimeFault:
    """The fault that a failure of compiled code means, with the places it passed through."""
    fault = _as_fault(failure)
    if not fault.places:
        calls = list(_calls(failure.__traceback__))[::-1]
        fault.places = tuple(_places(_shorten(calls)))
    return fault


def _as_fault(failure: BaseException) -> RuntimeFault:
    match failure:
        case RuntimeFault():
            return failure
        case NameError():
            found = _VARIABLE.search(str(failure))
            name = found[1] if found else "a name"
            return RuntimeFault("R604", f"{name} is used before it has its value")
        case RecursionError():
            return BudgetSpent("R702", "calls nested too deeply; is there a recursion that never ends?")
        case MemoryError():
            return BudgetSpent("R706", "more memory than one turn may take")
        case _:
            raise failure


def _calls(traceback: TracebackType | None) -> Iterator[Call]:
    """Those into code of rulesets, outermost first. A part of a long expression is a function only to
    Python: it has the place of what fails in it, under the name of the code that it is a part of."""
    within = ""
    while traceback is not None:
        code, following = traceback.tb_frame.f_code, traceback.tb_next
        if code.co_filename.startswith(FILE_PREFIX):
            within = within if _is_part(code) else code.co_name
            if not (following is not None and _is_part(following.tb_frame.f_code)):
                yield code, traceback.tb_lasti, within
        traceback = following


def _shorten(calls: list[Call]) -> list[Call]:
    """A deep recursion has a long traceback. Its middle is skipped unread: looking up a hundred thousand
    places takes a second."""
    return calls if len(calls) <= 2 * CHAIN_ENDS else [*calls[:CHAIN_ENDS], *calls[-CHAIN_ENDS:]]


def _places(calls: Iterable[Call]) -> Iterator[Place]:
    for code, instruction, within in calls:
        line, column = _position(code, instruction)
        if line:
            yield Place(code.co_filename[len(FILE_PREFIX) :], line, column, _within(within))


def _is_part(code: CodeType) -> bool:
    return code.co_filename.startswith(FILE_PREFIX) and _PART.fullmatch(code.co_name) is not None


def _position(code: CodeType, instruction: int) -> tuple[int, int]:
    """Line and column, counted from 1, of one instruction (an offset in bytes, two per instruction)."""
    line, _, column, _ = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    return line or 0, (column or 0) + 1


def _within(code_name: str) -> str:
    """What people call the code, from the name the compiler gave it."""
    if code_name in ("instantiate", "evaluate"):
        return "global" if code_name == "instantiate" else "expression"
    found = _CODE_NAME.fullmatch(code_name)
    if found is None:
        return code_name
    return _KINDS.get(found[1], "{}").format(found[2] or "")
