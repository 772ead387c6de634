"""Engines that know each other by DID, on one wire that may lose and double what goes over it.

They are real but for their disks, their clock and the wire: each request goes to the HTTP face of the engine
whose host its URL names. A `Stranger` is somebody with a DID and no engine.
"""

from __future__ import annotations

import asyncio
import random
from asyncio import Task
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from httpx import ASGITransport, AsyncClient, Response
from starlette.types import ASGIApp

from engine.adapters.didcomm.envelopes import OwnEnvelopes
from engine.adapters.dids.own import make_own_did
from engine.adapters.dids.resolver import DidResolver
from engine.adapters.dids.routes import DidDirectory
from engine.adapters.http import Limits, make_app
from engine.adapters.keys import SeedKeys
from engine.config import Settings
from engine.core.didcomm.media_types import ENCRYPTED
from engine.core.didcomm.messages import Message
from engine.core.didcomm.rotation import Rotation
from engine.core.dids import Did, did_of, fragment_of
from engine.core.model import Eci
from engine.core.protocols.routing import forward
from engine.ports import Letter, Route, WebFailed, WebRequest, WebResponse, Websockets
from engine.runtime.host import Host
from engine.runtime.identities import CURVES
from engine.runtime.mail import Mail
from engine.runtime.replies import EventReply, QueryReply
from engine.wiring import make_host
from engine.wiring_of_mail import fetch_document, sign_rotation
from tests.engine.runtime.shop import compile_once
from tests.fakes.clock import SetClock
from tests.fakes.memory_journal import Disk, MemoryJournal

BODY_LIMIT = 1 << 20

FRIEND = """
ruleset friend {
  meta { shares seen, heard, errors, senders, me, ask }
  global {
    seen = function() { ent:seen.defaultsTo([]) }
    heard = function() { ent:heard.defaultsTo([]) }
    errors = function() { ent:errors.defaultsTo([]) }
    senders = function() { ent:senders.defaultsTo([]) }
    me = function(eci) { ctx:did(eci) }
    ask = function(did) { ctx:query(did, "friend", "seen", {}) }
  }
  rule send {
    select when go send
    event:send({"eci": event:attrs{"did"}, "from": event:attrs{"from"}, "domain": "far", "type": "hello",
                "attrs": {"n": event:attrs{"n"}}})
  }
  rule open {
    select when go open
    every {
      ctx:newChannel(["friends"], event:attrs{"events"}, event:attrs{"queries"}) setting(channel)
      send_directive("channel", {"eci": channel{"id"}, "did": ctx:did(channel{"id"})})
    }
  }
  rule look {
    select when go look
    pre { told = ctx:query(event:attrs{"did"}, "friend", "seen", {}) }
    send_directive("told", {"seen": told})
  }
  rule arrive {
    select when far hello
    send_directive("heard", {"n": event:attrs{"n"}})
    fired { ent:seen := seen().append(event:attrs{"n"}); ent:senders := senders().append(event:sender) }
  }
  rule talk {
    select when far talk
    if event:attrs{"n"} < event:attrs{"last"} then
      event:send({"eci": event:sender, "from": event:eci, "domain": "far", "type": "talk",
                  "attrs": event:attrs.put("n", event:attrs{"n"} + 1)})
    always { ent:seen := seen().append(event:attrs{"topic"} + " " + event:attrs{"n"}) }
  }
  rule begin {
    select when go talk
    event:send({"eci": event:attrs{"did"}, "from": event:attrs{"from"}, "domain": "far", "type": "talk",
                "attrs": {"topic": event:attrs{"topic"}, "n": 1, "last": event:attrs{"last"}}})
  }
  rule break { select when far away fired { ent:n := "a" - 1 } }
  rule hear {
    select where event:domain == "didcomm"
    fired { ent:heard := heard().append({"name": event:name, "attrs": event:attrs}) }
  }
  rule fail {
    select when system error
    fired { ent:errors := errors().append(event:attrs{"data"}) }
  }
}
"""


