"""Homes with a pico that was sealed, and the commands that take it out and bring it back."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from click.testing import CliRunner, Result

from engine.cli import main
from engine.config import Settings
from engine.core.model import PicoId
from engine.core.records import state_id
from engine.runtime.replies import EventReply, QueryReply
from engine.wiring import Engine, open_engine

T = TypeVar("T")

HALF = """
ruleset half {
  meta { shares count, timers }
  global {
    count = function() { ent:count.defaultsTo(0) }
    timers = function() { schedule:list() }
  }
  rule both {
    select when half first before half second
    fired { ent:count := ent:count.defaultsTo(0) + 1; ent:secret := "canary-in-the-state" }
  }
  rule later {
    select when half later
    fired { schedule half event "woken" at "2096-01-01T00:00:00Z" }
  }
  rule grows {
    select when half grows
    fired { ent:large := event:attr("text") }
  }
}
"""
PASSPHRASE = "correct horse"


def settings(home: Path) -> Settings:
    return Settings(home=home, workers=0)


def with_engine(home: Path, do: Callable[[Engine], Awaitable[T]]) -> T:
    """What is done with an engine that lives there meanwhile."""

    async def run() -> T:
        engine = await open_engine(settings(home))
        assert engine.host.mail is not None
        engine.host.mail.reached_at("http://127.0.0.1:1")
        try:
            return await do(engine)
        finally:
            await engine.close()

    return asyncio.run(run())


async def send(engine: Engine, name: str, attrs: Mapping[str, Any] | None = None) -> None:
    host = engine.host
    assert isinstance(await host.run_event(host.root_eci(), "half", name, attrs or {}), EventReply)


async def ask(engine: Engine, name: str) -> Any:
    host = engine.host
    return cast(QueryReply, await host.run_query(host.root_eci(), "half", name, {})).value


def root_of(engine: Engine) -> PicoId:
    found = engine.journal.find_channel(engine.host.root_eci())
    assert found is not None
    return found


async def identity(engine: Engine) -> str:
    """The state id of the root pico."""
    found = await engine.host.histories.pico(str(root_of(engine)))
    return state_id(cast(Any, found))


async def seal(engine: Engine) -> str:
    """Its root pico; the name for life."""
    assert engine.host.sealing is not None
    signed = await engine.host.sealing.seals.seal(root_of(engine))
    return signed.head.pico


async def install(engine: Engine, text: str) -> None:
    kept = cast(Mapping[str, Any], await engine.host.stock.push(text))
    host = engine.host
    assert isinstance(await host.install(host.root_eci(), f"ipfs://{kept['cid']}", {}), EventReply)


async def live(engine: Engine) -> dict[str, Any]:
    """A pico with a count, a pattern that is matched half, a timer that is far away; and what it is then."""
    await install(engine, HALF)
    for name in ("first", "second", "first", "later"):
        await send(engine, name)
    did = await seal(engine)
    timers = await ask(engine, "timers")
    return {"did": did, "state": await identity(engine), "timers": timers, "turn": 9, "root": root_of(engine)}


@dataclass(slots=True)
class Shell:
    """Somebody who types commands, with a home of his own for each."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *words: object, **environment: str) -> Result:
        known = {"HOME": str(self.folder), "PICOMESH_WORKERS": "0", **self.environment, **environment}
        return CliRunner(env=known).invoke(main, [str(word) for word in words])

    def told(self, *words: object, **environment: str) -> dict[str, Any]:
        """What a command prints for programs, when it is done."""
        result = self.run(*words, "--json", **environment)
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
        return found

    def refused(self, *words: object, **environment: str) -> str:
        """Why a command was refused."""
        result = self.run(*words, **environment)
        assert result.exit_code == 1, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.stderr


def fingerprint(home: Path) -> dict[str, str]:
    """Of every file in a home, but those that an open database leaves or an engine makes anew."""
    passing = ("-wal", "-shm", ".lock")
    files = (one for one in home.rglob("*") if one.is_file() and not one.name.endswith(passing))
    return {str(one): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}
