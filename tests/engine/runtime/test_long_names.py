"""Whoever goes by a did:peer:4 tells the long form once, and is understood by the short one ever after."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from engine.adapters.didcomm import private_key
from engine.adapters.didcomm.envelopes import OwnEnvelopes
from engine.adapters.dids import make_did_peer_4, short_form, to_multikey
from engine.adapters.dids.multikeys import PublicKey
from engine.adapters.dids.resolver import DidResolver
from engine.core.dids import Did, fragment_of
from engine.core.protocols import picomesh, trust_ping
from engine.core.protocols.mediation import V3
from engine.did_choice import ANYBODY
from engine.wiring_of_mail import fetch_document
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh, Stranger

HELLO = {"domain": "far", "type": "hello", "attributes": {"n": 1}}
KEYS = {"key-1": private_key("Ed25519", b"\3" * 32), "key-2": private_key("X25519", b"\4" * 32)}


class Peer4(Stranger):
    """A stranger with a long name and a short one."""

    def __init__(self, mesh: Mesh) -> None:
        super().__init__("pat", mesh)
        self.long = make_did_peer_4(_document())
        self.short = short_form(self.long)
        resolver = DidResolver(None, self._now_s)
        resolver.learn_long_form(self.long)
        self.envelopes = OwnEnvelopes(resolver.at_hand, partial(fetch_document, resolver), self.secret)
        self.did = self.long

    def secret(self, kid: str) -> tuple[str, bytes] | None:
        key = KEYS[fragment_of(kid)] if kid.startswith(self.short) else None
        return None if key is None else (key.curve, key.secret)


def _document() -> dict[str, object]:
    methods = [
        {
            "id": f"#{name}",
            "type": "Multikey",
            "publicKeyMultibase": to_multikey(PublicKey(key.curve, key.public.raw)),
        }
        for name, key in KEYS.items()
    ]
    return {"verificationMethod": methods, "authentication": ["#key-1"], "keyAgreement": ["#key-2"]}


async def setting(folder: Path) -> tuple[Member, Peer4]:
    mesh = Mesh(settings={"mediator_for": ANYBODY})
    return await mesh.add("ann", folder), Peer4(mesh)


async def say(peer: Peer4, ann: Member, to: str, type: str = picomesh.EVENT, body: object = HELLO) -> int:
    return (await peer.write(ann, to, type, body)).status_code


@in_loop
async def test_a_short_name_is_understood_after_a_restart(tmp_path: Path) -> None:
    """Of whoever has sent an event by the long one."""
    ann, pat = await setting(tmp_path)
    _, did = await ann.open()
    assert await say(pat, ann, did) == 200
    pat.did = pat.short
    await ann.crash_and_start()
    assert await say(pat, ann, did) == 200
    await ann.host.wait_quiet()
    assert await ann.ask("seen") == [1.0, 1.0]


@in_loop
async def test_a_name_that_was_kept_before_it_was_needed(tmp_path: Path) -> None:
    """By a ping with the long name, and an event with the short one, which is what counts."""
    ann, pat = await setting(tmp_path)
    _, did = await ann.open()
    await say(pat, ann, did, trust_ping.PING, {})
    pat.did = pat.short
    assert await say(pat, ann, did) == 200
    await ann.crash_and_start()
    assert await say(pat, ann, did) == 200


@in_loop
async def test_whoever_is_not_let_in_is_not_kept(tmp_path: Path) -> None:
    """Names can be made up without end."""
    ann, pat = await setting(tmp_path)
    _, did = await ann.open(events={"allow": [], "deny": []}, queries={"allow": [], "deny": []})
    facts = dict(ann.disk.facts)
    for kind, body in ((picomesh.EVENT, HELLO), (picomesh.QUERY, {"rid": "friend", "function": "seen"})):
        await say(pat, ann, did, kind, body)
    await say(pat, ann, ann.mail.engine_did(), trust_ping.PING, {})
    assert ann.disk.facts == facts


@in_loop
async def test_whoever_a_pico_writes_to_is_kept(tmp_path: Path) -> None:
    """They may answer with the short name, long after."""
    ann, pat = await setting(tmp_path)
    eci, did = await ann.open()
    await ann.send("go:send", did=pat.long, n=1, **{"from": eci})
    await ann.mesh.settle(tries=1)
    pat.did = pat.short
    await ann.crash_and_start()
    assert await say(pat, ann, did) == 200


@in_loop
async def test_whose_mail_is_taken_in_is_kept(tmp_path: Path) -> None:
    """Else it could not be fetched any more."""
    ann, pat = await setting(tmp_path)
    engine = Did(ann.mail.engine_did())
    assert await say(pat, ann, engine, V3.type("mediate-request"), {}) == 200
    pat.did = pat.short
    await ann.crash_and_start()
    listed = await pat.read(await pat.write(ann, engine, V3.type(V3.query), {}))
    assert listed.message.type == V3.type(V3.listed)
