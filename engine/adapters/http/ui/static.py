"""The files that pages load: known by name at the start, so that no path leads anywhere else."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem
from engine.adapters.http.replies import Headers, Reply
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import Endpoint, Routes, public

FOLDER = Path(__file__).with_name("static")
TYPES = {
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".woff2": b"font/woff2",
    ".txt": b"text/plain; charset=utf-8",
}
FILES = {
    file.relative_to(FOLDER).as_posix(): file for file in sorted(FOLDER.rglob("*")) if file.suffix in TYPES
}


async def _serve(host: Host, request: Request) -> Reply:
    name = request.path_word("file")
    if name not in FILES:
        raise Problem(404, "unknown", f"there is no file {name}")
    body, tag, kind = _read(name)
    # They change with a new version, and then at once: a browser asks each time whether it has the right one.
    headers: Headers = ((b"content-type", kind), (b"cache-control", b"no-cache"), (b"etag", tag))
    if request.headers.get("if-none-match", "").encode() == tag:
        return Reply(b"", 304, headers)
    return Reply(body, headers=headers)


@cache
def _read(name: str) -> tuple[bytes, bytes, bytes]:
    body = FILES[name].read_bytes()
    return body, f'"{sha256(body).hexdigest()[:24]}"'.encode(), TYPES[FILES[name].suffix]


ROUTES: Routes = {
    "/ui/static/{file:path}": Endpoint(
        _serve,
        "what the pages of the web UI are made of",
        public("they are files of this program, and the same everywhere"),
    )
}
