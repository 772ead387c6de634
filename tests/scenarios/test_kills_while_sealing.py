"""An engine that seals after every turn, killed with SIGKILL at random instants: no head lacks a block."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.commands.client import EngineClient
from engine.commands.hints import counter_ruleset
from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess
from engine.commands.traffic import Senders, count_tickets, judge, send_again
from engine.core.block_links import links_of_block
from engine.core.blocks.dag_cbor import decode
from engine.core.blocks.heads import KIND
from engine.core.cids import Cid, cid_of, cid_text, codec_of, is_named

KILLS = 6


def blocks_in(home: Path) -> dict[Cid, bytes]:
    """All that is in the store of an engine that does not run."""
    with closing(sqlite3.connect(home / "blocks.db")) as database:
        return dict(database.execute("SELECT cid, body FROM blocks").fetchall())


def heads_in(blocks: dict[Cid, bytes]) -> dict[str, dict[str, Any]]:
    """Those that were published, by CID."""
    decoded = {cid: decode(block) for cid, block in blocks.items() if codec_of(cid) == "dag-cbor"}
    return {
        cid_text(cid): node
        for cid, node in decoded.items()
        if isinstance(node, dict) and node.get("kind") == KIND
    }


def check_whole(blocks: dict[Cid, bytes], root: Cid) -> None:
    """All that it leads to is there, and what its CID names."""
    left, seen = [root], {root}
    while left:
        cid = left.pop()
        assert is_named(cid, blocks[cid])
        new = [link for link in links_of_block(cid, blocks[cid]) if link not in seen]
        seen.update(new)
        left.extend(new)


def check_heads(home: Path, told: list[dict[str, Any]]) -> None:
    """What was published is in the history, the newest is whole, and no turn has two."""
    blocks = blocks_in(home)
    published = heads_in(blocks)
    assert published.keys() <= {one["head"] for one in told}
    places = [(one["epoch"], one["sequence"]) for one in told]
    assert len(set(places)) == len(places)
    assert places == sorted(places)
    assert [one["previous"] for one in told[1:]] == [one["head"] for one in told[:-1]]
    newest = next(cid_of(blocks[cid]) for cid in blocks if cid_text(cid) == told[-1]["head"])
    check_whole(blocks, newest)


@pytest.mark.parametrize("seed", range(2))
def test_a_kill_leaves_no_head_without_its_blocks(process: EngineProcess, seed: int) -> None:
    """Nor two for one turn, nor one that was told of and is forgotten; and no event is lost over it."""
    chance = random.Random(seed)
    process.home.mkdir()
    (process.home / "picomesh.toml").write_text('seal = "on"\nseal_after_s = 0\n')
    client = process.start()
    install_ruleset(client, client.root_eci(), counter_ruleset().as_uri(), {})
    tickets: list[str] = []
    seen: list[str] = []
    for number in range(KILLS):
        acknowledged, unanswered = kill_in_traffic(process, client, f"{seed}-{number}", chance)
        tickets += [*acknowledged, *unanswered]
        client = process.start()
        send_again(client, client.root_eci(), unanswered)
        client.seal("root")
        told = client.seal_history("root")["heads"]
        assert set(seen) <= {one["head"] for one in told}
        seen = [one["head"] for one in told][-200:]
        process.kill()
        check_heads(process.home, told)
        client = process.start()
    assert judge(tickets, count_tickets(client, client.root_eci())).is_clean
    assert client.seal_history("root")["evidence"] == []


def kill_in_traffic(
    process: EngineProcess, client: EngineClient, prefix: str, chance: random.Random
) -> tuple[Sequence[str], Sequence[str]]:
    """Tickets that were acknowledged, and those that nobody answered."""
    senders = Senders(client.url, client.root_eci(), 3, prefix)
    senders.start()
    senders.wait_acknowledged(chance.randint(1, 60))
    process.kill()
    gone = senders.wait_gone()
    return gone.acknowledged, gone.unanswered
