"""The documents that come with Picomesh, as pages: the same Markdown files that lie in `engine/documents`.

They are known by name from the start. Links among them lead from page to page; what lies elsewhere in the
repository is not here, and its name is shown without a link.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

import engine
from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem
from engine.adapters.http.replies import Reply
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import Endpoint, Routes, page
from engine.adapters.http.ui.rendering import draw, is_page

FOLDER = Path(engine.__file__).parent / "documents"
INDEX = "README.md"
FILES: Mapping[str, Path] = {
    file.relative_to(FOLDER).as_posix(): file for file in sorted(FOLDER.rglob("*.md"))
}
PATH = "/ui/help"
PARTS = (("tutorial", "To learn"), ("guides", "To do"), ("reference", "To look up"), ("explanation", "Why"))
"""Folders, in the order in which they are of use, and what they are for."""


class Document(NamedTuple):
    """One file, drawn. Its text is HTML that was made here: HTML in the file itself is shown as text."""

    title: str
    html: str


@is_page
async def _help(host: Host, request: Request) -> Reply:
    name = request.scope["path_params"].get("document", INDEX)
    if name not in FILES:
        raise Problem(404, "unknown", f"there is no document {name}", hint=f"{PATH} lists them")
    return draw("help.html", here="help", document=_read(name), name=name, contents=_contents())


@cache
def _contents() -> Sequence[tuple[str, Sequence[tuple[str, str]]]]:
    """For each part its documents: path and title."""
    found = []
    for folder, about in PARTS:
        names = [name for name in FILES if name.startswith(f"{folder}/") and not name.endswith(INDEX)]
        found.append((about, [(f"{PATH}/{name}", _read(name).title) for name in names]))
    return [part for part in found if part[1]]


@cache
def _read(name: str) -> Document:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(FILES[name].read_text("utf-8"))
    _lead(tokens, PurePosixPath(name).parent)
    heading = next((i for i, token in enumerate(tokens) if token.type == "heading_open"), None)
    title = name if heading is None else tokens[heading + 1].content
    html = markdown.renderer.render(tokens, markdown.options, {})
    # What can be scrolled has to be reached by keyboard too.
    return Document(title, html.replace("<pre>", '<pre tabindex="0">'))


def _lead(tokens: Sequence[Token], folder: PurePosixPath) -> None:
    """Have links lead to pages; those that lead nowhere here become plain text."""
    for token in tokens:
        kept: list[Token] = []
        dropped = 0
        for one in token.children or ():
            if one.type == "link_open" and not _lead_one(one, folder):
                dropped += 1
            elif one.type == "link_close" and dropped:
                dropped -= 1
            else:
                kept.append(one)
        token.children = kept if token.children is not None else None


def _lead_one(link: Token, folder: PurePosixPath) -> bool:
    target = str(link.attrGet("href") or "")
    if target.startswith(("https://", "http://", "#")):
        return True
    path, _, fragment = target.partition("#")
    name = normpath((folder / path).as_posix())
    if name not in FILES:
        return False
    link.attrSet("href", f"{PATH}/{name}{f'#{fragment}' if fragment else ''}")
    return True


ROUTES: Routes = {
    PATH: Endpoint(_help, "the web UI: the documents that come with it", page("read")),
    PATH + "/{document:path}": Endpoint(_help, "the web UI: one of the documents", page("read")),
}
