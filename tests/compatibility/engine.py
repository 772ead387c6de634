"""An engine to try rulesets on: the real host, kernel, compiler and HTTP face, with one root pico.

Only the disk is in memory, the clock stands still until a test moves it, seeds count up, and rulesets
come from texts that the test publishes. A call returns when its turn is committed, so no test waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Coroutine, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from httpx import ASGITransport, AsyncClient, Response

import ruleset_library
from engine.adapters.fetch.rulesets import library_rids
from engine.adapters.http import Limits, make_app
from engine.config import Settings
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci
from engine.ports import FetchFailed, WebClient
from engine.runtime.host import Host
from engine.runtime.replies import EventReply, FlushReply, QueryReply
from engine.wiring import compile_text, make_host
from pico_lang.program import Program
from pico_lang.source import Source
from tests.engine.in_loop import FOREVER_S
from tests.fakes.clock import SetClock
from tests.fakes.entropy import CountedEntropy
from tests.fakes.memory_journal import Disk, MemoryJournal

T = TypeVar("T")

Told = tuple[Any, Any]
"""Name and options of a directive: what a rule tells whoever sent the event."""

URL = "http://127.0.0.1:3000"

SETTLING_S = 10.0
"""For picos that keep each other busy for ever."""

PLENTY = Limits(body=1 << 20, depth=64)


@cache
def library_text(rid: str) -> str:
    """A ruleset that comes with the engine, read once, so that no test waits for a disk."""
    return (Path(ruleset_library.__file__).parent / f"{rid}.krl").read_text("utf-8")


@cache
def compiled(text: str, name: str) -> Program:
    return compile_text(Source(text, name))


def compile_library_once(source: Source) -> Program:
    """Every engine begins with the same rulesets, and there are hundreds of engines in the tests."""
    return compiled(source.text, source.name) if source.name.startswith("library:") else compile_text(source)


class PublishedTexts:
    """`engine.ports.RulesetSource` over texts in memory, and the rulesets that come with the engine."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    async def fetch(self, url: str) -> str:
        rid = url.removeprefix("library:")
        if rid != url and rid in library_rids():
            return library_text(rid)
        if url not in self.texts:
            raise FetchFailed(f"nothing was published at {url}")
        return self.texts[url]


