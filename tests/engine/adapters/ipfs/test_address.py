"""Where a node is, as operators write it."""

from __future__ import annotations

import pytest

from engine.adapters.ipfs import BadAddress, NodeAddress, read_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:5001", NodeAddress("http", "127.0.0.1", 5001)),
        ("http://localhost", NodeAddress("http", "localhost", 5001)),
        (" http://ipfs:5001/api/v0/ ", NodeAddress("http", "ipfs", 5001)),
        ("https://node.example", NodeAddress("https", "node.example", 443)),
        ("http://[::1]:5001/", NodeAddress("http", "::1", 5001)),
        ("https://me:p%40ss@node.example:8443", NodeAddress("https", "node.example", 8443, "me", "p@ss")),
    ],
)
def test_an_address_is_read(url: str, address: NodeAddress) -> None:
    """Ports are Kubo's and those of the web; what it adds to a URL may be there or not."""
    assert read_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        *("", "127.0.0.1:5001", "/ip4/127.0.0.1/tcp/5001", "ftp://127.0.0.1", "http://", "http://host:port"),
        *("http://host:99999", "http://host/ipfs", "http://host?x=1", "http://host#x", "http://[::1"),
    ],
)
def test_what_is_no_address_is_told_how_to_write_one(url: str) -> None:
    with pytest.raises(BadAddress, match="write http"):
        read_address(url)


def test_a_password_is_never_shown() -> None:
    """Neither by a name, nor as a value, nor in an error."""
    address = read_address("https://me:secret@node.example")
    assert "secret" not in f"{address} {address!r} {address.name}"
    with pytest.raises(BadAddress) as refused:
        read_address("ftp://me:secret@node.example")
    assert "secret" not in str(refused.value)
