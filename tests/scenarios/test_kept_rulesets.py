"""Rulesets by content, on a real engine: sent, listed, signed, refused, and there after a crash."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.hints import counter_ruleset
from engine.commands.process import EngineProcess

COUNTER = counter_ruleset().read_text("utf-8")


def run(engine: EngineClient, *words: str) -> Result:
    """A command for this engine."""
    return CliRunner(env={"PICOMESH_URL": engine.url}).invoke(main, list(words))


def read(engine: EngineClient, *words: str) -> Any:
    """What a command that succeeds prints as JSON."""
    result = run(engine, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def offline(*words: str) -> Any:
    result = CliRunner().invoke(main, [*words, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@contextmanager
def started(folder: Path, *settings: str) -> Iterator[EngineClient]:
    """An engine with settings of its own."""
    home = folder / "home"
    home.mkdir()
    (home / "picomesh.toml").write_text("\n".join(settings))
    process = EngineProcess(home)
    try:
        yield process.start()
    finally:
        process.end()


def test_a_file_is_sent_and_not_named(engine: EngineClient, tmp_path: Path) -> None:
    """The engine may be on another machine: when the file is gone, the pico has its text all the same."""
    file = tmp_path / "counter.krl"
    file.write_text(COUNTER)
    pushed = read(engine, "install", "root", str(file))
    file.unlink()
    assert pushed["url"] == f"ipfs://{pushed['cid']}"
    assert run(engine, "rulesets", "--show", "counter").output == COUNTER
    [held] = [one for one in read(engine, "rulesets", "root") if one["rid"] == "counter"]
    assert (held["cid"], held["from"]) == (pushed["cid"], pushed["url"])
    shown = run(engine, "rulesets", "root").output
    assert re.search(r"counter +bafkrei\S+ +kept here", shown)
    assert re.search(r"wrangler +bafkrei\S+ +library", shown)


def test_a_changed_file_takes_the_place_of_the_old_one(engine: EngineClient, tmp_path: Path) -> None:
    """The count stays; both texts are kept, and the older one can be installed again by its CID."""
    file = tmp_path / "counter.krl"
    file.write_text(COUNTER)
    older = read(engine, "install", "root", str(file))["cid"]
    run(engine, "send", "root", "counter:reset")
    run(engine, "send", "root", "counter:increment", "by=3")
    file.write_text(COUNTER.replace('"counted"', '"totalled"'))
    newer = read(engine, "install", "root", str(file))["cid"]
    assert 'totalled {"count": 4}' in run(engine, "send", "root", "counter:increment").output
    picos = {one["cid"]: one["picos"] for one in read(engine, "rulesets") if one["rid"] == "counter"}
    assert (picos[older], picos[newer]) == (0, 1)
    assert run(engine, "install", "root", older).exit_code == 0
    assert 'counted {"count": 5}' in run(engine, "send", "root", "counter:increment").output


def test_the_list_is_for_people_too(engine: EngineClient) -> None:
    """CIDs by their beginnings, which --show takes. Eighty columns are enough for it."""
    shown = run(engine, "rulesets", "root").output
    assert "io.picolabs.wrangler" in shown
    wrangler = next(one for one in read(engine, "rulesets", "root") if one["rid"] == "io.picolabs.wrangler")
    assert f"{wrangler['cid'][:12]}…" in shown
    text = run(engine, "rulesets", "--show", wrangler["cid"][:12]).output
    assert "ruleset io.picolabs.wrangler" in text
    assert max(map(len, shown.splitlines())) <= 80
    assert "there is no ruleset nothing" in run(engine, "rulesets", "--show", "nothing").output


def test_a_ruleset_that_comes_with_the_engine_is_installed_by_its_name(engine: EngineClient) -> None:
    """`library:` and a rid."""
    assert "io.picolabs.pds" in read(engine, "install", "root", "library:io.picolabs.pds")["installed"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", "does not keep a ruleset"),
        ("ipfs://bafk", "is not a CID|is not the CID"),
        ("http://169.254.169.254/latest", "not a public address.*http_private"),
        ("http://localhost:1/a.krl", "not a public address.*http_private"),
    ],
)
def test_what_cannot_be_installed_says_why(engine: EngineClient, word: str, said: str) -> None:
    """And what to do about it."""
    result = run(engine, "install", "root", word)
    assert result.exit_code == 1
    assert re.search(said, result.output, re.DOTALL), result.output


def test_what_was_sent_survives_a_kill(process: EngineProcess) -> None:
    """Before any pico has it."""
    cid = process.start().push_ruleset(COUNTER)["cid"]
    process.kill()
    engine = process.start()
    assert engine.ruleset_text(cid) == COUNTER
    assert [one["picos"] for one in engine.rulesets() if one["cid"] == cid] == [0]


def test_a_signed_file_is_sent_with_its_signature(engine: EngineClient, tmp_path: Path) -> None:
    """The engine and the pico know the author; a text that was changed since has to be signed again."""
    key, file = str(tmp_path / "key"), tmp_path / "counter.krl"
    file.write_text("\ufeff" + COUNTER)
    author = offline("key", "new", key)["author"]
    assert offline("key", "show", key)["author"] == author
    [signed] = offline("sign", str(file), "--key", key)
    assert signed["author"] == author
    pushed = read(engine, "install", "root", str(file))
    assert (pushed["cid"], pushed["signedBy"]) == (signed["cid"], [author])
    assert author in run(engine, "install", "root", str(file)).output
    seen = engine.evaluate("root", "counter", ['ctx:rulesets.filter(function(r) { r{"rid"} == "counter" })'])
    assert seen["value"][0]["meta"]["signedBy"] == [author]
    file.write_text(COUNTER + "\n")
    refused = run(engine, "install", "root", str(file))
    assert refused.exit_code == 1
    assert "the text was changed after it was signed" in refused.output


def test_an_engine_installs_only_what_its_authors_have_signed(tmp_path: Path) -> None:
    """Whatever way it comes; the rulesets of the engine itself are there all the same."""
    key, file = str(tmp_path / "key"), tmp_path / "counter.krl"
    file.write_text(COUNTER)
    author = offline("key", "new", key)["author"]
    with started(tmp_path, f'ruleset_authors = ["{author}"]') as engine:
        for word in (str(file), file.as_uri()):
            refused = run(engine, "install", "root", word)
            assert refused.exit_code == 1
            assert "is not signed" in refused.output
            assert author in refused.output
        flushed = httpx.get(
            f"{engine.url}/api/flush", params={"url": file.as_uri()}, headers=engine.credentials()
        )
        assert flushed.status_code == 403
        offline("sign", str(file), "--key", key)
        assert "counter" in read(engine, "install", "root", file.as_uri())["installed"]
        assert read(engine, "install", "root", str(file))["signedBy"] == [author]
