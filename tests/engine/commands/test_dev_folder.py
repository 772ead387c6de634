"""A folder of rulesets: their order, their tests, and what a change touches."""

from __future__ import annotations

from pathlib import Path

from engine.commands.dev_folder import NOTHING, Folder, read_folder

USER = "ruleset user { meta { use module tools alias t } }"
TOOLS = "ruleset tools { meta { provides f } global { f = function(){ 1 } } }"
TESTS = 'tests for "tools.krl" { test "one" { expect f() == 1 } }'


def write(folder: Path, **texts: str) -> Folder:
    for name, text in texts.items():
        (folder / f"{name}.krl").write_text(text)
    return read_folder(folder)


def names(folder: Folder) -> list[str]:
    return [one.path.name for one in folder.rulesets]


def touched(after: Folder, before: Folder) -> list[str]:
    return [one.path.name for one in after.touched(before)]


def test_a_ruleset_comes_behind_those_it_needs(tmp_path: Path) -> None:
    """Whatever their files are called; tests are no rulesets, and what cannot be read comes last."""
    found = write(tmp_path, a=USER, z=TOOLS, z_test=TESTS.replace("tools.krl", "z.krl"), broken="ruleset {")
    assert names(found) == ["z.krl", "a.krl", "broken.krl"]


def test_rulesets_that_need_each_other_are_both_there(tmp_path: Path) -> None:
    """It is the engine that refuses them, and says why."""
    first = "ruleset first { meta { use module second alias s } }"
    second = "ruleset second { meta { use module first alias f } }"
    assert sorted(names(write(tmp_path, first=first, second=second))) == ["first.krl", "second.krl"]


def test_two_files_with_one_ruleset_are_both_told(tmp_path: Path) -> None:
    """None of them is left out in silence."""
    assert sorted(names(write(tmp_path, one=TOOLS, two=TOOLS))) == ["one.krl", "two.krl"]


def test_a_change_touches_its_ruleset_and_those_that_need_it(tmp_path: Path) -> None:
    """That of its tests touches it too; at first everything is touched, and nothing by looking again."""
    before = write(tmp_path, user=USER, tools=TOOLS, tools_test=TESTS, other="ruleset other {}")
    assert touched(before, NOTHING) == ["other.krl", "tools.krl", "user.krl"]
    assert touched(read_folder(tmp_path, before), before) == []
    tested = write(tmp_path, tools_test=TESTS.replace("one", "two"))
    assert touched(tested, before) == ["tools.krl", "user.krl"]
    used = write(tmp_path, user=USER + "\n")
    assert touched(used, tested) == ["user.krl"]


def test_hidden_folders_are_none_of_it(tmp_path: Path) -> None:
    """Such as the home of an engine; what lies deeper otherwise is."""
    for folder in (".picomesh-dev/home", "deep/er"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "x.krl").write_text(TOOLS)
    assert [path.relative_to(tmp_path) for path in read_folder(tmp_path).texts] == [Path("deep/er/x.krl")]
