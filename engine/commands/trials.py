"""A trial of a ruleset's text, shown: what an upgrade would change, and what would have been otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.markup import escape

from engine.commands.output import console
from engine.commands.reasons import tell_line, tell_message
from engine.commands.telling import shorten, tell_difference

Trial = dict[str, Any]


def has_trouble(trial: Trial) -> bool:
    """Whether the upgrade would fail, or an event would that did not."""
    if trial["unchanged"]:
        return False
    fails = any(trial[when]["outcome"] != "done" for when in ("now", "since"))
    return fails or any(_fails_now(turn) for turn in trial["others"])


def _fails_now(turn: dict[str, Any]) -> bool:
    found = [one for one in turn.get("contrasts", ()) if one["part"] == "outcome"]
    return bool(found) and found[0]["then"] == "done"


def show_trial(trial: Trial) -> None:
    """What came of it, the upgrade first."""
    if trial["unchanged"]:
        console.print("  [dim]this pico has this text already[/]")
        return
    _show_installed("upgrading now", trial["now"])
    since = trial["since"]
    if since["seq"] != trial["now"]["seq"]:
        _show_since(trial)


def _show_installed(when: str, installed: dict[str, Any]) -> None:
    match installed:
        case {"outcome": "done", "differences": [], "log": log}:
            console.print(f"  {when} would change nothing that the pico remembers")
        case {"outcome": "done", "differences": differences, "log": log}:
            console.print(f"  {when} would change")
            _print_indented(map(tell_difference, differences))
        case {"outcome": "failed", "fault": fault}:
            console.print(f"  [bold red]{when} would fail:[/] {escape(_tell_fault(fault))}")
            return
        case {"question": question}:
            told = _tell_question(question)
            console.print(
                f"  [yellow]{when} would ask {escape(told)}, so it is not known what comes of it[/]"
            )
            return
    _print_indented(map(tell_line, log))


def _show_since(trial: Trial) -> None:
    first = trial["since"]["seq"] + 1
    if trial["since"]["outcome"] != "done":
        _show_installed(f"upgrading before turn {first}", trial["since"])
        return
    events = "1 event" if trial["turns"] == 1 else f"{trial['turns']} events"
    same = "all" if trial["same"] == trial["turns"] else trial["same"]
    console.print(
        f"  {events} from turn {first} on, run again with the new text: {same} come out as they did"
    )
    for turn in trial["others"]:
        _show_turn(turn)
    if trial["beyond_upgrade"]:
        console.print(
            "  had it been in force since then, it would not lead to what upgrading now does, but to"
        )
        _print_indented(map(tell_difference, trial["beyond_upgrade"]))


def _show_turn(turn: dict[str, Any]) -> None:
    colour = "bold red" if _fails_now(turn) else "bold"
    console.print(f"  [{colour}]turn {turn['seq']} {escape(turn['event'])}[/] [dim]{escape(turn['eid'])}[/]")
    match turn["status"]:
        case "asks":
            told = f"would ask {_tell_question(turn['question'])}; what follows goes on without this turn"
            console.print(f"    [yellow]{escape(told)}[/]")
        case "left out":
            console.print("    [dim]met a mistake of the engine, which says nothing of any ruleset[/]")
        case _:
            for contrast in turn["contrasts"]:
                _show_contrast(contrast)


def _show_contrast(contrast: dict[str, Any]) -> None:
    then, now = (list(_tell(contrast["part"], contrast[side])) for side in ("then", "now"))
    _print_indented((f"then  {line}" for line in then if line not in now), 4)
    _print_indented((f"now   {line}" for line in now if line not in then), 4)
    if set(then) == set(now):
        console.print(f"    {contrast['part']} in another order, or not as often")


def _tell(part: str, told: Any) -> Iterator[str]:
    match part:
        case "directives" | "messages" if not told:
            yield f"no {part}"
        case "directives":
            yield from (f"directive {one['name']} {shorten(one['options'])}" for one in told)
        case "messages":
            yield from map(tell_message, told)
        case "answer":
            yield f"answer {shorten(told)}"
        case _:
            yield str(told)


def _tell_fault(fault: dict[str, Any]) -> str:
    places = [f", in line {at['line']} column {at['column']}, {at['within']}" for at in fault["places"][-1:]]
    return f"{fault['message']} [{fault['code']}]{''.join(places)}"


def _tell_question(question: dict[str, Any]) -> str:
    """What would have to be known; a few words of it."""
    match question:
        case {"kind": "http", "method": method, "url": url}:
            return f"{method} {url}, which was not asked then"
        case {"kind": kind, **content}:
            return f"for {kind} {shorten(content)}, which was not asked then"
    return shorten(question)


def _print_indented(lines: Any, by: int = 4) -> None:
    for line in lines:
        console.print(f"{' ' * by}{escape(line)}")