async def nothing() -> None:
    """What happens while one only waits."""


Fate = Callable[[], str]
"""What happens to the next request: it `arrives`, is `lost`, arrives `twice`, or its `answer` is lost."""


def arrives() -> str:
    return "arrives"


def bad_luck(seed: int, share: float = 0.5) -> Fate:
    """So much of the time something goes wrong."""
    chance = random.Random(seed)

    def fate() -> str:
        return chance.choice(["lost", "twice", "answer"]) if chance.random() < share else "arrives"

    return fate


@dataclass(frozen=True)
class Streaming:
    """`engine.ports.WebStream`."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool
    piece_bytes: int

    async def pieces(self) -> AsyncIterator[bytes]:
        for begin in range(0, len(self.body), self.piece_bytes):
            yield self.body[begin : begin + self.piece_bytes]
        if self.is_cut:
            raise WebFailed("the connection was cut")


@dataclass
class Wire:
    """`engine.ports.WebClient` of all engines of a mesh, and `WebStreams`."""

    hosts: dict[str, Host] = field(default_factory=dict)
    fate: Fate = arrives
    requests: list[WebRequest] = field(default_factory=list)
    under_way: dict[str, set[Task[Response]]] = field(default_factory=dict)
    """By the host that is to answer."""
    tamper: Callable[[bytes], bytes] = lambda body: body
    """What comes through of a long answer. If it is less, the connection is cut there."""
    piece_bytes: int = 1000
    has_old_engines: bool = False
    """Which do not look at what types of answers somebody takes."""
    streamed: list[tuple[str, int]] = field(default_factory=list)
    """The types of long answers, and how much came of them."""

    async def send(self, request: WebRequest) -> WebResponse:
        self.requests.append(request)
        fate = self.fate()
        name = urlsplit(request.url).hostname or ""
        if name not in self.hosts or fate == "lost":
            raise WebFailed("nobody there")
        answer = await self._ask(name, request)
        if fate == "twice":
            answer = await self._ask(name, request)
        if fate == "answer":
            raise WebFailed("the answer is lost")
        return WebResponse(answer.status_code, answer.reason_phrase, dict(answer.headers), answer.text)

    @asynccontextmanager
    async def stream(self, request: WebRequest) -> AsyncIterator[Streaming]:
        """`engine.ports.WebStreams`, for what does not have to be text."""
        if self.has_old_engines:
            request = replace(request, headers={"content-type": request.headers["content-type"]})
        self.requests.append(request)
        fate, name = self.fate(), urlsplit(request.url).hostname or ""
        if name not in self.hosts or fate == "lost":
            raise WebFailed("nobody there")
        answer = await self._ask(name, request)
        if fate == "twice":
            answer = await self._ask(name, request)
        whole = self.tamper(answer.content)
        cut = fate == "answer" or len(whole) < len(answer.content)
        self.streamed.append((dict(answer.headers).get("content-type", ""), len(whole)))
        yield Streaming(
            answer.status_code, answer.reason_phrase, dict(answer.headers), whole, cut, self.piece_bytes
        )

    async def _ask(self, name: str, request: WebRequest) -> Response:
        if name not in self.hosts:
            raise WebFailed("it is gone")
        asking = asyncio.ensure_future(request_of(self.hosts[name], request))
        self.under_way.setdefault(name, set()).add(asking)
        await asyncio.wait((asking,))
        self.under_way[name].discard(asking)
        if asking.cancelled():
            raise WebFailed("the connection broke")
        return asking.result()

    def cut(self, name: str) -> None:
        """The host is no more, and who waits for it hears of that."""
        del self.hosts[name]
        for asking in self.under_way.get(name, ()):
            asking.cancel()


async def request_of(host: Host, request: WebRequest) -> Response:
    app = make_app(host, Limits(body=BODY_LIMIT, depth=64))
    async with AsyncClient(transport=ASGITransport(app)) as client:
        return await client.request(
            request.method, request.url, headers=dict(request.headers), content=request.body
        )


@dataclass
class Member:
    """One engine of a mesh."""

    name: str
    mesh: Mesh
    disk: Disk = field(default_factory=Disk)
    at: str = ""
    """The name of its machine; its own one, if it never moved."""
    host: Host = field(init=False)
    journal: MemoryJournal = field(init=False)

    async def start(self, journal: MemoryJournal | None = None) -> None:
        """Also again, after a crash: on the same disk, with the same seed."""
        self.journal = journal or MemoryJournal(self.disk)
        keys = SeedKeys(self.name.encode().ljust(32, b"."))
        settings = Settings(message_keep_h=self.mesh.keep_h, **self.mesh.settings)
        self.host = make_host(
            self.journal,
            settings,
            compiler=compile_once,
            web=self.mesh.wire,
            clock=self.mesh.clock,
            keys=keys,
            websockets=self.mesh.websockets,
        )
        self.mail.reached_at(self.mesh.url(self.at or self.name))
        self.mesh.wire.hosts[f"{self.at or self.name}.example"] = self.host
        await self.prepare()
        await self.host.start()

    async def prepare(self) -> None:
        """What else a host gets before it starts."""

    def crash(self) -> None:
        """Nothing more of it reaches the disk or the wire."""
        self.journal.crash()
        self.mesh.wire.cut(f"{self.at or self.name}.example")

    async def crash_and_start(self) -> None:
        self.crash()
        await self.start()

    async def move(self, machine: str) -> None:
        """Be somewhere else from now on, with the same disk and the same keys."""
        self.crash()
        self.at = machine
        await self.start()

    @property
    def mail(self) -> Mail:
        assert self.host.mail is not None
        return self.host.mail

    async def learn(self, file: Path, ruleset: str) -> None:
        """Have its root pico install a ruleset, which is put into that file."""
        file.write_text(ruleset, "utf-8")
        await self.send("wrangler:install_ruleset_request", url=file.as_uri())

    async def befriend(self, folder: Path) -> None:
        await self.learn(folder / "friend.krl", FRIEND)

    async def send(self, event: str, /, **attrs: Any) -> EventReply:
        domain, name = event.split(":")
        reply = await self.host.run_event(self.host.root_eci(), domain, name, attrs)
        assert isinstance(reply, EventReply), reply
        return reply

    async def ask(self, function: str, /, **args: Any) -> Any:
        reply = await self.host.run_query(self.host.root_eci(), "friend", function, args)
        assert isinstance(reply, QueryReply), reply
        return reply.value

    async def root_did(self) -> Did:
        did = await self.mail.channel_did(self.host.root_eci())
        assert isinstance(did, str)
        return did

    async def open(self, events: Any = None, queries: Any = None) -> tuple[Eci, Did]:
        """A channel with these policies, and its DID."""
        reply = await self.send("go:open", events=events, queries=queries)
        options = reply.directives[0]["options"]
        return Eci(options["eci"]), Did(options["did"])

    async def child(self, name: str) -> Eci:
        """A new child of its root pico, by the channel that the root has to it."""
        await self.send("wrangler:new_child_request", name=name)
        await self.host.wait_quiet()
        reply = await self.host.run_query(self.host.root_eci(), "io.picolabs.wrangler", "children", {})
        assert isinstance(reply, QueryReply)
        return Eci(next(child["eci"] for child in reply.value if child["name"] == name))

    def app(self) -> ASGIApp:
        return make_app(self.host, Limits(body=BODY_LIMIT, depth=64))

    def records(self) -> int:
        """Turns that all its picos have had."""
        return sum(len(kept) for kept in self.disk.records.values()) + len(self.disk.inbox)


@dataclass
class Mesh:
    keep_h: float = 72.0
    settings: dict[str, Any] = field(default_factory=dict)
    """Others, of all engines."""
    wire: Wire = field(default_factory=Wire)
    clock: SetClock = field(default_factory=SetClock)
    websockets: Websockets | None = None
    """By which engines have their mail come along, if there are any."""

    def url(self, name: str) -> str:
        return f"http://{name}.example"

    async def add(self, name: str, folder: Path) -> Member:
        member = Member(name, self)
        await member.start()
        await member.befriend(folder)
        return member

    async def settle(
        self, *members: Member, tries: int = 200, meanwhile: Callable[[], Awaitable[None]] = nothing
    ) -> None:
        """Until nothing is left to do, however often something has to be tried again."""
        for _ in range(tries):
            await meanwhile()
            for _ in range(50):
                await asyncio.sleep(0)
            await asyncio.sleep(0.001)  # the worker threads that compile
            if not any(one.disk.inbox or one.disk.errands for one in members):
                for _ in range(2):  # queries see what is on the disk once the loop has come round
                    await asyncio.sleep(0)
                return
            self.clock.move_to(self.clock.now_ms() + 60_000)
        raise AssertionError("there is no end to it")


class Stranger:
    """Somebody with a DID of their own, reached nowhere."""

    def __init__(self, name: str, mesh: Mesh) -> None:
        self._mesh = mesh
        self._keys = SeedKeys(name.encode().ljust(32, b"-"))
        self.did = make_own_did(self._keys.derive("key-1"), self._keys.derive("key-2"), None)
        self.resolver = DidResolver(None, self._now_s)
        self.envelopes = OwnEnvelopes(
            self.resolver.at_hand, partial(fetch_document, self.resolver), self.secret
        )
        self._count = 0

    def secret(self, kid: str) -> tuple[str, bytes] | None:
        fragment = fragment_of(kid)
        return (CURVES[fragment], self._keys.derive(fragment)) if did_of(kid) == self.did else None

    def _now_s(self) -> int:
        return self._mesh.clock.now_ms() // 1000

    def from_prior(self, new: str, issued_s: int, prior: str | None = None) -> str:
        """What says that this one, or `prior`, is called `new` now, signed with this one's key."""
        named = prior or self.did
        return sign_rotation(Rotation(named, new, issued_s, f"{named}#key-1"), self._keys.derive("key-1"))

    def message(self, to: str, type: str, body: Any = None, **rest: Any) -> Message:
        self._count += 1
        given: dict[str, Any] = {
            "from_": self.did,
            "to": (to,),
            "created_time": self._now_s(),
            "headers": {"return_route": "all"},
            **rest,
        }
        return Message(given.pop("id", f"m{self._count}"), type, body or {}, **given)

    async def write(self, member: Member, to: str, type: str, body: Any = None, **rest: Any) -> Response:
        """A message, posted."""
        return await post(member, await self.envelopes.close(self.message(to, type, body, **rest), Did(to)))

    async def route(self, to: str) -> Route:
        return await DidDirectory(self.resolver).find_route(Did(to))

    async def write_wrapped(
        self, member: Member, to: str, type: str, body: Any = None, **rest: Any
    ) -> Response:
        """As the recipient's document wants it: inside a message for each mediator."""
        inner = await self.envelopes.close(self.message(to, type, body, **rest), Did(to))
        next_one = to
        for hop in reversed((await self.route(to)).hops):
            inner = await self.envelopes.close(forward(f"f{self._count}", inner, next_one, hop), hop)
            next_one = hop
        return await post(member, inner)

    async def read(self, response: Response) -> Letter:
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == ENCRYPTED
        return await self.envelopes.open(response.content, self._now_s())


async def post(
    member: Member, envelope: bytes, media_type: str = ENCRYPTED, method: str = "POST"
) -> Response:
    async with AsyncClient(transport=ASGITransport(member.app())) as client:
        url, headers = f"http://{member.name}.example/didcomm", {"content-type": media_type}
        return await client.request(method, url, headers=headers, content=envelope)
