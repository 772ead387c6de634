"""The journal knows who has which ruleset, whatever happens to picos, and a flush goes by that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.core.cids import to_cid
from engine.core.messages import Fault, Refusal
from engine.runtime.genesis import BORN_WITH, WRANGLER
from engine.runtime.host import Host
from engine.runtime.programs import text_hash
from engine.runtime.replies import EventReply, FlushReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.test_engine import TALLY, ask, install, opened, send


async def holders(host: Host, rid: str) -> dict[str, int]:
    """By URL, how many picos have the ruleset."""
    found: dict[str, int] = {}
    for one in (await host.stock.everything())["rulesets"]:
        if one["rid"] == rid and one["picos"]:
            assert len(one["holders"]) == one["picos"]
            found |= {url: found.get(url, 0) + one["picos"] for url in one["from"]}
    return found


async def make_child(host: Host, name: str, path: Path) -> str:
    """A child with the ruleset of that file; its channel."""
    await send(host, "wrangler:new_child_request", {"name": name})
    await host.wait_quiet()
    [child] = [one for one in host.tree().children if one.name == name]
    assert child.eci is not None
    reply = await send(host, "wrangler:install_ruleset_request", {"url": path.as_uri()}, child.eci)
    assert isinstance(reply, EventReply)
    return child.eci


@in_loop
async def test_holders_are_known_through_births_installs_and_deaths(tmp_path: Path) -> None:
    """And after a new start."""
    path = tmp_path / "tally.krl"
    url = path.as_uri()
    async with opened(tmp_path / "home") as host:
        await install(host, path, TALLY)
        for name in ("lamp", "door"):
            await make_child(host, name, path)
        assert await holders(host, "tally") == {url: 3}
        assert sum((await holders(host, WRANGLER)).values()) == 3
        await send(host, "wrangler:uninstall_ruleset_request", {"rid": "tally"})
        assert await holders(host, "tally") == {url: 2}
        [lamp, _] = await ask(host, f"{WRANGLER}/children")
        await send(host, "wrangler:child_deletion_request", {"eci": lamp["eci"]})
        await host.wait_quiet()
        assert await holders(host, "tally") == {url: 1}
    async with opened(tmp_path / "home") as host:
        assert await holders(host, "tally") == {url: 1}
        assert sum((await holders(host, WRANGLER)).values()) == 2


@in_loop
async def test_a_flush_reaches_every_pico_that_has_the_ruleset(tmp_path: Path) -> None:
    """Children too, and after a new start, when none of them is awake; others are left alone."""
    path, other = tmp_path / "tally.krl", tmp_path / "other.krl"
    async with opened(tmp_path / "home") as host:
        await install(host, path, TALLY)
        other.write_text(TALLY)
        away, near = await make_child(host, "away", other), await make_child(host, "near", path)
    path.write_text(TALLY.replace('"one"', '"two"'))
    async with opened(tmp_path / "home") as host:
        assert isinstance(await host.flush_ruleset(path.as_uri()), FlushReply)
        versions: list[Any] = [await ask(host, "tally/version", eci=eci) for eci in ("", near, away)]
        assert versions == ["two", "two", "one"]


@in_loop
async def test_the_rulesets_of_a_pico_are_told_with_what_is_known_of_their_texts(tmp_path: Path) -> None:
    """In the order in which they were installed."""
    path = tmp_path / "tally.krl"
    async with opened(tmp_path / "home") as host:
        await install(host, path, TALLY.replace("meta {", 'meta { version "2.1"'))
        found = await host.stock.of_pico(host.root_eci())
        assert not isinstance(found, Refusal)
        told = [(one["rid"], one["version"], one["from"]) for one in found["rulesets"]]
        library = [(rid, None, f"library:{rid}") for rid in BORN_WITH]
        assert told == [*library, ("tally", "2.1", path.as_uri())]


@in_loop
async def test_a_child_can_be_made_with_a_ruleset_by_content(tmp_path: Path) -> None:
    """Once the text was sent; before, there is no child, and the reason is told."""
    cid = to_cid(text_hash(TALLY))
    async with opened(tmp_path / "home") as host:
        maker = 'ruleset maker { rule m { select when m m ctx:newPico([{"url": event:attrs{"cid"}}]) } }'
        await install(host, tmp_path / "maker.krl", maker)
        refused = await send(host, "m:m", {"cid": cid})
        assert isinstance(refused, Fault)
        assert "does not keep" in refused.message
        assert host.tree().children == []
        await host.stock.push(TALLY)
        assert isinstance(await send(host, "m:m", {"cid": cid}), EventReply)
        assert [child.rulesets for child in host.tree().children] == [["tally"]]
        assert await holders(host, "tally") == {f"ipfs://{cid}": 1}
