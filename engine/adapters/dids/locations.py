"""Where documents and logs of did:web, did:webvh and did:scid:vh:1 are, as their names say it.

did:webvh 1.0, "The DID to HTTPS Transformation", which for did:web differs in the last segment only. A pico's
own name, did:scid:vh:1, says nothing of a place: there is one in its `?src=`, or the log comes otherwise.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote

import idna

from engine.adapters.dids.refused import DidRefused
from engine.core.dids import Did, DidUrl, NotADid, read_did, show_did

WEB = "did:web:"
WEBVH = "did:webvh:"
SCID = "did:scid:vh:1:"
PEER = "did:peer:"
NOWHERE = "nowhere.invalid"
"""The host in the did:webvh of a pico whose log is served nowhere: RFC 2606 keeps `.invalid` for that."""

_SCID = re.compile(r"Qm[1-9A-HJ-NP-Za-km-z]{44}", re.ASCII)
_PORT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_LONGEST_HOST = 253


@dataclass(frozen=True, slots=True)
class Location:
    """`segments` are percent-decoded; the host is in the form that the domain name system knows."""

    host: str
    port: int | None = None
    segments: tuple[str, ...] = ()

    def url(self, file: str) -> str:
        port = "" if self.port is None else f":{self.port}"
        path = "/".join(quote(one, safe="") for one in self.segments) or ".well-known"
        return f"https://{self.host}{port}/{path}/{file}"


@dataclass(frozen=True, slots=True)
class WebvhName:
    did: Did
    scid: str
    location: Location


def is_scid(text: str) -> bool:
    """Whether it looks like the hash of a log's beginning."""
    return _SCID.fullmatch(text) is not None


def pico_name(scid: str) -> Did:
    """The name for life that belongs to a log, wherever it is served."""
    return Did(SCID + scid)


def scid_of(did: str) -> str:
    """Of a did:scid:vh:1 or a did:webvh."""
    for prefix in (SCID, WEBVH):
        if did.startswith(prefix):
            scid = did.removeprefix(prefix).partition(":")[0]
            if is_scid(scid):
                return scid
    raise DidRefused(
        "not-a-did", f"{show_did(did)!r} has no self-certifying id, which is Qm and 44 characters"
    )


def read_scid_name(did: str) -> Did:
    if did != pico_name(scid_of(did)):
        raise DidRefused("not-a-did", f"{show_did(did)!r} is not a did:scid of did:webvh logs")
    return Did(did)


def read_webvh(did: str) -> WebvhName:
    _check_did(did)
    scid, *rest = did.removeprefix(WEBVH).split(":")
    if not did.startswith(WEBVH) or not is_scid(scid) or not rest:
        raise DidRefused("not-a-did", f"{show_did(did)!r} is not a did:webvh")
    location = _read_location(rest)
    if "." not in location.host:
        raise DidRefused("bad-location", f"{location.host} is not the full name of a host")
    return WebvhName(Did(did), scid, location)


def read_web(did: str) -> Location:
    _check_did(did)
    if not did.startswith(WEB):
        raise DidRefused("not-a-did", f"{show_did(did)!r} is not a did:web")
    return _read_location(did.removeprefix(WEB).split(":"))


def source_of(url: DidUrl) -> WebvhName | Did | None:
    """Where `?src=example.com/path` says that the log of a did:scid is, or with a did:peer, who may be asked
    for it; None if it says nothing. The latter is ours: the specification knows places on the web alone."""
    sources = [value for name, value in parse_qsl(url.query or "", keep_blank_values=True) if name == "src"]
    if not sources:
        return None
    if sources[0].startswith(PEER):
        _check_did(sources[0])
        return Did(sources[0])
    host, *segments = sources[0].removesuffix("/").split("/")
    parts = [quote(host, safe=""), *(quote(one, safe="") for one in segments)]
    return read_webvh(":".join((f"{WEBVH}{scid_of(url.did)}", *parts)))


def _check_did(did: str) -> None:
    try:
        read_did(did)
    except NotADid as problem:
        raise DidRefused("not-a-did", str(problem)) from None


def _read_location(parts: Sequence[str]) -> Location:
    host, colon, port = _decode(parts[0]).partition(":")
    if colon and not (_PORT.fullmatch(port) and int(port) < 1 << 16):
        raise DidRefused("bad-location", f"{port[:20]!r} is not a port")
    segments = tuple(_check_segment(_decode(one)) for one in parts[1:])
    return Location(_check_host(host), int(port) if colon else None, segments)


def _decode(part: str) -> str:
    """Exactly once."""
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError:
        raise DidRefused("bad-location", f"{part[:80]!r} is not UTF-8, percent-encoded") from None


def _check_host(host: str) -> str:
    """Never an address, in no spelling: what a name stands for is judged when it is asked for."""
    name = unicodedata.normalize("NFC", host).lower()
    if not name.isascii():
        try:
            name = idna.encode(name).decode("ascii")
        except UnicodeError as problem:
            raise DidRefused("bad-location", f"{host[:80]!r} is not the name of a host: {problem}") from None
    labels = name.split(".")
    if len(name) > _LONGEST_HOST or not all(_LABEL.fullmatch(one) for one in labels):
        raise DidRefused("bad-location", f"{host[:80]!r} is not the name of a host")
    if _NUMBER.fullmatch(labels[-1]):
        raise DidRefused("bad-location", f"{host[:80]} is an address, where a DID has the name of a host")
    return name


def _check_segment(segment: str) -> str:
    if segment in ("", ".", "..") or segment != segment.strip() or any(one in segment for one in "/\\\0"):
        raise DidRefused("bad-location", f"{segment[:80]!r} cannot be part of a path")
    return segment
