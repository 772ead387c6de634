"""`picomesh invite`, `connect` and `did rotate`, on real engines."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands.client import EngineClient
from engine.core.protocols.out_of_band import from_url
from tests.scenarios.messages import PATIENCE_S, neighbour


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EngineClient, EngineClient]]:
    ann, ben = (neighbour(tmp_path_factory.mktemp(name) / "home") for name in ("ann", "ben"))
    try:
        yield ann.start(), ben.start()
    finally:
        ann.end()
        ben.end()


def run(engine: EngineClient, *words: str, columns: int = 200) -> Result:
    environment = {"PICOMESH_URL": engine.url, "COLUMNS": str(columns)}
    return CliRunner(env=environment).invoke(main, list(words))


def shown(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def relations(engine: EngineClient) -> list[dict[str, Any]]:
    state = shown(run(engine, "state", "root", "--json"))
    return [one["state"] for one in state.get("relations", []) if "moved" not in one["state"]]


def wait_for(engine: EngineClient, is_there: Any) -> list[dict[str, Any]]:
    until = time.monotonic() + PATIENCE_S
    while not is_there(found := relations(engine)):
        assert time.monotonic() < until, found
        time.sleep(0.05)
    return found


def test_two_engines_are_connected_and_one_rotates(engines: tuple[EngineClient, EngineClient]) -> None:
    """The URL is all that has to pass from one to the other."""
    ann, ben = engines
    invitation = shown(run(ann, "invite", "root", "--label", "Ann", "--json"))
    assert invitation["url"].startswith(f"{ann.url}/invitation?_oob=")
    known = shown(run(ben, "connect", "root", invitation["url"], "--json"))
    assert (known["label"], known["them"]) == ("Ann", invitation["did"])
    (of_ann,) = wait_for(ann, lambda found: len(found) == 1)
    assert (of_ann["me"], of_ann["peer"]) == (known["them"], known["me"])
    rotated = shown(run(ann, "did", "rotate", invitation["eci"], "--json"))
    assert rotated["told"] == [known["me"]]
    (of_ben,) = wait_for(ben, lambda found: found[0]["peer"] == rotated["did"])
    assert of_ben["retired"] == [invitation["did"]]
    assert shown(run(ann, "did", "show", invitation["eci"], "--json"))["did"] == rotated["did"]


def test_it_is_told_to_people(engines: tuple[EngineClient, EngineClient], tmp_path: Path) -> None:
    """With a QR code in a file, the channel, and both DIDs."""
    ann, ben = engines
    picture = tmp_path / "invitation.svg"
    told = run(ann, "invite", "root", "--once", "--hours", "1", "--qr", str(picture))
    assert told.exit_code == 0, told.output
    url = next(line for line in told.output.splitlines() if line.startswith("http"))
    assert picture.read_text().startswith("<?xml")
    invitation = from_url(url)
    assert getattr(invitation, "expires_time", 0) > time.time()
    connected = run(ben, "connect", "root", url, "--label", "Ann again")
    assert connected.output.startswith("connected with Ann again did:peer:2.")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("connect", "root", "https://x.example/"), "has _oob=… in it"),
        (("connect", "nobody", "https://x.example/"), "no channel nobody"),
        (("invite", "nobody"), "no channel nobody"),
        (("invite", "root", "--qr", "x.gif"), "name a .svg or a .png"),
        (("did", "rotate", "nobody"), "no channel nobody"),
    ],
)
def test_what_cannot_be_is_told(
    engines: tuple[EngineClient, EngineClient], words: tuple[str, ...], said: str
) -> None:
    """In a sentence, with exit code 1."""
    told = run(engines[0], *words)
    assert (told.exit_code, said in told.stderr) == (1, True), told.output


def test_whoever_has_some_channel_introduces_nobody(engines: tuple[EngineClient, EngineClient]) -> None:
    """A channel for messages is not one to decide for the pico; to invite to the channel itself is."""
    ann, _ = engines
    eci = shown(run(ann, "invite", "root", "--json"))["eci"]
    for words in (("invite", eci), ("connect", eci, "https://x.example/")):
        told = run(ann, *words)
        assert (told.exit_code, "make acquaintances" in told.stderr) == (1, True)
    assert shown(run(ann, "invite", eci, "--here", "--json"))["eci"] == eci
