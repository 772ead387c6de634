"""The tutorial does what it says, from the first lesson to the last, for somebody who begins with nothing."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.docs.lessons import Reader, is_like

TUTORIAL = Path(__file__).resolve().parents[2] / "engine" / "documents" / "tutorial"
LESSONS = sorted(TUTORIAL.glob("[0-9]*.md"))


def test_the_lessons_do_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, in one folder and on the engines that they start."""
    monkeypatch.chdir(tmp_path)
    reader = Reader(tmp_path)
    try:
        for lesson in LESSONS:
            reader.follow(lesson.read_text("utf-8"))
    finally:
        reader.leave()


def test_there_are_ten_and_each_leads_to_the_next() -> None:
    """By a link at its end."""
    assert [lesson.name[:2] for lesson in LESSONS] == [f"{number:02}" for number in range(1, 11)]
    for lesson, following in pairwise(LESSONS):
        leads_to = re.findall(r"^Next: \[.+\]\((.+)\)\.$", lesson.read_text("utf-8"), re.MULTILINE)
        assert leads_to == [following.name]


@pytest.mark.parametrize(
    ("printed", "told", "alike"),
    [
        ("sent 1\nkept\n", "sent …\nkept\n", True),
        ("sent 1\nkept\n", "sent …\n", False),
        ("sent 1\nkept\n", "…\nkept\n", True),
        ("sent 1\nkept\n", "…\nlost\n", False),
        ("kept\n", "…\nkept\n…\n", True),
        ("sent 1.5\n", "sent 1x5\n", False),
    ],
)
def test_what_a_lesson_shows_is_compared(printed: str, told: str, alike: bool) -> None:
    """Line by line, but for what is left out."""
    assert is_like(printed, told) is alike
