"""Where an assistant has rulesets checked, laid out and tested: in a process of its own, within limits.

That process is this same program. A test reaches nothing outside, and what is written for one may run without
end; so whoever asks cannot harm the engine, and no pico is touched.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

Document = dict[str, Any]

CODE = Path(__file__).resolve().parents[3]
"""Where the packages lie."""
CPU_S, MEMORY_BYTES, DEADLINE_S = 20, 1 << 30, 60.0
LONGEST = 1 << 20
"""Characters of a text."""
AT_ONCE = 2

TEXT = {"type": "string", "description": "the whole text of the ruleset, beginning with `ruleset NAME {`"}
TESTS = {
    "type": "string",
    "description": 'tests in the language, `tests for "ruleset.krl" { test "…" { … } }`; or they stand in '
    "the ruleset itself, behind its rules",
}


def _schema(**properties: Document) -> Document:
    return {"type": "object", "properties": properties, "required": ["text"]}


WORKBENCH: tuple[Document, ...] = (
    {
        "name": "check_ruleset",
        "about": "Finds every mistake in a ruleset: code, place, sentence and, where there is one, a hint. "
        "Nothing is installed.",
        "schema": _schema(text=TEXT),
    },
    {
        "name": "test_ruleset",
        "about": "Plays the tests of a ruleset, each on a pico of its own whose clock moves only when told. "
        "Tells of each whether it passed, and what was otherwise.",
        "schema": _schema(text=TEXT, tests=TESTS),
    },
    {
        "name": "format_ruleset",
        "about": "Lays a ruleset out in the one canonical way.",
        "schema": _schema(text=TEXT),
    },
)


class Workbench:
    def __init__(self) -> None:
        self._room = asyncio.Semaphore(AT_ONCE)

    def language(self) -> str:
        """What is documented of it."""
        return (resources.files("pico_lang") / "README.md").read_text("utf-8")

    async def call(self, tool: str, given: Mapping[str, Any]) -> Document:
        text, tests = given.get("text"), given.get("tests")
        if not isinstance(text, str) or not isinstance(tests, str | None):
            return _error("malformed", "text, and tests if there are any, are texts")
        if len(text) + len(tests or "") > LONGEST:
            return _error("too_large", f"a text may have {LONGEST:,} characters")
        async with self._room:
            return await self._run(tool, text, tests)

    async def _run(self, tool: str, text: str, tests: str | None) -> Document:
        with tempfile.TemporaryDirectory(prefix="picomesh-workbench-") as name:
            folder = Path(name)
            (folder / "ruleset.krl").write_text(text, "utf-8", "surrogatepass")
            if tests is not None:
                (folder / "ruleset.test.krl").write_text(tests, "utf-8", "surrogatepass")
            match tool:
                case "check_ruleset":
                    return _checked(await _call(folder, "check", "ruleset.krl"))
                case "test_ruleset":
                    return _tested(await _call(folder, "test", "--confined", "."))
            return _formatted(await _call(folder, "fmt", "--check", "ruleset.krl"))


def _checked(found: Any) -> Document:
    if isinstance(found, dict):
        return found
    errors = [one for one in found if one["severity"] == "error"]
    return {"can_be_installed": not errors, "diagnostics": found}


def _tested(found: Any) -> Document:
    if "error" in found:
        return dict(found)
    tests = found["tests"]
    passed = bool(tests) and all(one["passed"] for one in tests) and not found["diagnostics"]
    return {"passed": passed, **found} | (
        {} if tests or found["diagnostics"] else {"note": "there are no tests"}
    )


def _formatted(found: Any) -> Document:
    if isinstance(found, dict):
        return found
    (one,) = found
    if one["text"] is None:
        return {
            "diagnostics": one["diagnostics"],
            **_error("mistakes", "a text with mistakes stays as it is"),
        }
    return {"text": one["text"], "differs": one["differs"]}


async def _call(folder: Path, *words: str) -> Any:
    """What a command of ours prints as JSON, or why it was ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "engine", *words, "--json"),
        cwd=folder,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(CODE), "HOME": str(folder)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _limit(process.pid)
    try:
        out, err = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    except TimeoutError:
        return _error("too_long", f"it was ended after {DEADLINE_S:.0f} seconds")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode is None or process.returncode < 0:
        return _error("too_much", f"it took more than {CPU_S} s of computing, or more than a gibibyte")
    try:
        return json.loads(out)
    except ValueError:
        return _error("failed", err.decode("utf-8", "replace").strip()[-1000:] or "it said nothing")


def _limit(pid: int) -> None:
    """Of a process that has just begun: what it does first is to start Python."""
    for what, most in ((resource.RLIMIT_CPU, CPU_S), (resource.RLIMIT_AS, MEMORY_BYTES)):
        try:
            resource.prlimit(pid, what, (most, most))
        except ProcessLookupError:
            return  # it has ended already


def _error(code: str, message: str) -> Document:
    return {"error": {"code": code, "message": message}}
