"""Where a node is, as operators write it."""

from __future__ import annotations

import pytest

from engine.config import BadSetting, load_settings
from engine.ipfs_choice import NO_NODES, BadAddress, IpfsNodes, NodeAddress, read_address, read_nodes


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
    with pytest.raises(BadSetting) as told:
        load_settings({"ipfs_api": "http://me:secret@node.example:99999"}, {})
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("said", "urls"),
    [
        (False, []),
        ("", []),
        ("none", []),
        ("http://localhost", ["http://localhost:5001"]),
        ("http://a:1, https://b", ["http://a:1", "https://b:443"]),
        ("http://a:1 https://b", ["http://a:1", "https://b:443"]),
        ("http://a:1,\n  https://b\thttp://c", ["http://a:1", "https://b:443", "http://c:5001"]),
        (["http://a:1", "https://me:secret@b"], ["http://a:1", "https://me@b:443"]),
        (IpfsNodes((read_address("http://a:1"),)), ["http://a:1"]),
    ],
)
def test_a_choice_is_read(said: object, urls: list[str]) -> None:
    """In the form of each source, and as it is shown itself."""
    chosen = read_nodes(said)
    assert list(map(str, chosen.addresses)) == urls
    assert list(map(str, read_nodes(str(chosen)).addresses)) == urls
    assert (chosen == NO_NODES) == (urls == [])


@pytest.mark.parametrize(
    "said",
    [
        *(True, 7, "localhost:5001", ["http://a", 7], "http://a,", "http://a,http://a:5001"),
        *("http://a;http://b", '["http://a:1", "http://b:2"]', "http://a and http://b"),
    ],
)
def test_what_names_no_node_is_told_in_words(said: object) -> None:
    """One that is named twice would count as two copies. How several are written is said too."""
    with pytest.raises(BadSetting, match="'ipfs_api' must be URLs of the RPC of IPFS nodes") as told:
        load_settings({"ipfs_api": said}, {})
    assert "with commas or spaces between them" in str(told.value)


def test_several_are_named_in_the_environment() -> None:
    """As people separate things there."""
    for said in ("http://a:1,http://b:2", "http://a:1, http://b:2", "http://a:1 http://b:2"):
        settings = load_settings({}, {"PICOMESH_IPFS_API": said})
        assert str(settings.ipfs_api) == "http://a:1, http://b:2"
