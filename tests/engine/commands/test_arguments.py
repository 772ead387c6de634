"""What people write after a command, and what is said when it makes no sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from engine.commands.arguments import read_pairs
from engine.commands.client import local_url


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("v=5", 5),
        ("v=-1.5e3", -1500.0),
        ("v=true", True),
        ("v=null", None),
        ('v="5"', "5"),
        ('v={"a": [1]}', {"a": [1]}),
        ("v=five", "five"),
        ("v=", ""),
        ("v=a=b", "a=b"),
        ("v={not json", "{not json"),
        ("v=NaN", "NaN"),
        ("v=" + "[" * 100_000, "[" * 100_000),
    ],
)
def test_a_value_that_is_json_is_json(word: str, value: Any) -> None:
    """Everything else is a text."""
    assert read_pairs([word]) == {"v": value}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["by"], "'by' is not key=value"),
        (["=5"], "'=5' is not key=value"),
        (["a=1", "a=2"], "'a' is given twice"),
    ],
)
def test_a_word_that_is_no_pair_is_a_usage_error(words: list[str], said: str) -> None:
    """With an example of what is one."""
    with pytest.raises(click.UsageError) as caught:
        read_pairs(words)
    assert said in caught.value.message


def test_a_file_becomes_its_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine runs in another folder and so needs the whole path; URLs stay as they are."""
    monkeypatch.chdir(tmp_path)
    assert local_url("a b.krl") == f"file://{tmp_path}/a%20b.krl"
    assert local_url("https://example.org/x.krl") == "https://example.org/x.krl"
    assert local_url("file:///x.krl") == "file:///x.krl"
