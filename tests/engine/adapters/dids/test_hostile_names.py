"""Names that strangers send: each is refused by a name, none costs much, none is another exception."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.adapters.dids import DidRefused, DidResolver, make_did_peer_4
from engine.adapters.dids.did_peer_4 import SHA2_256
from engine.adapters.dids.locations import read_web, read_webvh
from engine.core.dids import LONGEST
from engine.core.multiformats import to_base64url, to_multibase
from engine.ports import WebFailed, WebRequest, WebResponse
from tests.campaign import examples
from tests.engine.adapters.dids.people import NOW_S, X25519, signer, three_entries

ED = signer(1).multikey
SCID = three_entries().log.scid
PEER_4 = make_did_peer_4({"verificationMethod": [], "alsoKnownAs": []})
HASH, ENCODED = PEER_4.removeprefix("did:peer:4").split(":")


class NoWeb:
    """A web in which nothing is found, and that remembers whether it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def send(self, request: WebRequest) -> WebResponse:
        self.asked.append(request.url)
        raise WebFailed("nothing is there")


def peer_2(service: object) -> str:
    text = service if isinstance(service, str) else json.dumps(service)
    return f"did:peer:2.V{ED}.S{to_base64url(text.encode('utf-8', 'surrogatepass'))}"


def peer_4(document: object, codec: bytes = b"\x80\x04") -> str:
    """With a good hash."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    encoded = to_multibase("z", codec + data)
    digest = hashlib.sha256(encoded.encode()).digest()
    return f"did:peer:4{to_multibase('z', SHA2_256 + digest)}:{encoded}"


HOSTILE = {
    # no DID, or of no method that is read
    "": "not-a-did",
    "did:": "not-a-did",
    "did:key": "not-a-did",
    "did:key:": "not-a-did",
    "did:KEY:z6Mk": "not-a-did",
    "did:key:" + "z" * LONGEST: "not-a-did",
    "did:key:\x00": "not-a-did",
    "did:key:z6Mké": "not-a-did",
    "https://example.com": "not-a-did",
    "did:example:123": "unknown-method",
    "did:sov:WRfXPg8dantKVubE3HX8pw": "unknown-method",
    "did:peer:1zQm" + "1" * 44: "unknown-method",
    "did:peer:3zQm" + "1" * 44: "unknown-method",
    "did:peer:": "not-a-did",
    "did:peer:x": "unknown-method",
    # keys
    "did:key:6Mk": "bad-key",
    "did:key:z": "bad-key",
    "did:key:zz": "bad-key",
    "did:key:z0OIl": "bad-key",
    "did:key:u7QH": "bad-key",
    f"did:key:{ED[:-1]}": "bad-key",
    f"did:key:{ED}1": "bad-key",
    f"did:key:{ED}:{ED}": "bad-key",
    f"did:key:1:{ED}": "bad-key",
    "did:key:" + to_multibase("z", b"\xed\x01" + bytes(32)): "bad-key",
    "did:key:" + to_multibase("z", b"\xec\x01" + bytes(32)): "bad-key",
    "did:key:" + to_multibase("z", b"\x80\x24\x04" + b"\x11" * 64): "bad-key",
    "did:key:" + to_multibase("z", b"\x80\x24\x02" + b"\xff" * 32): "bad-key",
    "did:key:" + to_multibase("z", b"\xff" * 40): "bad-key",
    "did:key:" + to_multibase("z", b"\x85\x24" + b"\x30" * 20): "bad-key",
    "did:key:z" + "1" * 5000: "bad-key",
    "did:peer:0z6MkNope": "bad-key",
    "did:peer:0": "bad-key",
    # did:peer:2
    "did:peer:2": "bad-peer-did",
    "did:peer:2.": "bad-peer-did",
    f"did:peer:2{ED}": "bad-peer-did",
    f"did:peer:2.X{ED}": "bad-peer-did",
    f"did:peer:2.V{ED}.": "bad-peer-did",
    f"did:peer:2.V{ED}..E{X25519}": "bad-peer-did",
    "did:peer:2.Vz6MkNope": "bad-key",
    f"did:peer:2.V{ED}.S": "bad-peer-did",
    f"did:peer:2.V{ED}.SAAAAA": "bad-peer-did",
    f"did:peer:2.V{ED}.Se30=": "not-a-did",
    f"did:peer:2.V{ED}.SeyJ9": "bad-peer-did",
    peer_2("1"): "bad-peer-did",
    peer_2("[[]]"): "bad-peer-did",
    peer_2('{"t":"a","type":"b"}'): "bad-peer-did",
    peer_2('{"t":"a","t":"b"}'): "bad-peer-did",
    peer_2('{"a":NaN}'): "bad-peer-did",
    peer_2('{"a":"\\ud800"}'): "bad-peer-did",
    peer_2("[" * 3000): "bad-peer-did",
    peer_2('{"a":' * 50 + "1" + "}" * 50): "bad-peer-did",
    peer_2({"id": 7}): "bad-document",
    peer_2([{"t": "a"}] * 70): "too-large",
    "did:peer:2" + f".V{ED}" * 65: "too-large",
    # did:peer:4
    "did:peer:4": "bad-peer-did",
    f"did:peer:4{HASH}": "unknown-short-form",
    f"did:peer:4{HASH}:": "not-a-did",
    f"did:peer:4{HASH}:{ENCODED}2": "bad-peer-did",
    f"did:peer:4{HASH}:{ENCODED}:{ENCODED}": "bad-peer-did",
    f"did:peer:4{HASH[:-1]}:{ENCODED}": "bad-peer-did",
    peer_4([]): "bad-peer-did",
    peer_4({}): "bad-peer-did",
    peer_4({"id": "did:example:other"}): "bad-peer-did",
    peer_4({"service": 1}): "bad-peer-did",
    peer_4({"alsoKnownAs": 1}): "bad-peer-did",
    peer_4({"authentication": [{"id": "did:example:other#key", "type": "x"}]}): "bad-peer-did",
    peer_4({"authentication": [7]}): "bad-document",
    peer_4({"a": 1}, codec=b"\x71"): "bad-peer-did",
    peer_4(b"\xff\xfe"): "bad-peer-did",
    peer_4(b'{"a":1,"a":2}'): "bad-peer-did",
    peer_4(b"[" * 3000): "bad-peer-did",
    # places
    "did:web:127.0.0.1": "bad-location",
    "did:web:0x7f.1": "bad-location",
    "did:web:2130706433": "bad-location",
    "did:web:%5B%3A%3A1%5D": "bad-location",
    "did:web:a..example": "bad-location",
    "did:web:-a.example": "bad-location",
    "did:web:a_b.example": "bad-location",
    "did:web:user%40host.example": "bad-location",
    "did:web:host.example%2Fpath": "bad-location",
    "did:web:host.example%3F": "bad-location",
    "did:web:host.example%3A": "bad-location",
    "did:web:host.example%3A0": "bad-location",
    "did:web:host.example%3A65536": "bad-location",
    "did:web:host.example%3A80%3A80": "bad-location",
    "did:web:host.example%253A80": "bad-location",
    "did:web:host.example:..:secret": "bad-location",
    "did:web:host.example:%2E%2E": "bad-location",
    "did:web:host.example:a%2Fb": "bad-location",
    "did:web:host.example:a%5Cb": "bad-location",
    "did:web:host.example:%00": "bad-location",
    "did:web:host.example:%20a": "bad-location",
    "did:web:host.example::a": "bad-location",
    "did:web:%ff.example": "bad-location",
    "did:web:" + "a" * 64 + ".example": "bad-location",
    "did:web:" + "a.%E2%80%8B": "bad-location",
    "did:web:" + ".".join(["abcdefgh"] * 40): "bad-location",
    f"did:webvh:{SCID}:localhost": "bad-location",
    f"did:webvh:{SCID}:10.0.0.1": "bad-location",
    f"did:webvh:{SCID}": "not-a-did",
    "did:webvh:example.com": "not-a-did",
    "did:webvh:{SCID}:example.com": "not-a-did",
    "did:webvh:Qm1:example.com": "not-a-did",
    f"did:scid:vh:1:{SCID}": "not-found",
    f"did:scid:vh:1:{SCID[:-1]}": "not-a-did",
    f"did:scid:vh:1:{SCID}:example.com": "not-a-did",
    f"did:scid:vh:2:{SCID}": "not-a-did",
    f"did:scid:ke:1:{SCID}": "not-a-did",
    f"did:scid:vh:1:{SCID}?src=127.0.0.1": "bad-location",
    f"did:scid:vh:1:{SCID}?src=a.example/../b": "bad-location",
    f"did:scid:vh:1:{SCID}?src=": "not-a-did",
    f"did:scid:vh:1:{SCID}?src=did:cheqd:testnet": "bad-location",
}


def refusal(did: str, web: NoWeb) -> DidRefused:
    resolver = DidResolver(web, lambda: NOW_S)
    with pytest.raises(DidRefused) as caught:
        asyncio.run(resolver.resolve(did))
    assert resolver.at_hand(did) is None
    return caught.value


@pytest.mark.parametrize("did", HOSTILE, ids=lambda did: repr(did[:40]))
def test_a_hostile_name_is_refused_by_name(did: str) -> None:
    """At once, and nobody is asked for its sake."""
    web = NoWeb()
    begun = time.process_time()
    refused = refusal(did, web)
    assert refused.problem == HOSTILE[did], refused
    assert web.asked == []
    assert time.process_time() - begun < 0.5
    assert len(str(refused)) < 400


def test_there_are_many_kinds() -> None:
    """Each of them once."""
    assert len(HOSTILE) >= 100


@pytest.mark.parametrize(
    ("did", "url"),
    [
        ("did:web:example.com", "https://example.com/.well-known/did.json"),
        ("did:web:example.com%3A3000", "https://example.com:3000/.well-known/did.json"),
        ("did:web:example.com:user:alice", "https://example.com/user/alice/did.json"),
        ("did:web:Example.COM%3a3000:a%20b", "https://example.com:3000/a%20b/did.json"),
        ("did:web:localhost%3A3000", "https://localhost:3000/.well-known/did.json"),
    ],
)
def test_a_did_web_says_where_it_is(did: str, url: str) -> None:
    """The did:web specification, "Read (Resolve)"."""
    assert read_web(did).url("did.json") == url


@pytest.mark.parametrize(
    ("place", "url"),
    [
        ("example.com", "https://example.com/.well-known/did.jsonl"),
        ("issuer.example.com", "https://issuer.example.com/.well-known/did.jsonl"),
        ("example.com:dids:issuer", "https://example.com/dids/issuer/did.jsonl"),
        ("example.com%3A3000:dids:issuer", "https://example.com:3000/dids/issuer/did.jsonl"),
        (
            "jp%E7%B4%8D%E8%B1%86.%E4%BE%8B.jp:%E7%94%A8%E6%88%B7",
            "https://xn--jp-cd2fp15c.xn--fsq.jp/%E7%94%A8%E6%88%B7/did.jsonl",
        ),
    ],
)
def test_a_did_webvh_says_where_its_log_is(place: str, url: str) -> None:
    """The examples of did:webvh 1.0, "The DID to HTTPS Transformation"."""
    assert read_webvh(f"did:webvh:{SCID}:{place}").location.url("did.jsonl") == url


def outcome(did: str) -> str:
    """The error, or that it is a name whose document says so."""
    try:
        document = asyncio.run(DidResolver(NoWeb(), lambda: NOW_S).resolve(did))
    except DidRefused as refused:
        return refused.error
    return "resolved" if did.startswith(document["id"]) else f"resolved as {document['id']}"


@pytest.mark.parametrize("did", ["did:key:a.example", "did:web:a b", "did:web:", "a.example"])
def test_what_is_no_did_web_is_at_no_place(did: str) -> None:
    """Whoever asks."""
    with pytest.raises(DidRefused, match="not-a-did"):
        read_web(did)


ALPHABET = "did:keypwbvhscz26MLQm1234AVES.-_%#?/~{}é\x00" + ED[:8]


@settings(max_examples=examples(400), deadline=None)
@given(
    st.sampled_from(
        ["did:key:", "did:peer:0", "did:peer:2", "did:peer:4", "did:web:", "did:webvh:", "did:scid:vh:1:", ""]
    ),
    st.text(ALPHABET, max_size=80) | st.text(max_size=20),
)
@example("did:peer:2", f".V{ED}.SW10")
def test_any_name_is_resolved_or_refused(prefix: str, rest: str) -> None:
    """Nothing else happens, whatever it is."""
    assert outcome(prefix + rest) in ("invalidDid", "notFound", "methodNotSupported", "resolved")


@settings(max_examples=examples(300), deadline=None)
@given(
    st.sampled_from([did for did in HOSTILE if len(did) > 20] + [PEER_4, f"did:key:{ED}"]),
    st.integers(0, 200),
    st.text(ALPHABET, max_size=3),
)
def test_any_name_that_was_changed_is_resolved_or_refused(did: str, place: int, text: str) -> None:
    """A few characters of a real one are others."""
    changed = did[:place] + text + did[place + len(text) :]
    assert outcome(changed) in ("invalidDid", "notFound", "methodNotSupported", "resolved")
