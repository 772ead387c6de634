"""The media types of the three formats, as the `typ` of an envelope spells them.

DIDComm v2.1, "IANA Media Types": `application/` may be left out; a missing `typ` says nothing.
"""

from __future__ import annotations

from engine.core.didcomm.refused import malformed

PLAIN = "application/didcomm-plain+json"
SIGNED = "application/didcomm-signed+json"
ENCRYPTED = "application/didcomm-encrypted+json"


def check_typ(typ: object, expected: str, also: str | None = None) -> None:
    """A `typ` that contradicts what the layer is was put there to mislead some reader."""
    if typ is None or (also is not None and typ == also):
        return
    if not isinstance(typ, str) or _whole(typ) != expected:
        raise malformed(f"typ is not {expected}")


def _whole(typ: str) -> str:
    return (typ if "/" in typ else f"application/{typ}").lower()
