"""Why a credential is not relied on: a code for each kind of reason, and a sentence for people.

Refusing is normal life here, so callers get a value. Inside of the package it travels as an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Code = Literal[
    "malformed",
    "too-large",
    "unsupported",
    "unknown-context",
    "wrong-issuer",
    "wrong-subject",
    "wrong-type",
    "not-yet-valid",
    "expired",
    "unknown-issuer",
    "wrong-key",
    "wrong-purpose",
    "bad-proof",
    "too-costly",
    "revoked",
    "status-unknown",
    "wrong-challenge",
    "wrong-domain",
    "unavailable",
]
"""Each is explained in the README beside this module."""


@dataclass(frozen=True, slots=True)
class Refused:
    code: Code
    reason: str

    def __str__(self) -> str:
        return f"{self.reason} ({self.code})"


def to_printable(text: str) -> str:
    """What strangers wrote could otherwise steer the terminal that it is shown on."""
    return "".join(one if one.isprintable() else "�" for one in text)


class NotRelied(Exception):
    """Carries a refusal to the front door of the package, which hands it out as a value."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(f"{reason} ({code})")
        self.refused = Refused(code, to_printable(reason))


class CannotIssue(ValueError):
    """What was asked for cannot be put into a credential. The message says why."""


class DidkitMissing(Exception):
    """There is no didkit for this Python."""

    def __init__(self) -> None:
        super().__init__(
            "issuing and verifying with did:key is done by didkit, which is not installed here: "
            "it has wheels for Python 3.11 and 3.12 (`pip install didkit`)"
        )
