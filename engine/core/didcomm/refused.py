"""What unpacking answers instead of a message: a refusal with its problem code, or the want of a document.

The code is of DIDComm's own list (v2.1, "Problem Codes") and is all that a peer may be told. The reason is
for the log of whoever was sent the message: to a stranger it would say how far a forgery got.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Code = Literal["e.p.msg", "e.p.trust", "e.p.trust.crypto", "e.p.did", "e.p.req.time", "e.p.me.res.storage"]
"""Bad message; sender and keys do not fit; cryptography; unusable DID; expired; larger than we take."""


@dataclass(frozen=True)
class Gist:
    """What of a refused message could be read, as far as a report of the problem needs it."""

    sender: str
    """Whose key has proven who is to blame."""
    recipient: str | None = None
    """Which of our keys it was encrypted to; None if it was not."""
    id: str | None = None
    thid: str | None = None
    type: str = ""
    return_route: str | None = None


class Refused(Exception):
    """This envelope is not acted on, which is normal life.

    There is a gist once somebody's key has proven who is to blame. Only then is there anybody to report a
    problem to; everything else is dropped in silence.
    """

    def __init__(self, code: Code, reason: str, gist: Gist | None = None) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.gist = gist


class NotForUs(Refused):
    """It is for none of our keys: nobody here can say what is in it, and somebody else may be able to, or we
    later, when our keys are there again."""

    def __init__(self) -> None:
        super().__init__("e.p.trust.crypto", "it is for none of our keys")


class Needs(Exception):
    """Nobody can go on without the document of this DID: fetch it and call again.

    Whoever cannot fetch it refuses the message; `refusal` is the one for that.
    """

    def __init__(self, did: str) -> None:
        super().__init__(f"the document of {did} is not at hand")
        self.did = did

    def refusal(self) -> Refused:
        return Refused("e.p.did", f"{self.did} cannot be resolved")


def malformed(reason: str) -> Refused:
    return Refused("e.p.msg", reason)


def untrusted(reason: str) -> Refused:
    return Refused("e.p.trust", reason)


def unproven(reason: str) -> Refused:
    return Refused("e.p.trust.crypto", reason)


def too_big(reason: str) -> Refused:
    return Refused("e.p.me.res.storage", reason)
