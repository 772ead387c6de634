"""`picomesh ipfs`: what people and programs see of the nodes."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.adapters.ipfs.opening import limits_of, open_nodes
from engine.cli import main
from engine.config import load_settings
from tests.support.ipfs_node import IpfsNode


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IpfsNode]:
    with IpfsNode(tmp_path_factory.mktemp("ipfs")) as running:
        yield running


def run(home: Path, urls: str, *options: str) -> Result:
    return CliRunner().invoke(
        main, ["ipfs", "status", "--home", str(home), *options], env={"PICOMESH_IPFS_API": urls}
    )


def test_a_node_is_shown_as_it_is(node: IpfsNode, tmp_path: Path) -> None:
    """With its version, and how much is in it; pins of its owner are not ours."""
    cid = node.run("add", "--quieter", stdin=b"the owner's").decode().strip()
    assert cid in node.run("pin", "ls").decode()
    shown = run(tmp_path, node.url, "--json")
    assert shown.exit_code == 0, shown.output
    (told,) = json.loads(shown.output)
    assert told["url"] == node.url
    assert told["version"] in node.run("version").decode()
    assert told["blocks"] > 0
    assert (told["peers"], told["pins"], told["problem"]) == (0, 0, None)
    people = run(tmp_path, node.url)
    assert node.url in people.output
    assert told["version"] in people.output


def test_a_node_that_does_not_answer_spoils_nothing(node: IpfsNode, tmp_path: Path) -> None:
    """The others are shown; the exit code tells programs."""
    with socket.socket() as nobody:  # bound, and not listening
        nobody.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        shown = run(tmp_path, f"{dead}, {node.url}")
    assert shown.exit_code == 1
    assert "does the node run?" in shown.output
    assert "1 of 2 nodes" in shown.output
    assert node.url in shown.output


def test_without_a_node_it_says_how_to_have_one(tmp_path: Path) -> None:
    """That is no failure: an engine needs none. Another home may have one, so it is said which this is."""
    shown = run(tmp_path, "")
    assert shown.exit_code == 0
    assert "ipfs_api" in shown.output
    assert str(tmp_path) in "".join(shown.output.split("\n"))
    assert json.loads(run(tmp_path, "", "--json").output) == []


def test_what_no_node_has_pinned_may_be_with_its_peers(node: IpfsNode, tmp_path: Path) -> None:
    """A node is asked for its pins; whoever knows the head has it fetched from others."""
    did = "did:scid:vh:1:QmatpU9C724bMXanJvSrYgqbZK1mDe6SWVJSqaLi1mjZ7f"
    words = ["restore", did, "--from", "ipfs", "--home", str(tmp_path / "home")]
    shown = CliRunner().invoke(main, words, env={"PICOMESH_IPFS_API": node.url})
    assert shown.exit_code == 1
    assert "no head of" in shown.output
    assert "its peers" in shown.output
    assert "--head CID" in shown.output


def test_a_password_stays_with_the_settings(tmp_path: Path) -> None:
    """It is neither in what `settings` shows nor in what a failure says."""
    url = "http://me:secret@127.0.0.1:9"
    for command in (["settings"], ["settings", "--json"], ["ipfs", "status"]):
        shown = CliRunner().invoke(
            main, [*command, "--home", str(tmp_path)], env={"PICOMESH_IPFS_API": url, "COLUMNS": "400"}
        )
        assert "me@127.0.0.1:9" in shown.output
        assert "secret" not in shown.output


def test_settings_become_limits() -> None:
    """Each of them the one of its name."""
    given = {"answer_s": 1.0, "put_s": 2.0, "get_s": 3.0, "pin_s": 4.0, "tree_bytes": 5, "at_once": 6}
    settings = load_settings({f"ipfs_{name}": value for name, value in given.items()}, {})
    limits = limits_of(settings)
    assert {name: getattr(limits, name) for name in given} == given


def test_a_store_for_each_node_in_their_order() -> None:
    settings = load_settings({"ipfs_api": "http://b:1, http://a:2", "ipfs_label": ""}, {})
    assert [node.name for node in open_nodes(settings)] == ["ipfs b:1", "ipfs a:2"]
