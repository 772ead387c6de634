"""What goes along with a state when a pico moves, sealed to a key that was made there for this one move.

These are the key of the state's blocks, the state keys of its sealed past, and the secrets of the DIDs by
which others know its channels: mail that is under way has to stay readable. No key of its log is among them.
What a pico has brought along is kept wrapped with the engine's own key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.did_keys import DidKey
from engine.core.model import PicoId
from engine.core.multiformats import from_multibase, to_multibase
from engine.ports import Journal, Keys, SetFact
from engine.runtime.state_keys import Boxes

WRAPPING = "luggage of picos"
REMEMBERED = 4096


class NoLuggage(ValueError):
    """What is in a box is not for this engine, or none of this."""


@dataclass(frozen=True, slots=True)
class Luggage:
    key: bytes
    """Of the blocks in which the state travels."""
    state_keys: Mapping[int, bytes] = field(repr=False)
    secrets: Mapping[str, bytes] = field(repr=False)
    """By key id; of the name for life by the fragment alone."""


def pack(luggage: Luggage) -> bytes:
    return json.dumps(
        {
            "key": luggage.key.hex(),
            "state_keys": {str(epoch): key.hex() for epoch, key in luggage.state_keys.items()},
            "secrets": {kid: secret.hex() for kid, secret in luggage.secrets.items()},
        }
    ).encode()


def unpack(packed: bytes) -> Luggage:
    """Raises `NoLuggage`."""
    try:
        plain: dict[str, Any] = json.loads(packed)
        return Luggage(
            bytes.fromhex(plain["key"]),
            {int(epoch): bytes.fromhex(key) for epoch, key in plain["state_keys"].items()},
            {str(kid): bytes.fromhex(secret) for kid, secret in plain["secrets"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise NoLuggage("what came along with the state is damaged") from problem


class Locker:
    """Boxes for others, and what is kept of those that came."""

    def __init__(self, journal: Journal, keys: Keys, boxes: Boxes) -> None:
        self._journal = journal
        self._keys = keys
        self._boxes = boxes
        self._brought: dict[PicoId, tuple[str, Mapping[str, bytes]]] = {}

    # --- on its way ---

    def name_for(self, attempt: str) -> DidKey:
        """For whom luggage of that attempt is to be sealed, to be opened here."""
        return self._boxes.name(self._seed(attempt))

    def seal(self, luggage: Luggage, owner: str) -> str:
        return to_multibase("u", self._boxes.box(pack(luggage), DidKey(owner)))

    def open(self, box: str, attempt: str) -> Luggage:
        """Raises `NoLuggage`."""
        try:
            packed = self._boxes.unbox(from_multibase(box), self._seed(attempt))
        except ValueError as problem:
            raise NoLuggage("what came along with the state is no box") from problem
        if packed is None:
            raise NoLuggage("what came along with the state is sealed for somebody else")
        return unpack(packed)

    def _seed(self, attempt: str) -> bytes:
        return self._keys.derive(f"luggage/{attempt}")

    # --- here ---

    def wrap(self, secret: bytes) -> str:
        return to_multibase("u", self._boxes.wrap(secret, self._keys.derive(WRAPPING)))

    def unwrap(self, wrapped: str) -> bytes:
        """Raises `NoLuggage`."""
        try:
            found = self._boxes.unwrap(from_multibase(wrapped), self._keys.derive(WRAPPING))
        except ValueError as problem:
            raise NoLuggage("what is kept of a move is damaged") from problem
        if found is None:
            raise NoLuggage("what is kept of a move was wrapped with another engine.key")
        return found

    def kept(self, pico: PicoId, secrets: Mapping[str, bytes]) -> SetFact:
        """By which the secrets that a pico has brought along are here."""
        return SetFact(_fact(pico), self.wrap(pack(Luggage(b"", {}, secrets))))

    def forgotten(self, pico: PicoId) -> SetFact:
        """By which they are here no more."""
        self._brought.pop(pico, None)
        return SetFact(_fact(pico), "")

    def secrets(self, pico: PicoId) -> Mapping[str, bytes]:
        wrapped = self._journal.fact(_fact(pico))
        if not wrapped:
            return {}
        kept, secrets = self._brought.get(pico, ("", {}))
        if kept != wrapped:
            secrets = unpack(self.unwrap(wrapped)).secrets
            if len(self._brought) >= REMEMBERED:
                self._brought.clear()
            self._brought[pico] = wrapped, secrets
        return secrets

    def find(self, pico: PicoId, kid: str) -> bytes | None:
        """`engine.runtime.identities.Brought`."""
        return self.secrets(pico).get(kid)


def _fact(pico: PicoId) -> str:
    return f"brought by {pico}"


Draw = Callable[[int], bytes]
