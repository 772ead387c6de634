"""How a trial is shown to people, and which ones mean trouble."""

from __future__ import annotations

from typing import Any

import pytest

from engine.commands.trials import has_trouble, show_trial

DONE = {"seq": 5, "outcome": "done", "differences": [], "log": []}
FAULT = {
    "code": "R601",
    "message": "no",
    "places": [{"rid": "r", "line": 3, "column": 5, "within": "upgrade"}],
}
FAILED = {"seq": 5, "outcome": "failed", "fault": FAULT}
TURN = {"seq": 4, "time": "2026", "eid": "e4", "event": "d:t"}


def trial(*others: dict[str, Any], **rest: Any) -> dict[str, Any]:
    whole = {
        "unchanged": False,
        "now": DONE,
        "since": {**DONE, "seq": 3},
        "turns": 2,
        "same": 2 - len(others),
        "others": [{**TURN, **one} for one in others],
        "beyond_upgrade": [],
    }
    return {**whole, **rest}


def differs(part: str, then: Any, now: Any) -> dict[str, Any]:
    return {"status": "differs", "contrasts": [{"part": part, "then": then, "now": now}]}


def shown(found: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> str:
    show_trial(found)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("found", "trouble"),
    [
        (trial(), False),
        ({"unchanged": True}, False),
        (trial(now=FAILED), True),
        (trial(since={**FAILED, "seq": 3}), True),
        (trial(now={"seq": 5, "outcome": "asks", "question": {"kind": "http"}}), True),
        (trial(differs("outcome", "done", "failed with R601: no")), True),
        (trial(differs("outcome", "failed with R601: no", "done")), False),
        (trial(differs("directives", [], [])), False),
        (trial({"status": "asks", "question": {"kind": "http"}}), False),
    ],
)
def test_trouble_is_what_would_fail_and_did_not(found: dict[str, Any], trouble: bool) -> None:
    """An event that comes out in another way may be what the new text is for."""
    assert has_trouble(found) is trouble


def test_both_sides_are_shown_where_they_differ(capsys: pytest.CaptureFixture[str]) -> None:
    """What both have is left out."""
    a, b, c = ({"name": name, "options": {"n": 1}} for name in "abc")
    lines = shown(trial(differs("directives", [a, b], [a, c])), capsys).splitlines()
    assert lines[-2:] == ['    then  directive b {"n": 1}', '    now   directive c {"n": 1}']
    assert "2 events from turn 4 on, run again with the new text: 1 come out as they did" in lines[1]


def test_nothing_is_something_to_show(capsys: pytest.CaptureFixture[str]) -> None:
    told = shown(trial(differs("directives", [{"name": "a", "options": {}}], [])), capsys)
    assert "now   no directives" in told


def test_another_order_is_said_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    a, b = ({"name": name, "options": {}} for name in "ab")
    assert "directives in another order" in shown(trial(differs("directives", [a, b], [b, a])), capsys)


def test_a_question_without_an_answer_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    question = {"kind": "http", "method": "GET", "url": "http://site.example/"}
    told = shown(trial({"status": "asks", "question": question}), capsys)
    assert "would ask GET http://site.example/, which was not asked then" in told
    assert "goes on without this turn" in told


def test_a_failing_block_is_shown_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    told = shown(trial(now=FAILED, since={**FAILED, "seq": 3}), capsys)
    assert "upgrading now would fail: no [R601], in line 3 column 5, upgrade" in told
    assert "upgrading before turn 4 would fail" in told
    assert "run again" not in told


def test_texts_of_rulesets_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets in what a ruleset says are shown as they are."""
    part = ["entity", "r", "v"]
    told = shown(trial(beyond_upgrade=[{"part": part, "old": "[bold]", "new": "[/]"}]), capsys)
    assert 'r ent:v: "[bold]" → "[/]"' in told
