"""The guides do what they say, for somebody who has an engine and a ruleset."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pico_lang.formatter import format_text
from pico_lang.source import Source
from tests.docs.lessons import Commands, File, Reader, steps

DOCUMENTS = Path(__file__).resolve().parents[2] / "engine" / "documents"
GUIDES = sorted((DOCUMENTS / "guides").glob("*.md"))

RULESET = """ruleset my.ruleset {
  rule hello {
    select when greeter:hello name re#(.+)# setting(name)
    send_directive("say", {"text": "Hello, " + name})
  }
}
"""
TESTS = """tests for "my.ruleset.krl" {
  test "greets" {
    send greeter:hello attributes {"name": "Ann"}
    expect directive "say"
  }
}
"""


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_does_what_it_says(guide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command of it, in its order."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.ruleset.krl").write_text(RULESET, "utf-8")
    (tmp_path / "my.ruleset.test.krl").write_text(TESTS, "utf-8")
    document = guide.read_text("utf-8")
    reader = Reader(tmp_path)
    try:
        if any(isinstance(step, Commands) for step in steps(document)):
            reader.follow("```sh\npicomesh serve\npicomesh install root my.ruleset.krl\n```\n")
        reader.follow(document)
    finally:
        reader.leave()


def test_every_document_is_in_the_lists() -> None:
    """Of its folder, or of all documents."""
    for path in DOCUMENTS.rglob("*.md"):
        lists = (DOCUMENTS / "README.md").read_text("utf-8") + (DOCUMENTS / "guides" / "README.md").read_text(
            "utf-8"
        )
        assert path.name == "README.md" or f"{path.name})" in lists, path


def test_rulesets_are_laid_out_in_the_one_way() -> None:
    """As `picomesh fmt` has it, which they recommend."""
    for path in DOCUMENTS.rglob("*.md"):
        for step in steps(path.read_text("utf-8")):
            if isinstance(step, File) and step.name.endswith(".krl"):
                assert format_text(Source(step.text, step.name)) == step.text, (path, step.name)


def test_links_lead_somewhere() -> None:
    """To files of the repository, and to headings that they have."""
    for path in DOCUMENTS.rglob("*.md"):
        for target, heading in links(path.read_text("utf-8")):
            found = (path.parent / target).resolve() if target else path
            assert found.exists(), (path, target)
            assert not heading or heading in headings(found), (path, target, heading)


def links(text: str) -> list[tuple[str, str]]:
    """Those to files: their path and, after the sharp, the heading."""
    found = re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", text)
    return [(target, heading) for target, heading in found if target or heading]


def headings(path: Path) -> set[str]:
    """As links call them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
