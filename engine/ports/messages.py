"""DIDComm messages: envelopes that are opened and closed, and where they are taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from engine.core.did_keys import DidKey
from engine.core.didcomm.messages import Message
from engine.core.didcomm.rotation import Rotation
from engine.core.dids import Did


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that came out of an envelope, and what is proven of it."""

    message: Message
    sender: Did | None
    """Whose key wrote or signed it; None when anybody may have."""
    recipient: Did | None
    """Which DID of ours it was encrypted to; None when it was not encrypted."""
    rotation: Rotation | None = None
    """What its `from_prior` has proven."""


class Envelopes(Protocol):
    """DIDComm v2.1 envelopes of this engine's own DIDs."""

    async def open(self, envelope: bytes, now_s: int) -> Letter:
        """Raises `engine.core.didcomm.refused.Refused`, whatever the bytes are."""

    async def close(self, message: Message, to: Did) -> bytes:
        """For one recipient, from `message.from_` if there is one. Raises `CannotSend`."""


@dataclass(frozen=True, slots=True)
class Acting:
    """Who a log says was to act as its pico."""

    name: Did
    """That the pico has for life."""
    keys: tuple[frozenset[DidKey], ...]
    """That could sign for it, by entry: the first ones are those of epoch 1."""
    needed: int = 0
    guardians: tuple[DidKey, ...] = ()
    """So many of these, together, can take it back; nobody if there are none."""

    @property
    def epoch(self) -> int:
        """Today's."""
        return len(self.keys)

    def may(self, epoch: int, key: DidKey) -> bool:
        return 0 < epoch <= len(self.keys) and key in self.keys[epoch - 1]


@dataclass(frozen=True, slots=True)
class Route:
    """Where to post an envelope, and the mediators to wrap it for, the first to open it first."""

    url: str
    hops: tuple[Did, ...] = ()


class Directory(Protocol):
    """Where others can be reached."""

    async def find_route(self, did: Did) -> Route:
        """How messages for a DID get there. Raises `CannotSend`."""


class CannotSend(Exception):
    """A message that cannot be written or has nowhere to go; `is_final` unless trying again may help."""

    def __init__(self, reason: str, is_final: bool = True) -> None:
        super().__init__(reason)
        self.is_final = is_final
