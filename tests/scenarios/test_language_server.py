"""A real `picomesh lsp`, spoken to as editors do: frames of JSON on its standard input and output."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from threading import Timer
from typing import Any

import pytest

URI = "file:///counter.krl"
TEXT = """\
ruleset counter {
  meta { shares total }
  global { total = function() { ent:rockets.defaultsTo("\N{ROCKET}") + total } }
}
"""
PATIENCE_S = 30
"""A server that is stuck is killed, so that the test fails and does not hang."""


class Editor:
    """The other end of the protocol, one request at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "engine", "lsp", "--stdio"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.guard = Timer(PATIENCE_S, self.process.kill)
        self.guard.start()
        self._count = 0

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a request, or the error."""
        self._count += 1
        self._send({"id": self._count, "method": method, "params": params})
        while "id" not in (reply := self._receive()):
            pass
        assert reply["id"] == self._count
        return reply.get("error") or reply["result"]

    def tell(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def hear(self, method: str) -> Any:
        """The parameters of the next notification of that kind."""
        while (notice := self._receive()).get("method") != method:
            pass
        return notice["params"]

    def end(self) -> int:
        """Ask it to go, as the protocol wants it; its exit code."""
        self.ask("shutdown")
        self.tell("exit")
        return self.process.wait()

    def close(self) -> None:
        self.guard.cancel()
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while (line := self.process.stdout.readline()) != b"\r\n":
            assert line, "the server went away"
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message


@pytest.fixture
def editor() -> Iterator[Editor]:
    """An editor whose server has started."""
    editor = Editor()
    try:
        yield editor
    finally:
        editor.close()


def open_text(editor: Editor, text: str = TEXT, encodings: tuple[str, ...] = ("utf-16",)) -> Any:
    """Shake hands and open a text; what the server can do, and its diagnostics."""
    abilities = {
        "general": {"positionEncodings": list(encodings)},
        "textDocument": {"rename": {"prepareSupport": True}},
    }
    capabilities = editor.ask("initialize", processId=None, rootUri=None, capabilities=abilities)
    editor.tell("initialized")
    document = {"uri": URI, "languageId": "krl", "version": 1, "text": text}
    editor.tell("textDocument/didOpen", textDocument=document)
    return capabilities["capabilities"], editor.hear("textDocument/publishDiagnostics")["diagnostics"]


def change(editor: Editor, text: str) -> Any:
    """Type; the diagnostics afterwards."""
    changes = [{"text": text}]
    editor.tell("textDocument/didChange", textDocument={"uri": URI, "version": 2}, contentChanges=changes)
    return editor.hear("textDocument/publishDiagnostics")["diagnostics"]


def at(word: str, text: str = TEXT) -> dict[str, Any]:
    """A place for a request: in front of a word; characters are counted in UTF-16."""
    line = next(number for number, one in enumerate(text.splitlines()) if word in one)
    before = text.splitlines()[line].partition(word)[0]
    position = {"line": line, "character": len(before.encode("utf-16-le")) // 2}
    return {"textDocument": {"uri": URI}, "position": position}


def spans(places: list[dict[str, Any]]) -> list[tuple[int, int, int]]:
    """Line, first and last character of ranges on one line each."""
    ranges = [place["range"] for place in places]
    assert all(one["start"]["line"] == one["end"]["line"] for one in ranges)
    return [(one["start"]["line"], one["start"]["character"], one["end"]["character"]) for one in ranges]


def test_a_session_from_greeting_to_goodbye(editor: Editor) -> None:
    """Every request the server answers, about one text, and an orderly end."""
    capabilities, diagnostics = open_text(editor)
    assert capabilities["textDocumentSync"]["change"] == 1
    assert capabilities["renameProvider"] == {"prepareProvider": True}
    assert diagnostics == []

    hover = editor.ask("textDocument/hover", **at("defaultsTo"))
    assert hover["contents"]["value"].startswith("```krl\nvalue.defaultsTo(")
    assert spans([hover]) == [(2, 44, 54)]

    mentions = [(1, 16, 21), (2, 11, 16), (2, 63, 68)]
    assert spans(editor.ask("textDocument/definition", **at("total }"))) == mentions[1:2]
    everything, uses = (
        editor.ask("textDocument/references", **at("total ="), context={"includeDeclaration": wanted})
        for wanted in (True, False)
    )
    assert spans(everything) == mentions
    assert spans(uses) == [mentions[0], mentions[2]]

    labels = [item["label"] for item in editor.ask("textDocument/completion", **at("ent:"))]
    assert {"total", "ent", "event", "null"} <= set(labels)

    assert spans([{"range": editor.ask("textDocument/prepareRename", **at("total ="))}]) == mentions[1:2]
    renamed = editor.ask("textDocument/rename", **at("total ="), newName="sum")["changes"][URI]
    assert (spans(renamed), {edit["newText"] for edit in renamed}) == (mentions, {"sum"})
    refusal = editor.ask("textDocument/rename", **at("total ="), newName="null")
    assert (refusal["code"], refusal["message"]) == (-32803, "null is a reserved word")
    assert editor.ask("textDocument/prepareRename", **at("defaultsTo"))["code"] == -32803

    assert editor.end() == 0


def test_diagnostics_follow_the_text(editor: Editor) -> None:
    """They come with every change, and go when the text is closed."""
    _, diagnostics = open_text(editor, TEXT.replace("defaultsTo", "defaultTo"))
    (only,) = diagnostics
    assert (only["code"], only["severity"], only["source"]) == ("K201", 1, "picomesh")
    assert only["message"] == "undefined name defaultTo\ndid you mean defaultsTo?"
    assert spans(diagnostics) == [(2, 44, 53)]
    assert [one["code"] for one in change(editor, "ruleset counter {")] == ["K104"]
    assert change(editor, TEXT) == []
    change(editor, "rule")
    editor.tell("textDocument/didClose", textDocument={"uri": URI})
    assert editor.hear("textDocument/publishDiagnostics") == {"uri": URI, "diagnostics": []}
    assert "is not open" in editor.ask("textDocument/hover", **at("total"))["message"]


def test_a_text_is_laid_out_as_a_whole(editor: Editor) -> None:
    """One edit replaces it; a second time there is nothing to do, nor in a text that is broken."""
    open_text(editor, "ruleset a{global{x=1}}")
    options = {"tabSize": 2, "insertSpaces": True}
    (edit,) = editor.ask("textDocument/formatting", textDocument={"uri": URI}, options=options)
    assert edit["range"] == {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 22}}
    assert edit["newText"].splitlines()[0] == "ruleset a {"
    for text in (edit["newText"], "ruleset a{global{x=}}"):
        change(editor, text)
        assert editor.ask("textDocument/formatting", textDocument={"uri": URI}, options=options) == []


def test_characters_are_counted_as_the_editor_prefers(editor: Editor) -> None:
    """The rocket is four bytes in front of a word; an editor that counts bytes gets bytes."""
    capabilities, _ = open_text(editor, encodings=("utf-8", "utf-16"))
    assert capabilities["positionEncoding"] == "utf-8"
    uses = editor.ask("textDocument/references", **at("total }"), context={"includeDeclaration": True})
    assert spans(uses)[-1] == (2, 65, 70)
