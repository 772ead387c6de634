"""An agent that nobody here wrote talks with a running engine over HTTP, in all its modes.

It is the npm package didcomm-node, with the DIDs of the engine and of itself as its only knowledge.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.adapters.didcomm import ENCRYPTED, Message, PrivateKey, pack_plain, private_key, to_jwk
from engine.adapters.didcomm.keys import public_from_method
from engine.adapters.dids.own import make_own_did
from engine.adapters.dids.resolver import DidResolver
from engine.commands.client import EngineClient
from engine.core.didcomm.base64url import encode
from engine.core.protocols import picomesh
from engine.core.protocols.discover_features import DISCLOSE, QUERIES
from engine.core.protocols.report_problem import REPORT
from engine.core.protocols.trust_ping import PING, RESPONSE
from engine.ports import WebRequest, WebResponse
from tests.engine.adapters.didcomm.foreign_stack import ForeignStack
from tests.engine.adapters.didcomm.people import Person
from tests.engine.in_loop import in_loop
from tests.engine.loopback_site import serving
from tests.scenarios.messages import befriend, neighbour, wait_until

BASIC = "https://didcomm.org/basicmessage/2.0/message"
SIGNING, AGREEING = private_key("Ed25519", b"\1" * 32), private_key("X25519", b"\2" * 32)
ME = make_own_did(SIGNING.secret, AGREEING.secret, None)
LETTER = {"domain": "pen", "type": "letter", "attributes": {"n": "ahoy"}, "wait": True}


class Agent:
    """The foreign stack with a DID of its own, and an engine that it has heard of."""

    def __init__(self, stack: ForeignStack, client: EngineClient, did: str) -> None:
        self.stack, self.client, self.did = stack, client, did
        self.engine = client.did()["did"]
        self.know(ME)
        self._count = 0

    def know(self, me: str) -> None:
        """Go by that name, which has the same keys as the other ones."""
        of_the_root = self.client.did(self.client.tree()["id"])["did"]
        documents = [document(one) for one in (me, self.did, self.engine, of_the_root)]
        secrets = [secret(f"{me}#key-1", SIGNING), secret(f"{me}#key-2", AGREEING)]
        self.stack.ask("know", documents=documents, secrets=secrets)

    def pack(self, message: Message, **how: Any) -> bytes:
        value = json.loads(pack_plain(message))
        how = {"from": ME, "signBy": None, "options": {"forward": True}, **how}
        answer = self.stack.ask("encrypt", message=value, to=how.pop("to", self.did), **how)
        assert "error" not in answer, answer
        return str(answer["envelope"]).encode()

    def message(self, kind: str, body: Mapping[str, Any], **rest: Any) -> Message:
        self._count += 1
        given: dict[str, Any] = {"from_": ME, "to": (self.did,), "headers": {"return_route": "all"}, **rest}
        return Message(f"{kind.rsplit('/', 1)[1]}-{self._count}", kind, body, **given)

    def post(self, envelope: bytes) -> httpx.Response:
        url = f"{self.client.url}/didcomm"
        return httpx.post(url, content=envelope, headers={"content-type": ENCRYPTED}, trust_env=False)

    def read(self, response: httpx.Response) -> dict[str, Any]:
        assert response.status_code == 200, response.text
        answer = self.stack.ask("unpack", envelope=response.text)
        assert "error" not in answer, answer
        assert answer["metadata"]["authenticated"]
        message: dict[str, Any] = answer["message"]
        return message


def secret(kid: str, key: PrivateKey) -> dict[str, Any]:
    return {
        "id": kid,
        "type": "JsonWebKey2020",
        "privateKeyJwk": to_jwk(key.public) | {"d": encode(key.secret)},
    }


def document(did: str) -> dict[str, Any]:
    """As that library wants it: keys as JWKs, services with all their members."""
    found = DidResolver(None, lambda: 0.0).at_hand(did)
    assert found is not None
    methods = [
        {
            "id": method["id"],
            "type": "JsonWebKey2020",
            "controller": did,
            "publicKeyJwk": to_jwk(public_from_method(method)),
        }
        for method in found["verificationMethod"]
    ]
    services = [
        {
            "id": one["id"],
            "type": one["type"],
            "serviceEndpoint": {**one["serviceEndpoint"], "routing_keys": []},
        }
        for one in found.get("service", ())
    ]
    return {
        "id": did,
        "verificationMethod": methods,
        "keyAgreement": found["keyAgreement"],
        "authentication": found["authentication"],
        "service": services,
    }


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    process = neighbour(tmp_path_factory.mktemp("ann") / "home")
    try:
        with ForeignStack((), Person(ME, {})) as stack:
            client = process.start()
            _, did = befriend(client, tmp_path_factory.mktemp("rulesets"))
            yield Agent(stack, client, did)
    finally:
        process.end()


MODES: dict[str, dict[str, Any]] = {
    "authcrypt": {"options": {"forward": False}},
    "with a hidden sender": {"options": {"forward": False, "protect_sender": True}},
    "authcrypt and signed": {"signBy": f"{ME}#key-1", "options": {"forward": False}},
    "anoncrypt and signed": {"from": None, "signBy": f"{ME}#key-1", "options": {"forward": False}},
    "through the engine as mediator": {"options": {"forward": True}},
}


@pytest.mark.parametrize("mode", MODES)
def test_its_events_run_and_it_reads_the_outcome(agent: Agent, mode: str) -> None:
    """In each mode that proves a sender: the rule knows who that is."""
    answer = agent.read(agent.post(agent.pack(agent.message(picomesh.EVENT, LETTER), **MODES[mode])))
    assert (answer["type"], answer["from"]) == (picomesh.OUTCOME, agent.did)
    (directive,) = answer["body"]["directives"]
    assert directive["options"] == {"n": "ahoy", "from": ME}


def test_it_is_told_that_it_has_to_say_whom_it_writes_to(agent: Agent) -> None:
    """Its authcrypt without `to` is refused with a report; nothing runs."""
    before = agent.client.query("root", ("penpal", "seen"), {})
    message = agent.message(picomesh.EVENT, LETTER, to=None)
    answer = agent.read(agent.post(agent.pack(message, options={"forward": False})))
    assert (answer["type"], answer["pthid"]) == (REPORT, message.id)
    assert answer["body"]["code"] == "e.p.trust"
    assert agent.client.query("root", ("penpal", "seen"), {}) == before


@pytest.mark.parametrize("enc", ["A256cbcHs512EcdhEsA256kw", "Xc20pEcdhEsA256kw", "A256gcmEcdhEsA256kw"])
def test_its_anonymous_messages_are_opened_and_not_let_in(agent: Agent, enc: str) -> None:
    """The channel has not said that it takes such."""
    how = {"from": None, "options": {"forward": False, "enc_alg_anon": enc}}
    assert agent.post(agent.pack(agent.message(picomesh.EVENT, LETTER, from_=None), **how)).status_code == 403


def test_it_pings(agent: Agent) -> None:
    """The channel, and the engine itself."""
    answer = agent.read(agent.post(agent.pack(agent.message(PING, {"response_requested": True}))))
    assert (answer["type"], answer["thid"]) == (RESPONSE, f"ping-{agent._count}")
    to_engine = agent.message(PING, {}, to=(agent.engine,))
    envelope = agent.pack(to_engine, to=agent.engine, options={"forward": False})
    assert agent.read(agent.post(envelope))["from"] == agent.engine


def test_it_learns_what_is_spoken_here(agent: Agent) -> None:
    """By the protocol for that."""
    queries = {"queries": [{"feature-type": "protocol", "match": "https://didcomm.org/*"}]}
    answer = agent.read(agent.post(agent.pack(agent.message(QUERIES, queries))))
    assert answer["type"] == DISCLOSE
    assert "https://didcomm.org/trust-ping/2.0" in {one["id"] for one in answer["body"]["disclosures"]}


def test_its_queries_are_answered(agent: Agent) -> None:
    """Or refused in a report that it can read."""
    query = {"rid": "penpal", "function": "errors"}
    answer = agent.read(agent.post(agent.pack(agent.message(picomesh.QUERY, query))))
    assert (answer["type"], answer["body"]) == (picomesh.ANSWER, {"value": []})
    query = {"rid": "penpal", "function": "none"}
    answer = agent.read(agent.post(agent.pack(agent.message(picomesh.QUERY, query))))
    assert (answer["type"], answer["body"]["code"]) == (REPORT, "e.p.req.no-such-query")


def test_its_texts_reach_the_rules(agent: Agent, tmp_path: Path) -> None:
    """A message without an answer is taken with 202."""
    response = agent.post(agent.pack(agent.message(BASIC, {"content": "a word"})))
    assert (response.status_code, response.content) == (202, b"")
    wait_until(lambda: "a word" in agent.client.query("root", ("penpal", "seen"), {}))
    assert agent.client.query("root", ("penpal", "seen"), {}).count("a word") == 1


def test_what_is_not_encrypted_is_refused(agent: Agent) -> None:
    """Signed or not."""
    value = json.loads(pack_plain(agent.message(BASIC, {"content": "x"})))
    for what, how in (("plain", {}), ("sign", {"signBy": f"{ME}#key-1"})):
        envelope = agent.stack.ask(what, message=value, **how)["envelope"]
        assert agent.post(envelope.encode()).status_code == 400


@in_loop
async def test_it_is_written_to(agent: Agent) -> None:
    """At its own endpoint: an event that a rule sends, and an answer that it has not asked for over the
    connection."""
    posted: asyncio.Queue[WebRequest] = asyncio.Queue()

    def take(request: WebRequest) -> WebResponse:
        posted.put_nowait(request)
        return WebResponse(202, "Accepted", {}, "")

    async with serving(take) as port:
        me = make_own_did(SIGNING.secret, AGREEING.secret, f"http://127.0.0.1:{port}/inbox")
        await asyncio.to_thread(agent.know, me)
        letter = {"did": me, "n": 7}
        await asyncio.to_thread(agent.client.send_event, "root", ("pen", "post"), letter)
        event = await posted.get()
        assert (event.url, event.headers["content-type"]) == ("/inbox", ENCRYPTED)
        read = agent.stack.ask("unpack", envelope=event.body)
        assert read["metadata"]["authenticated"], read
        assert read["message"]["type"] == picomesh.EVENT
        assert read["message"]["body"]["attributes"]["n"] == 7
        ping = agent.pack(agent.message(PING, {}, from_=me, headers={}), **{"from": me})
        assert (await asyncio.to_thread(agent.post, ping)).status_code == 202
        answer = agent.stack.ask("unpack", envelope=(await posted.get()).body)
        assert (answer["message"]["type"], answer["message"]["from"]) == (RESPONSE, agent.did)
    await asyncio.to_thread(agent.know, ME)
    assert agent.client.query("root", ("penpal", "errors"), {}) == []
