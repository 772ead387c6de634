"""Credentials: those that somebody shows, and those that are issued in the names of picos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine.core.dids import Did
from engine.core.vouching import Doubt, Shown


@dataclass(frozen=True, slots=True)
class Presentation:
    """Credentials that somebody shows, and what the presentation has to be bound to so that it counts."""

    text: str
    challenge: str
    audience: Did
    holder: Did
    issuers: frozenset[str]
    """Whose credentials are of any interest."""
    lists: tuple[str, ...] = ()
    """Status lists that came along."""


class CredentialCheck(Protocol):
    """Finds out whether what is shown is to be relied on. It may take long, and holds nobody else up."""

    async def check(
        self, presentation: Presentation, now_s: int
    ) -> tuple[tuple[Shown, int | None], ...] | Doubt:
        """Each credential in it with the second in which it ends."""

    def stop(self) -> None:
        """Do without any answer from now on."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody vouches for: what kind of thing is said of whom, for how long, and how it is signed."""

    subject: str
    kind: str
    claims: Mapping[str, Any]
    valid_s: int
    form: str
    """`jwt` or `linked-data`."""


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key of a DID of ours, and what it is derived for."""

    did: Did
    id: str
    purpose: str


class CannotVouch(ValueError):
    """A statement that cannot be made a credential. Says why."""


class Vouching(Protocol):
    """Issues credentials in the names of picos, and keeps them, so that they can be revoked."""

    def issue(self, key: OwnKey, document: Mapping[str, Any] | None, said: Statement, now_s: int) -> str:
        """The credential's text. `document` is what others find of the issuer. Takes a moment, so it is
        called in a thread. Raises `CannotVouch`."""
