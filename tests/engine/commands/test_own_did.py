"""What comes back to whoever types a command is an answer only if the one who was asked gave it, to that."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from engine.adapters.didcomm import (
    ENCRYPTED,
    Keyring,
    Message,
    PrivateKey,
    pack_anoncrypt,
    pack_authcrypt,
    private_key,
    unpack,
)
from engine.adapters.dids.did_peer_4 import make_did_peer_4, short_form
from engine.adapters.dids.own import make_own_did, own_multikeys
from engine.adapters.dids.resolver import DidResolver
from engine.commands.failure import Failure
from engine.commands.own_did import ask
from engine.config import OWN_PASSPHRASE
from engine.core.dids import did_of, fragment_of
from engine.core.protocols.trust_ping import PING, RESPONSE
from engine.ports import WebRequest, WebResponse
from tests.engine.in_loop import in_loop
from tests.engine.loopback_site import serving

SIGNING, AGREEING = private_key("Ed25519", b"\1" * 32), private_key("X25519", b"\2" * 32)


class Zoe:
    """Somebody at that port, who goes by several names: the first is asked, the others are said to answer."""

    def __init__(self, port: int, asked: str, answering: str | None, thid: str) -> None:
        place = f"http://127.0.0.1:{port}/didcomm"
        long = long_did(place)
        self.names = {
            "zoe": make_own_did(SIGNING.secret, AGREEING.secret, place),
            "another": make_own_did(SIGNING.secret, AGREEING.secret, None),
            "long": long,
            "short": short_form(long),
        }
        resolver = DidResolver(None, time.time)
        resolver.learn_long_form(long)
        self.keyring = Keyring(resolver.at_hand, self.secret)
        self.asked, self.thid = self.names[asked], thid
        self.answering = None if answering is None else self.names[answering]

    def secret(self, kid: str) -> PrivateKey | None:
        own = {"key-1": SIGNING, "key-2": AGREEING} if did_of(kid) in self.names.values() else {}
        return own.get(fragment_of(kid))

    def reply(self, request: WebRequest) -> WebResponse:
        assert isinstance(request.body, str)
        question = unpack(request.body.encode(), self.keyring, int(time.time())).message
        assert question.from_ is not None
        answer = Message("a", RESPONSE, from_=self.answering, to=(question.from_,), thid=self.thid)
        pack = pack_anoncrypt if self.answering is None else pack_authcrypt
        content = pack(answer, question.from_, self.keyring).decode()
        return WebResponse(200, "OK", {"content-type": ENCRYPTED}, content)


def long_did(place: str) -> str:
    """The same keys in a did:peer:4."""
    methods = [
        {"id": f"#key-{number}", "type": "Multikey", "publicKeyMultibase": multikey}
        for number, multikey in enumerate(own_multikeys(SIGNING.secret, AGREEING.secret), 1)
    ]
    service = {"id": "#service", "type": "DIDCommMessaging", "serviceEndpoint": {"uri": place}}
    listed = {"authentication": ["#key-1"], "keyAgreement": ["#key-2"], "service": [service]}
    return make_did_peer_4({"verificationMethod": methods, **listed})


async def answer_to(asked: str, answering: str | None, thid: str = "question") -> Message:
    """What `ask` makes of what comes back."""

    def reply(request: WebRequest) -> WebResponse:
        return zoe.reply(request)

    async with serving(reply) as port:
        zoe = Zoe(port, asked, answering, thid)
        return await asyncio.to_thread(ask, zoe.asked, PING, {}, lambda *_: None, "question")


@pytest.fixture(autouse=True)
def somebody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who types has a folder and an identity of their own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv(OWN_PASSPHRASE, raising=False)


@pytest.mark.parametrize(("asked", "answering"), [("zoe", "zoe"), ("long", "long"), ("long", "short")])
@in_loop
async def test_who_was_asked_answers_by_any_form_of_that_name(asked: str, answering: str) -> None:
    """The short form of a did:peer:4 is the DID that was asked."""
    answer = await answer_to(asked, answering)
    assert (answer.type, answer.thid) == (RESPONSE, "question")


@pytest.mark.parametrize("answering", ["another", None])
@in_loop
async def test_nobody_else_answers(answering: str | None) -> None:
    """Neither by another name, though it be in the thread, nor anonymously, which anybody can."""
    with pytest.raises(Failure, match="from somebody else"):
        await answer_to("zoe", answering)


@in_loop
async def test_an_answer_to_something_else_is_none() -> None:
    """An old one could be sent again."""
    with pytest.raises(Failure, match="answers something else"):
        await answer_to("zoe", "zoe", "another-question")
