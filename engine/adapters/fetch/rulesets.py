"""Where the text of a ruleset comes from: the scheme of its URL decides.

`file:` and `http(s):` name places outside; `library:RID` names a ruleset that is installed together
with this program, so that a pico's state never says where on a machine that is. Whatever is wrong
with a place is told as `FetchFailed`, with what to do about it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from engine.ports import FetchFailed, WebFailed

LARGEST_TEXT = 1 << 20
"""Bytes, unless somebody says otherwise. The largest rulesets people have written are a tenth of this."""
TIMEOUT_S = 10.0
MOST_REDIRECTS = 5

Connect = Callable[[], Awaitable[httpx.AsyncBaseTransport]]
"""Opens what the requests for one text go through. It may raise `WebFailed`."""

_RID = re.compile(r"[A-Za-z_$][\w$.-]*", re.ASCII)


class RulesetTexts:
    """`engine.ports.RulesetSource`."""

    def __init__(self, connect: Connect | None = None, largest: int = LARGEST_TEXT) -> None:
        """With `connect`, HTTP goes where that leads, which may refuse some hosts; else anywhere. `largest`
        is in bytes."""
        self._connect = connect
        self._largest = largest
        self._library = Library()

    async def fetch(self, url: str) -> str:
        try:
            scheme = urlsplit(url).scheme
        except ValueError as problem:
            raise FetchFailed(f"{url!r} is not a URL: {problem}") from problem
        match scheme:  # in threads: a disk may be slow, or somewhere else
            case "http" | "https":
                return _decode(await self._download(url), url)
            case "file":
                return _decode(await asyncio.to_thread(_read_file, url, self._largest), url)
            case "library":
                return await self._library.read(url)
        raise FetchFailed(
            f"{url!r} is not a place a ruleset can come from; "
            "give a URL that begins with file:///, http://, https:// or library:, or a CID"
        )

    async def _download(self, url: str) -> bytes:
        client = httpx.AsyncClient(
            transport=None if self._connect is None else await self._connect(),
            timeout=TIMEOUT_S,
            follow_redirects=True,
            max_redirects=MOST_REDIRECTS,
        )
        try:
            # httpx bounds each read; this bounds a server that sends a byte now and then.
            async with asyncio.timeout(TIMEOUT_S), client, client.stream("GET", url) as response:
                return await _read_body(response, url, self._largest)
        except TimeoutError as problem:
            raise FetchFailed(f"{url} did not answer within {TIMEOUT_S:g} seconds") from problem
        except WebFailed as problem:
            raise FetchFailed(f"{url} cannot be fetched: {problem}") from problem
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            reason = str(problem) or type(problem).__name__
            raise FetchFailed(f"{url} cannot be fetched: {reason}") from problem


async def _read_body(response: httpx.Response, url: str, largest: int) -> bytes:
    if response.status_code != 200:
        raise FetchFailed(f"{url} answered {response.status_code} {response.reason_phrase}, not 200 OK")
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        _check_size(len(body), url, largest)
    return bytes(body)


def _read_file(url: str, largest: int) -> bytes:
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.netloc not in ("", "localhost") or not path.is_absolute():
        raise FetchFailed(f"{url} does not name a file of this machine; write file:///absolute/path.krl")
    try:
        if not path.is_file():  # a device or a pipe could be read for ever
            raise FetchFailed(f"there is no file {path}")
        with path.open("rb") as file:
            text = file.read(largest + 1)
    except (OSError, ValueError) as problem:
        raise FetchFailed(f"{path} cannot be read: {problem}") from problem
    _check_size(len(text), url, largest)
    return text


class Library:
    """The rulesets that come with the engine. Every pico that is made has some, so a text is read again only
    when its file has changed."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[tuple[int, int], str]] = {}

    async def read(self, url: str) -> str:
        rid = url.removeprefix("library:")
        path = Path(str(resources.files("ruleset_library") / f"{rid}.krl"))
        stamp = _stamp(path) if _RID.fullmatch(rid) else None
        held = self._read.get(rid)
        if held is not None and held[0] == stamp:
            return held[1]
        text = await asyncio.to_thread(_read_library, rid)
        if stamp is not None:
            self._read[rid] = stamp, text
        return text


def _stamp(path: Path) -> tuple[int, int] | None:
    """What tells one state of a file from another; None if it is none of its own."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _read_library(rid: str) -> str:
    if _RID.fullmatch(rid):
        text = resources.files("ruleset_library") / f"{rid}.krl"
        if text.is_file():
            return text.read_text("utf-8")
    raise FetchFailed(f"no ruleset {rid!r} comes with this engine; it has {', '.join(library_rids())}")


def library_rids() -> list[str]:
    """The rulesets that come with the engine."""
    names = (entry.name for entry in resources.files("ruleset_library").iterdir())
    return sorted(name.removesuffix(".krl") for name in names if name.endswith(".krl"))


def _check_size(size: int, url: str, largest: int) -> None:
    if size > largest:
        raise FetchFailed(
            f"{url} is larger than a ruleset may be ({largest:,} bytes; the setting ruleset_limit says so)"
        )


def _decode(text: bytes, url: str) -> str:
    try:
        return text.decode("utf-8-sig")  # editors on some systems write a byte order mark
    except UnicodeDecodeError as problem:
        raise FetchFailed(f"{url} is not UTF-8 text: {problem}") from problem
