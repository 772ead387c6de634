"""Pages from templates: HTML with what a page is given, and a page that says what went wrong where it did."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem
from engine.adapters.http.replies import Headers, Reply
from engine.adapters.http.requests import Request
from engine.core.telling import tell_step
from engine.version import VERSION

HEADERS: Headers = ((b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store"))
SHORT = 8
"""Characters of an id that people can tell it by."""
KIB = 1024

PAGES = (
    ("picos", "/", "Picos"),
    ("engines", "/ui/engines", "Engines"),
    ("system", "/ui/system", "System"),
    ("help", "/ui/help", "Help"),
)
"""What one can go to from everywhere: how templates call it, where it is, how people call it."""

PageHandler = Callable[[Host, Request], Awaitable[Reply]]


def draw(template: str, status: int = 200, **given: Any) -> Reply:
    """A page."""
    text = ENVIRONMENT.get_template(template).render(**given)
    return Reply(text.encode("utf-8", "replace"), status, HEADERS)


def is_page(handler: PageHandler) -> PageHandler:
    """Has what goes wrong told as a page too."""

    @wraps(handler)
    async def answer(host: Host, request: Request) -> Reply:
        try:
            return await handler(host, request)
        except Problem as problem:
            return draw("problem.html", problem.status, problem=problem.to_document())

    return answer


# --- how things are written ---------------------------------------------------------------------------


def short(id: object) -> str:
    """The beginning of an id; what follows `did:` and its method for a DID."""
    text = str(id)
    if text.startswith("did:"):
        return f"{text[:14]}…{text[-6:]}" if len(text) > SHORT * 3 else text
    return text if len(text) <= SHORT + 2 else f"{text[:SHORT]}…"


def called(pico: Any) -> str:
    """What people call a pico by."""
    if pico.get("name"):
        return str(pico["name"])
    return "root pico" if pico.get("is_root") else short(pico["id"])


def when(iso: str | None) -> Markup:
    """A time, which the browser writes as its reader is used to."""
    if not iso:
        return Markup("–")
    return Markup('<time datetime="{0}">{1}</time>').format(iso, iso.replace("T", " ").partition(".")[0])


def as_json(value: object) -> str:
    """A value for people to read."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def one_line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def in_bytes(count: float | None) -> str:
    """A size, in the unit that suits it."""
    if count is None:
        return "–"
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < KIB or unit == "GiB":
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= KIB
    raise AssertionError("unreachable")


def sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def part(words: list[str]) -> str:
    """A part of a pico, as a ruleset would write it."""
    match words:
        case ["entity", rid, name, *keys]:
            return " › ".join((rid, f"ent:{name}", *keys))
    return " › ".join(words)


def for_long(seconds: float) -> str:
    """How long something has lasted, in its two largest units."""
    told: list[str] = []
    rest = int(seconds)
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count and len(told) < 2:
            told.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return ", ".join(told) or "less than a second"


def in_path(text: object) -> str:
    """One part of a path."""
    return quote(str(text), safe="")


def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "short": short,
        "called": called,
        "when": when,
        "as_json": as_json,
        "one_line": one_line,
        "in_bytes": in_bytes,
        "in_path": in_path,
        "step": tell_step,
        "sentence": sentence,
        "part": part,
        "for_long": for_long,
    }
    found.globals |= {"version": VERSION, "pages": PAGES}
    return found


ENVIRONMENT = _environment()
