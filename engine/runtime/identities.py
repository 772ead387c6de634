"""The DIDs of this engine and of its channels, and the keys that belong to them.

Both follow from the engine's seed, but for keys that a pico has brought along from another engine. A channel
gets a DID when somebody asks for one; it is kept in the journal, because it has to lead back to the channel,
and because what the engine is called may change. The
engine's own DID says where the engine is reached, so that no other one has to. The channel that a pico has
tagged for it goes by the pico's name for life instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.core.didcomm.rotation import Rotation
from engine.core.dids import Did, did_of, fragment_of, show_did
from engine.core.lifelong import is_lifelong, lifelong_channel
from engine.core.model import Channel, Eci, PicoId
from engine.ports import Journal, KeepDid, Keys
from engine.runtime.channel_keys import MakeDid, NamedChannel
from engine.runtime.lives import Lives

SignRotation = Callable[[Rotation, bytes], str]
"""The `from_prior` that says so, with this Ed25519 key of the prior DID."""

Brought = Callable[[PicoId, str], bytes | None]
"""The secret that a pico has brought along for a key with that id; of a name for life only the fragment."""

Channels = Callable[[PicoId], Mapping[Eci, Channel]]
"""Those of a pico as it is now; none of one that is not here."""

SIGNING = "key-1"
CURVES = {"key-1": "Ed25519", "key-2": "X25519"}
_OF_A_STAY = re.compile(r"(key-[12])(?:-([0-9a-f]+))?", re.ASCII)
ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose DID it is. `eci` is None for the engine itself."""

    eci: Eci | None
    purpose: str
    """What its keys are derived for."""
    is_closed: bool = False
    """It is a name for life, and the pico has tagged no channel for it."""


THE_ENGINE = Owner(None, ENGINE)


CLOSED = "no channel of that pico is tagged did, so nobody can write to it by its name for life"


def brought_nothing(pico: PicoId, kid: str) -> bytes | None:
    """Of an engine to which no pico came."""
    return None


class NoSuchName(Exception):
    """A DID that a channel does not have, or would not get next."""