class Engine:
    """A host that a test talks to, one call after the other."""

    def __init__(self, settings: Settings | None = None, web: WebClient | None = None) -> None:
        self.settings = settings or Settings()
        self._web = web
        self.clock = SetClock()
        self.disk = Disk()
        self.published = PublishedTexts()
        self._entropy = CountedEntropy()
        self._runner = asyncio.Runner()
        self.host: Host
        self._start()

    def _start(self) -> None:
        journal = MemoryJournal(self.disk)
        self.host = make_host(
            journal,
            self.settings,
            compiler=compile_library_once,
            source=self.published,
            clock=self.clock,
            entropy=self._entropy,
            web=self._web,
        )
        self.run(self.host.start())
        self.as_owner = {"authorization": f"Bearer {self.host.access.admit_owner()}"}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something of the host to its end; what hangs fails."""

        async def within_time() -> T:
            async with asyncio.timeout(FOREVER_S):
                return await work

        return self._runner.run(within_time())

    def settle(self) -> None:
        """Let picos do all they can do without anybody from outside, such as run what they sent."""

        async def give_way() -> None:
            for _ in range(500):
                await asyncio.sleep(0)
            # Threads may be at work for them as well; and some never have done all that they can do.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SETTLING_S):
                    await self.host.wait_quiet()

        self.run(give_way())

    def move(self, by_ms: int) -> None:
        """Let time go by, and everything happen that is due then."""

        async def move_clock() -> None:
            self.clock.move_to(self.clock.time_ms + by_ms)

        self.run(move_clock())
        self.settle()

    def restart(self, after_ms: int = 0) -> None:
        """Stop the engine, and after some time start another one over the same disk."""
        self.run(self.host.drain())
        self.clock.time_ms += after_ms
        self._start()
        # What the root pico had missed is run before this, however long its rulesets take to compile.
        self.send("test:awake")

    def close(self) -> None:
        self.run(self.host.drain())
        self._runner.close()

    # --- rulesets ---

    def publish(self, text: str) -> str:
        """Make a text available for installing; its URL."""
        rid = re.search(r"ruleset\s+([\w.-]+)", text)
        assert rid is not None, "the text declares no ruleset"
        url = f"file:///published/{rid[1]}.krl"
        self.published.texts[url] = text
        return url

    def install(self, *texts: str, eci: str | None = None) -> None:
        """Install rulesets the way people do, by asking Wrangler."""
        for text in texts:
            reply = self.reply("wrangler:install_ruleset_request", {"url": self.publish(text)}, eci)
            assert isinstance(reply, EventReply), reply

    def install_fault(self, text: str) -> str:
        """Why a text cannot be installed."""
        return self.fault("wrangler:install_ruleset_request", url=self.publish(text))

    def codes(self, text: str) -> list[str]:
        """The codes of the errors because of which a text does not compile."""
        reply = self.flush(text)
        assert isinstance(reply, Refusal), reply
        return re.findall(r"error (K\d+)", reply.reason)

    def uninstall(self, rid: str) -> None:
        self.send("wrangler:uninstall_ruleset_request", rid=rid)

    def flush(self, text: str) -> FlushReply | Refusal:
        """Publish another version of a text and have the engine read it."""
        return self.run(self.host.flush_ruleset(self.publish(text)))

    # --- events and queries ---

    def reply(
        self, event: str, attrs: Mapping[str, Any] | None = None, eci: str | None = None
    ) -> EventReply | Refusal | Fault:
        """Whatever comes back for `domain:name`."""
        domain, name = event.split(":", 1)
        return self.run(self.host.run_event(self._channel(eci), domain, name, _values(attrs or {})))

    def send(self, event: str, eci: str | None = None, /, **attrs: Any) -> list[Told]:
        """Send `domain:name`; what the rules told, in order."""
        reply = self.reply(event, attrs, eci)
        assert isinstance(reply, EventReply), reply
        return [(one["name"], one["options"]) for one in reply.directives]

    def names(self, event: str, eci: str | None = None, /, **attrs: Any) -> list[Any]:
        """The names alone of what the rules told."""
        return [name for name, _ in self.send(event, eci, **attrs)]

    def fault(self, event: str, eci: str | None = None, /, **attrs: Any) -> str:
        """Send an event that fails; what the sender is told."""
        reply = self.reply(event, attrs, eci)
        assert isinstance(reply, Fault), reply
        return reply.message

    def ask(self, query: str, args: Mapping[str, Any], eci: str | None = None) -> Any:
        """Whatever comes back for `rid/name`."""
        rid, name = query.split("/")
        return self.run(self.host.run_query(self._channel(eci), rid, name, _values(args)))

    def query(self, query: str, eci: str | None = None, /, **args: Any) -> Any:
        """The value of `rid/name`."""
        reply = self.ask(query, args, eci)
        assert isinstance(reply, QueryReply), reply
        return reply.value

    def _channel(self, eci: str | None) -> Eci:
        return self.host.root_eci() if eci is None else Eci(eci)

    # --- HTTP ---

    def http(self, method: str, path: str, **rest: Any) -> Response:
        """A request to the HTTP face, in this process."""

        async def send() -> Response:
            transport = ASGITransport(make_app(self.host, PLENTY))
            async with AsyncClient(transport=transport, base_url=URL, headers=self.as_owner) as client:
                return await client.request(method, path, **rest)

        return self.run(send())

    def get(self, path: str, **rest: Any) -> Response:
        """A GET; `ROOT` in the path stands for the root pico's channel."""
        return self.http("GET", path.replace("ROOT", self.host.root_eci()), **rest)

    # --- picos ---

    def make_child(self, name: str) -> str:
        """Have the root pico make a child; a channel to it for people."""
        self.send("wrangler:new_child_request", name=name)
        self.settle()
        eci = next(child.eci for child in self.host.tree().children if child.name == name)
        assert eci is not None
        return eci


def _values(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as they come from a request: every number is a float."""
    decoded: dict[str, Any] = json.loads(json.dumps(attrs), parse_int=float)
    return decoded
