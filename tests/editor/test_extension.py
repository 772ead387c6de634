"""The extension for VS Code: what its manifest names exists, and says the same as the rest."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from engine.cli import main

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "editor" / "vscode"


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text("utf-8"))


def test_the_files_of_the_manifest_exist() -> None:
    """An extension with a missing file is packaged without a word and does nothing."""
    manifest = read("package.json")
    contributed = manifest["contributes"]
    named = [
        manifest["main"],
        *(language["configuration"] for language in contributed["languages"]),
        *(grammar["path"] for grammar in contributed["grammars"]),
    ]
    assert [name for name in named if not (FOLDER / name).is_file()] == []


def test_the_grammar_is_that_of_the_language() -> None:
    """Under one name in both files."""
    (grammar,) = read("package.json")["contributes"]["grammars"]
    (language,) = read("package.json")["contributes"]["languages"]
    assert grammar["language"] == language["id"] == "krl"
    assert grammar["scopeName"] == read(grammar["path"])["scopeName"]


def test_a_word_of_the_editor_is_a_word_of_the_language() -> None:
    """Else completion would replace half a name, or more than one."""
    pattern = re.compile(read("language-configuration.json")["wordPattern"])
    assert pattern.findall("ent:$total_1 := a.b-c") == ["ent", "$total_1", "a", "b", "c"]


def test_the_command_it_starts_exists() -> None:
    """With the words it is started with, and the one that editors like to add."""
    script = (FOLDER / "extension.js").read_text("utf-8")
    (words,) = re.findall(r"args: (\[.*?\])", script)
    assert json.loads(words) == ["lsp"]
    assert "--stdio" in CliRunner().invoke(main, ["lsp", "--help"]).output
    (setting,) = read("package.json")["contributes"]["configuration"]["properties"]
    assert f'getConfiguration("{setting.partition(".")[0]}").get("{setting.partition(".")[2]}")' in script
