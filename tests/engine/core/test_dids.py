"""The syntax of DIDs and DID URLs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.dids import (
    LONGEST,
    NotADid,
    identifier_of,
    is_did,
    method_of,
    read_did,
    read_did_url,
    show_did,
)


@pytest.mark.parametrize(
    "text",
    [
        "did:example:123",
        "did:web:example.com%3A3000:user:alice",
        "did:a:b",
        "did:ex4mple:A-b_c.d",
        "did:x::a",
    ],
)
def test_a_did_is_read(text: str) -> None:
    """DID Core 1.0, section 3.1."""
    assert read_did(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "did",
        "did:",
        "did:example",
        "did:example:",
        "did:Example:1",
        "DID:example:1",
        "did::1",
        "did:example:a:",
        "did:example:a b",
        "did:example:é",
        "did:example:%G0",
        "did:example:%2",
        "did:example:a/b",
        "did:example:a?b",
        "did:example:a#b",
        " did:example:a",
        "did:example:a\n",
        "urn:example:a",
        "did:example:" + "a" * LONGEST,
    ],
)
def test_what_is_no_did_is_not_read(text: str) -> None:
    """Nor quoted at length."""
    assert not is_did(text)
    with pytest.raises(NotADid) as caught:
        read_did(text)
    assert len(str(caught.value)) < 200


def test_a_did_url_has_four_parts() -> None:
    """DID Core 1.0, section 3.2."""
    url = read_did_url("did:example:1/a/b?c=d&e#f/g")
    assert (url.did, url.path, url.query, url.fragment) == ("did:example:1", "/a/b", "c=d&e", "f/g")
    assert (method_of(url.did), identifier_of(url.did)) == ("example", "1")


@pytest.mark.parametrize("end", ["", "/", "?", "#", "/a?b#c", "?a#b?c", "/%20;x=1"])
def test_a_did_url_is_written_as_it_was_read(end: str) -> None:
    """An empty query is not the same as none."""
    assert str(read_did_url(f"did:example:a:b{end}")) == f"did:example:a:b{end}"


@pytest.mark.parametrize("end", ["#a#b", "/a b", "?a^", '#"', "/é", "/%zz", "#a\n"])
def test_what_is_no_did_url_is_not_read(end: str) -> None:
    """Characters that a URL cannot have."""
    with pytest.raises(NotADid):
        read_did_url(f"did:example:a{end}")


@given(st.text() | st.from_regex(r"did:[a-z]+:[!-~]*", fullmatch=True))
def test_reading_ends_in_a_did_or_a_refusal(text: str) -> None:
    """Whatever the text."""
    try:
        assert str(read_did_url(text)) == text
    except NotADid:
        assert not is_did(text)


def test_long_names_are_shown_by_their_beginning() -> None:
    """In messages."""
    assert show_did("did:example:" + "a" * 100).endswith("aaa…")
    assert show_did("did:example:a") == "did:example:a"
