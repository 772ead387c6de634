"""What people write after a command, and what is said when it makes no sense."""

from __future__ import annotations

from typing import Any

import click
import pytest

from engine.commands.arguments import read_pairs
from engine.commands.client import ruleset_url
from engine.commands.failure import Failure


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


CID = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


@pytest.mark.parametrize(
    ("word", "url"),
    [
        ("a b.krl", None),
        ("bafkrei.krl", None),
        ("https://example.org/x.krl", "https://example.org/x.krl"),
        ("file:///x.krl", "file:///x.krl"),
        ("library:io.picolabs.pds", "library:io.picolabs.pds"),
        (CID, f"ipfs://{CID}"),
        (f"ipfs:{CID}", f"ipfs://{CID}"),
    ],
)
def test_a_ruleset_is_named_by_file_url_or_cid(word: str, url: str | None) -> None:
    """What is neither URL nor CID is the name of a file."""
    assert ruleset_url(word) == url


def test_a_cid_that_is_none_is_told() -> None:
    """It is not looked for as a file, where nobody would find it."""
    with pytest.raises(Failure, match="is not a CID"):
        ruleset_url("ipfs://counter")
