"""As much of the syntax of DIDs as envelopes need: whose key an id names, and when two names are one DID.

Resolving, and checking that a DID says what its document says, is done elsewhere.
"""

from __future__ import annotations

import re

LONGEST = 8192
"""Characters of a DID URL or a key id: the long form of a did:peer has its whole document in it."""

_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._%-]", re.ASCII)
_DID_URL = re.compile(_DID.pattern + r"(?:[/?][!-\"$-~]*)?", re.ASCII)
_KID = re.compile(_DID.pattern + r"#[!-\"$-~]+", re.ASCII)
_DID_PEER_4_LONG = re.compile(r"(did:peer:4[A-Za-z0-9]+):[A-Za-z0-9]+", re.ASCII)


def is_did_url(text: str) -> bool:
    """A DID, perhaps with path and query, without a fragment: what `from` and `to` may hold."""
    return len(text) <= LONGEST and _DID_URL.fullmatch(text) is not None


def is_kid(text: str) -> bool:
    """A DID and the fragment that names one of its keys."""
    return len(text) <= LONGEST and _KID.fullmatch(text) is not None


def did_of(url: str) -> str:
    """The DID that a DID URL or a key id belongs to."""
    did = _DID.match(url)
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
