"""The shell around the real kernel, language and disk, as `engine.wiring` puts them together."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.local.home import HomeBusy
from engine.config import Settings
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci
from engine.runtime.genesis import BORN_WITH, WRANGLER
from engine.runtime.host import Host
from engine.runtime.replies import EventReply, FlushReply, PicoView, QueryReply
from engine.wiring import open_engine
from tests.engine.in_loop import in_loop

TALLY = """
ruleset tally {
  meta { shares count, version }
  global {
    count = function() { ent:n.defaultsTo(0) }
    version = "one"
  }
  rule add {
    select when tally add
    send_directive("added", {"n": count() + 1})
    always { ent:n := count() + 1 }
  }
  rule fail {
    select when tally fail
    always { ent:n := "a".as("Array") }
  }
}
"""


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[Host]:
    engine = await open_engine(Settings(home=home))
    try:
        yield engine.host
    finally:
        await engine.close()


async def send(host: Host, event: str, attrs: Mapping[str, Any] | None = None, eci: str = "") -> Any:
    """Send `domain:name` to the root, or to another channel, and wait."""
    domain, name = event.split(":")
    return await host.run_event(Eci(eci) or host.root_eci(), domain, name, attrs or {})


async def ask(host: Host, question: str, args: Mapping[str, Any] | None = None, eci: str = "") -> Any:
    """The value of `rid/name`."""
    rid, name = question.split("/")
    reply = await host.run_query(Eci(eci) or host.root_eci(), rid, name, args or {})
    assert isinstance(reply, QueryReply), reply
    return reply.value


async def install(host: Host, path: Path, text: str) -> Any:
    path.write_text(text)
    return await send(host, "wrangler:install_ruleset_request", {"url": path.as_uri()})


async def view_with_child(host: Host) -> PicoView:
    """The tree, once it is durable that the child has handled the first event of its life."""
    while not (tree := host.tree()).children or tree.children[0].name is None:
        await asyncio.sleep(0)
    await host.wait_quiet()
    return tree


@in_loop
async def test_an_empty_home_becomes_an_engine(tmp_path: Path) -> None:
    """With a root pico that has Wrangler and can be reached; only its owner can look into the home."""
    async with opened(tmp_path / "home") as host:
        tree = host.tree()
        assert tree.rulesets == [*BORN_WITH]
        assert tree.eci == host.root_eci() == host.ui_eci()
        assert await ask(host, f"{WRANGLER}/id") == tree.id
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


@in_loop
async def test_a_home_has_one_engine(tmp_path: Path) -> None:
    """The second is refused; after the first has closed there is room again."""
    async with opened(tmp_path):
        with pytest.raises(HomeBusy):
            await open_engine(Settings(home=tmp_path))
    async with opened(tmp_path):
        pass


@in_loop
async def test_a_ruleset_is_installed_and_its_state_survives(tmp_path: Path) -> None:
    """Also its place in the order, after a restart."""
    home = tmp_path / "home"
    async with opened(home) as host:
        assert isinstance(await install(host, tmp_path / "tally.krl", TALLY), EventReply)
        reply = await send(host, "tally:add")
        assert [(one["name"], one["options"]) for one in reply.directives] == [("added", {"n": 1.0})]
        root = host.root_eci()
    (tmp_path / "tally.krl").unlink()  # the text is in the journal
    async with opened(home) as host:
        assert host.root_eci() == root
        assert await ask(host, "tally/count") == 1.0
        assert host.tree().rulesets == [*BORN_WITH, "tally"]


@in_loop
async def test_a_ruleset_that_cannot_be_had_is_a_fault_of_the_request(tmp_path: Path) -> None:
    """Missing or not a ruleset: the sender is told why, and nothing is installed."""
    async with opened(tmp_path / "home") as host:
        missing = await send(host, "wrangler:install_ruleset_request", {"url": "file:///no/such.krl"})
        assert isinstance(missing, Fault)
        assert "there is no file /no/such.krl" in missing.message
        broken = await install(host, tmp_path / "broken.krl", "ruleset broken { rule }")
        assert isinstance(broken, Fault)
        assert "broken.krl:1:" in broken.message
        assert host.tree().rulesets == [*BORN_WITH]


@in_loop
async def test_a_failing_rule_changes_nothing(tmp_path: Path) -> None:
    """The sender gets the fault with its place, and the state is as it was."""
    async with opened(tmp_path / "home") as host:
        await install(host, tmp_path / "tally.krl", TALLY)
        await send(host, "tally:add")
        fault = await send(host, "tally:fail")
        assert isinstance(fault, Fault)
        assert (fault.places[0].rid, fault.places[0].line) == ("tally", 15)
        assert await ask(host, "tally/count") == 1.0


@in_loop
async def test_flushing_brings_a_new_text_into_force(tmp_path: Path) -> None:
    """On the pico that has it, with its state kept; a text that does not compile changes nothing."""
    path = tmp_path / "tally.krl"
    async with opened(tmp_path / "home") as host:
        await install(host, path, TALLY)
        await send(host, "tally:add")
        path.write_text(TALLY.replace('"one"', '"two"'))
        reply = await host.flush_ruleset(path.as_uri())
        assert isinstance(reply, FlushReply)
        assert reply.rid == "tally"
        assert (await ask(host, "tally/version"), await ask(host, "tally/count")) == ("two", 1.0)

        path.write_text("ruleset tally {")
        assert isinstance(await host.flush_ruleset(path.as_uri()), Refusal)
        assert await ask(host, "tally/version") == "two"


@in_loop
async def test_flushing_what_has_another_name_now_installs_nothing(tmp_path: Path) -> None:
    """Two rulesets would hear every event; the old one goes on, and whoever asked is told."""
    path = tmp_path / "tally.krl"
    async with opened(tmp_path / "home") as host:
        await install(host, path, TALLY)
        path.write_text(TALLY.replace("ruleset tally", "ruleset score"))
        refusal = await host.flush_ruleset(path.as_uri())
        assert isinstance(refusal, Refusal)
        assert "is the ruleset score now, and no longer tally" in refusal.reason
        assert host.tree().rulesets == [*BORN_WITH, "tally"]
        await send(host, "tally:add")
        assert await ask(host, "tally/count") == 1.0


@in_loop
async def test_wrangler_makes_and_deletes_children(tmp_path: Path) -> None:
    """A child has a name, Wrangler and a channel for people; deleted, it is gone from the tree."""
    async with opened(tmp_path / "home") as host:
        await send(host, "wrangler:new_child_request", {"name": "lamp"})
        root = await view_with_child(host)
        child = root.children[0]
        assert (child.name, child.rulesets) == ("lamp", [*BORN_WITH])
        assert child.eci is not None
        assert await ask(host, f"{WRANGLER}/name", eci=child.eci) == "lamp"
        known = await ask(host, f"{WRANGLER}/children")
        assert [one["name"] for one in known] == ["lamp"]

        await send(host, "wrangler:child_deletion_request", {"eci": known[0]["eci"]})
        assert host.tree().children == []
        assert isinstance(await send(host, "tally:add", eci=child.eci), Refusal)


@in_loop
async def test_wrangler_makes_and_deletes_channels(tmp_path: Path) -> None:
    """A channel lets in what its policy says, and is found by its tags in any order."""
    policies = {
        "eventPolicy": {"allow": [{"domain": "tally", "name": "add"}], "deny": []},
        "queryPolicy": {"allow": [], "deny": []},
    }
    async with opened(tmp_path / "home") as host:
        await install(host, tmp_path / "tally.krl", TALLY)
        await send(host, "wrangler:new_channel_request", {"tags": "door, Garden", **policies})
        [channel] = await ask(host, f"{WRANGLER}/channels", {"tags": "garden,door"})
        assert isinstance(await send(host, "tally:add", eci=channel["id"]), EventReply)
        refused = await send(host, "tally:fail", eci=channel["id"])
        assert isinstance(refused, Refusal)
        assert refused.kind == "denied"
        await send(host, "wrangler:channel_deletion_request", {"eci": channel["id"]})
        assert await ask(host, f"{WRANGLER}/channels", {"tags": ["door", "garden"]}) == []


@in_loop
async def test_wrangler_uninstalls(tmp_path: Path) -> None:
    """The ruleset is gone with its state; installed again it begins anew."""
    async with opened(tmp_path / "home") as host:
        await install(host, tmp_path / "tally.krl", TALLY)
        await send(host, "tally:add")
        await send(host, "wrangler:uninstall_ruleset_request", {"rid": "tally"})
        assert await ask(host, f"{WRANGLER}/installedRIDs") == [*BORN_WITH]
        await install(host, tmp_path / "tally.krl", TALLY)
        assert await ask(host, "tally/count") == 0.0


@in_loop
async def test_wrangler_installs_a_sibling(tmp_path: Path) -> None:
    """Named by its rid, beside a ruleset whose URL is known."""
    (tmp_path / "tally.krl").write_text(TALLY)
    async with opened(tmp_path / "home") as host:
        beside = (tmp_path / "other.krl").as_uri()
        attrs = {"absoluteURL": beside, "rid": "tally"}
        assert isinstance(await send(host, "wrangler:install_ruleset_request", attrs), EventReply)
        assert await ask(host, "tally/count") == 0.0


@in_loop
async def test_an_engine_whose_keys_are_lost_says_so_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Once: with new keys nothing of the old ones can be read, and only a copy of them mends that."""
    for _ in range(2):
        async with opened(tmp_path):
            pass
    assert "is not the file" not in caplog.text
    (tmp_path / "engine.key").unlink()
    for _ in range(2):
        async with opened(tmp_path) as host:
            assert host.root_eci()
    assert caplog.text.count("is not the file that this home had") == 1
