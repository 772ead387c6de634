"""The keys of DIDs of channels as a pico takes them along: sealed with its state, and kept where it comes to.

An engine makes such keys out of its own seed, which never leaves it. So the engine that a pico comes to has
to be given them, or nobody there could read what others wrote to a DID that they were told, nor prove that
another one has taken its place. In the journal they are wrapped, like state keys.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.core.codec import Plain
from engine.core.dids import Did, did_of, fragment_of
from engine.core.model import Eci, PicoId
from engine.core.multiformats import from_multibase, to_multibase
from engine.ports import Journal, Keys, SetFact

KEY_BYTES = 32
NAMES = ("key-1", "key-2")
"""As a DID of ours calls them: the one to sign, the one to encrypt."""
WRAPPING = "wraps keys of channels"
BROUGHT = "keys brought to "

MakeDid = Callable[[bytes, bytes, str | None], Did]
"""A DID with these two keys, `#key-1` to sign and `#key-2` to encrypt, and that endpoint."""


class Wraps(Protocol):
    """See `engine.adapters.keys.boxes`."""

    def wrap(self, secret: bytes, key: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, key: bytes) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class NamedChannel:
    """A DID of a channel, as it is sealed. `keys` are both, one behind the other; empty if they are lost."""

    did: Did
    eci: Eci
    keys: bytes = b""


def pack_name(one: NamedChannel) -> Plain:
    return [one.did, one.eci, *([to_multibase("u", one.keys)] if one.keys else [])]


def unpack_name(told: Plain) -> NamedChannel:
    """Raises `ValueError` for what is no such thing."""
    did, eci, *rest = told
    keys = from_multibase(rest[0]) if rest else b""
    if len(rest) > 1 or len(keys) not in (0, 2 * KEY_BYTES):
        raise ValueError(f"the keys of {did} are none")
    return NamedChannel(Did(did), Eci(eci), keys)


class ChannelKeys:
    """Those that were brought to an engine."""

    def __init__(self, journal: Journal, keys: Keys, wraps: Wraps, make_did: MakeDid) -> None:
        self._journal = journal
        self._keys = keys
        self._wraps = wraps
        self._make_did = make_did

    def writes(self, named: Iterable[NamedChannel]) -> list[SetFact]:
        """By which they are here. Keys that are not those of their DID are not taken."""
        kept: dict[Eci, dict[Did, str]] = {}
        for one in named:
            if one.keys and self._fits(one):
                wrapped = self._wraps.wrap(one.keys, self._keys.derive(WRAPPING))
                kept.setdefault(one.eci, {})[one.did] = to_multibase("u", wrapped)
        return [SetFact(_fact(eci), json.dumps(keys)) for eci, keys in kept.items()]

    def _fits(self, one: NamedChannel) -> bool:
        nameless = self._make_did(one.keys[:KEY_BYTES], one.keys[KEY_BYTES:], None)
        return one.did == nameless or one.did.startswith(f"{nameless}.S")

    def find(self, pico: PicoId, kid: str) -> bytes | None:
        """The secret that was brought along for a key with that id."""
        did, fragment = Did(did_of(kid)), fragment_of(kid)
        eci = self._journal.find_did(did)
        wrapped = None if eci is None else json.loads(self._journal.fact(_fact(eci)) or "{}").get(did)
        if wrapped is None or fragment not in NAMES:
            return None
        both = self._wraps.unwrap(from_multibase(wrapped), self._keys.derive(WRAPPING))
        if both is None:
            return None  # the file with this engine's own keys is another one by now
        return both[:KEY_BYTES] if fragment == NAMES[0] else both[KEY_BYTES:]

    def channels(self) -> Sequence[Eci]:
        """To which keys were brought, as far as they are still here; the rest is forgotten."""
        named = [Eci(name.removeprefix(BROUGHT)) for name in self._journal.fact_names(BROUGHT)]
        return [eci for eci in named if self._journal.fact(_fact(eci))]

    def forgotten(self, channels: Iterable[Eci]) -> list[SetFact]:
        """By which the keys of these channels are here no more."""
        return [SetFact(_fact(eci), "") for eci in channels if self._journal.fact(_fact(eci))]

    async def forget(self, eci: Eci) -> None:
        """The channel is no more."""
        await self._journal.commit([SetFact(_fact(eci), "")])


def _fact(eci: Eci) -> str:
    return f"{BROUGHT}{eci}"