class Identities:
    def __init__(
        self,
        journal: Journal,
        keys: Keys,
        make_did: MakeDid,
        sign_rotation: SignRotation,
        lives: Lives,
        channels: Channels,
    ) -> None:
        self._journal = journal
        self._keys = keys
        self._make_did = make_did
        self._sign_rotation = sign_rotation
        self._lives = lives
        self._channels = channels
        self._nameless = self._make(ENGINE, None)
        self._lives.host = self.engine = self._nameless
        """The DID of this engine. Without `reached_at` it names no place."""
        self.brought: Brought = brought_nothing
        self.page: str | None = None
        """Where somebody lands who opens an invitation in a browser."""

    def reached_at(self, url: str) -> None:
        """Say from now on that messages are posted there."""
        self._lives.host = self.engine = self._make(ENGINE, url)
        self.page = f"{url.removesuffix('/didcomm')}/invitation"

    def called_at(self, place: str) -> Did:
        """What this engine is called when it is reached there, by a URL or by way of a mediator."""
        return self._make(ENGINE, place)

    def reached_by(self, mediator: Did) -> None:
        """Say from now on that messages are for this one to take in."""
        self._lives.host = self.engine = self._make(ENGINE, mediator)

    def moved(self, prior: Did, issued_s: int) -> str:
        """The `from_prior` by which this engine says that it is called otherwise now."""
        rotation = Rotation(prior, self.engine, issued_s, f"{prior}#{SIGNING}")
        return self._sign_rotation(rotation, self._derive(ENGINE, SIGNING))

    async def name_for_life(self, pico: PicoId) -> Did:
        """Of a pico that is here, durable."""
        return await self._lives.name(pico)

    async def name(self, eci: Eci) -> Did:
        """The DID of a channel, durable. Whether there is such a channel is for the caller to know."""
        pico = self._has_life(eci)
        if pico is not None:
            return await self.name_for_life(pico)
        known = self.known(eci)
        if known is not None:
            return known
        did = self._make(_purpose(eci, 0), self.engine)
        await self._journal.commit([KeepDid(did, eci)])
        return did

    def next_name(self, eci: Eci, prior: Did, issued_s: int) -> tuple[Did, str]:
        """The DID that follows a DID of a channel, and the `from_prior` that says so. Nothing is kept, so the
        channel is called what it was until `keep`. Raises `NoSuchName`."""
        if self._lives.pico_of(prior) is not None:
            raise NoSuchName("a name for life stays; `picomesh did rotate --log` changes the keys of its log")
        names = self._oldest_first(eci)
        if prior not in names:
            raise NoSuchName(f"{show_did(prior)} is no DID of channel {eci}")
        place = names.index(prior) + 1
        new = names[place] if place < len(names) else self._make(_purpose(eci, place), self.engine)
        return new, self.from_prior(eci, prior, new, issued_s)

    def from_prior(self, eci: Eci, prior: Did, new: Did, issued_s: int) -> str:
        """What says that a channel is called so after any DID that it had before. Raises `NoSuchName`."""
        names = self._oldest_first(eci)
        if prior not in names:
            raise NoSuchName(f"{show_did(prior)} is no DID of channel {eci}")
        rotation = Rotation(prior, new, issued_s, f"{prior}#{SIGNING}")
        found = self.secret(rotation.kid)
        if found is None or not self.has_keys(prior):
            raise NoSuchName(f"the key of {show_did(prior)} is not here any more")
        return self._sign_rotation(rotation, found[1])

    def has_keys(self, did: Did) -> bool:
        """Whether what is here are the keys of a DID: it may be of another engine, or of another seed."""
        signing, agreeing = (self.secret(f"{did}#{key}") for key in CURVES)
        if signing is None or agreeing is None:
            return False
        nameless = self._make_did(signing[1], agreeing[1], None)
        return did == nameless or did.startswith(f"{nameless}.S")

    def named(self, eci: Eci, dids: Sequence[Did]) -> list[NamedChannel]:
        """These DIDs of a channel, all that it has and the oldest first, with their keys, for the engine that
        the pico is on next."""
        pico, found = self._journal.find_channel(eci), list[NamedChannel]()
        for generation, did in enumerate(dids):
            purpose = _purpose(eci, generation)
            keys = [
                (pico and self.brought(pico, f"{did}#{key}")) or self._derive(purpose, key) for key in CURVES
            ]
            found.append(NamedChannel(did, eci, b"".join(keys)))
        return found

    async def keep(self, eci: Eci, did: Did) -> None:
        """Call a channel by the DID that `next_name` gave; nothing if it was that already."""
        names = self._oldest_first(eci)
        if did in names or self._lives.pico_of(did) is not None:
            return
        nameless = self._make(_purpose(eci, len(names)), None)
        if did != nameless and not did.startswith(f"{nameless}.S"):
            raise NoSuchName(f"{show_did(did)} is not the next DID of channel {eci}")
        await self._journal.commit([KeepDid(did, eci)])

    async def writing_as(self, eci: Eci, me: Did | None) -> Did:
        """The DID by which a channel writes: the one that its turn named, durable, or else the newest."""
        if me is None:
            return await self.name(eci)
        await self.keep(eci, me)
        return me

    def eci_of(self, did: Did) -> Eci | None:
        """The channel that has, or had, this name."""
        owner = self._find_life(did)
        return self._journal.find_did(did) if owner is None else owner.eci

    def is_first(self, eci: Eci, did: Did) -> bool:
        """Whether the channel was called so from the beginning."""
        return self._oldest_first(eci)[:1] == [did] or self._lives.pico_of(did) is not None

    def _oldest_first(self, eci: Eci) -> list[Did]:
        return list(reversed(self._journal.dids_of(eci)))

    def known(self, eci: Eci) -> Did | None:
        """The DID of a channel, if it has one."""
        return next(iter(self._journal.dids_of(eci)), None)

    def is_engine(self, did: str) -> bool:
        """The engine goes by every place it ever was at: it is known by its keys, which stand in front of the
        place."""
        return did.startswith(self._nameless) and did[len(self._nameless) :][:2] in ("", ".S")

    def find(self, did: str) -> Owner | None:
        """Whose DID this is, if it is of this engine."""
        if self.is_engine(did):
            return THE_ENGINE
        living = self._find_life(did)
        if living is not None:
            return living
        eci = self._journal.find_did(Did(did))
        if eci is None or self._is_away(eci):
            return None
        older = self._oldest_first(eci).index(Did(did))
        return Owner(eci, _purpose(eci, older))

    def _is_away(self, eci: Eci) -> bool:
        pico = self._journal.find_channel(eci)
        return pico is not None and self._lives.is_away(pico)

    def _find_life(self, did: str) -> Owner | None:
        """Where no channel is open to it, the one that lets nobody in: whoever writes is refused."""
        pico = self._lives.pico_of(did)
        if pico is None:
            return None
        door = lifelong_channel(self._channels(pico))
        purpose = life_purpose(pico, self._lives.stay(pico))
        return Owner(door or Eci(pico), purpose, is_closed=door is None)

    def goes_by_name_for_life(self, eci: Eci) -> bool:
        """Whether it is the channel that the pico has tagged for that."""
        return self._has_life(eci) is not None

    def _has_life(self, eci: Eci) -> PicoId | None:
        """The pico, if this channel of it goes by its name for life."""
        pico = self._journal.find_channel(eci)
        return None if pico is None or not is_lifelong(self._channels(pico), eci) else pico

    def secret(self, kid: str) -> tuple[str, bytes] | None:
        """The curve and the secret of a key of ours."""
        fragment, did = fragment_of(kid), did_of(kid)
        named = _OF_A_STAY.fullmatch(fragment)
        if named is None:
            return None
        key, stay = named.groups("")
        # Without waking the pico: anybody can write the name of a key on an envelope.
        living = self._lives.pico_of(did)
        if living is not None:
            brought = self.brought(living, f"#{fragment}")
            return CURVES[key], brought or self._derive(life_purpose(living, stay), key)
        owner = None if stay else self.find(did)
        if owner is None:
            return None
        pico = None if owner.eci is None else self._journal.find_channel(owner.eci)
        brought = None if pico is None else self.brought(pico, kid)
        return CURVES[key], brought or self._derive(owner.purpose, key)

    def ids_seed(self) -> str:
        """What ids of answers are derived from: nobody foresees them, and a repeated answer has the same."""
        return self._keys.derive("ids of messages").hex()

    def _make(self, purpose: str, endpoint: str | None) -> Did:
        return self._make_did(self._derive(purpose, "key-1"), self._derive(purpose, "key-2"), endpoint)

    def _derive(self, purpose: str, key: str) -> bytes:
        return self._keys.derive(f"{purpose}/{key}")


def life_purpose(pico: str, stay: str = "") -> str:
    """`stay`: each time that a pico comes to live here its keys are others."""
    return f"life/{pico}/{stay}" if stay else f"life/{pico}"


def in_stay(key: str, stay: str) -> str:
    """What a key is called in the document of the pico."""
    return f"{key}-{stay}" if stay else key


def _purpose(eci: Eci, generation: int) -> str:
    return f"channel/{eci}/{generation}"
