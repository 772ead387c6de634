"""The syntax of DIDs and DID URLs (DID Core 1.0, section 3): reading one into its parts, and comparing them.

A name says here only that it is well formed. Whether there is such a DID, and what its document says, is
found out elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NewType

Did = NewType("Did", str)
"""A DID without path, query or fragment."""

LONGEST = 8192
"""Characters of a DID URL: the long form of a did:peer carries its whole document along."""
SHOWN = 60
"""Characters of a DID that a message quotes; some are kilobytes long."""

_HEX = "%[0-9A-Fa-f]{2}"
_ID = rf"(?:[A-Za-z0-9._:-]|{_HEX})+(?<!:)"
_PCHAR = rf"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|{_HEX})"
_DID = re.compile(rf"did:([a-z0-9]+):({_ID})", re.ASCII)
_DID_URL = re.compile(
    rf"(?P<did>did:[a-z0-9]+:{_ID})(?P<path>(?:/{_PCHAR}*)*)"
    rf"(?:\?(?P<query>(?:{_PCHAR}|[/?])*))?(?:#(?P<fragment>(?:{_PCHAR}|[/?])*))?",
    re.ASCII,
)


_LIFELONG = re.compile(r"did:(?:scid:vh:1|webvh):(Qm[1-9A-HJ-NP-Za-km-z]{44})(?::.*)?", re.ASCII | re.DOTALL)


class NotADid(ValueError):
    """A text that is no DID, or no DID URL. The message says what one looks like."""


@dataclass(frozen=True, slots=True)
class DidUrl:
    """`query` and `fragment` are None where the text has no `?` or `#`; nothing is percent-decoded."""

    did: Did
    path: str = ""
    query: str | None = None
    fragment: str | None = None

    def __str__(self) -> str:
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{self.did}{self.path}{query}{fragment}"


def is_did(text: str) -> bool:
    return len(text) <= LONGEST and _DID.fullmatch(text) is not None


def names_a_did(name: str) -> bool:
    """Whether a name that is either a pico's or a DID is one. It is asked at every turn."""
    return name.startswith("did:")


def read_did(text: str) -> Did:
    """The text itself, when it is one."""
    if not is_did(text):
        raise NotADid(f"{show_did(text)!r} is not a DID; one looks like did:method:identifier")
    return Did(text)


def read_did_url(text: str) -> DidUrl:
    parts = _DID_URL.fullmatch(text) if len(text) <= LONGEST else None
    if parts is None:
        raise NotADid(f"{show_did(text)!r} is not a DID URL; one looks like did:method:identifier#key-1")
    return DidUrl(Did(parts["did"]), parts["path"], parts["query"], parts["fragment"])


def scid_in(did: str) -> str | None:
    """The self-certifying id in a name for life (did:scid:vh:1), or in the did:webvh of the same log. All
    names with one are names of the same subject."""
    found = _LIFELONG.fullmatch(did)
    return found and found.group(1)


def method_of(did: Did) -> str:
    return did.split(":", 2)[1]


def identifier_of(did: Did) -> str:
    """All that is particular to the method."""
    return did.split(":", 2)[2]


def show_did(text: str) -> str:
    """As it stands in messages."""
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


# --- names in messages -----------------------------------------------------------------------------
# Whoever wrote them may have written them loosely; that they are known is found out by looking them up.

_NAMED = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._%-]", re.ASCII)
_ADDRESS = re.compile(_NAMED.pattern + r"(?:[/?][!-\"$-~]*)?", re.ASCII)
_KID = re.compile(_NAMED.pattern + r"#[!-\"$-~]+", re.ASCII)
_DID_PEER_4_LONG = re.compile(r"(did:peer:4[A-Za-z0-9]+):[A-Za-z0-9]+", re.ASCII)


def is_did_url(text: str) -> bool:
    """A DID, perhaps with path and query, without a fragment: what `from` and `to` may hold."""
    return len(text) <= LONGEST and _ADDRESS.fullmatch(text) is not None


def is_kid(text: str) -> bool:
    """A DID and the fragment that names one of its keys."""
    return len(text) <= LONGEST and _KID.fullmatch(text) is not None


def keys_in(did: str) -> str | None:
    """A did:peer:2 without the places that stand in it behind its keys: the same of whoever goes by those
    keys, wherever that is."""
    return did.partition(".S")[0] if did.startswith("did:peer:2.") else None


def did_of(url: str) -> str:
    """The DID that a DID URL or a key id belongs to."""
    did = _NAMED.match(url)
    return did.group() if did else url


def fragment_of(kid: str) -> str:
    return kid.partition("#")[2]


def same_did(one: str, other: str) -> bool:
    """The short form of a did:peer:4 is the same DID as the long one, which carries the document along."""
    return one == other or short_did(did_of(one)) == short_did(did_of(other))


def short_did(did: str) -> str:
    """The same for all forms of one DID."""
    long = _DID_PEER_4_LONG.fullmatch(did)
    return long.group(1) if long else did
