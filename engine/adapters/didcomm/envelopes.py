"""`engine.ports.Envelopes`: the codec, with documents fetched as it asks for them and this engine's own keys.

A stranger's envelope may have us fetch the document of its sender, and only if it is encrypted to a key of
ours; so few documents for each envelope, and so few at a time for all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any

from engine.adapters.didcomm.from_prior import read_rotation
from engine.adapters.didcomm.keyring import Documents, Keyring
from engine.adapters.didcomm.keys import BadKey, PrivateKey, private_key
from engine.adapters.didcomm.pack import CannotPack, pack_anoncrypt, pack_authcrypt
from engine.adapters.didcomm.unpack import Unpacked, gist_of, unpack
from engine.core.didcomm.limits import LIMITS, Limits
from engine.core.didcomm.messages import BadMessage, Message
from engine.core.didcomm.refused import Needs, Refused
from engine.core.didcomm.rotation import Rotation
from engine.core.dids import Did, did_of
from engine.ports import CannotSend, Letter

Fetch = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""Have the document of a DID at hand, if it can be had."""
OwnSecret = Callable[[str], tuple[str, bytes] | None]
"""The curve and the secret of one of our keys, by its id."""

MOST_FETCHED = 3
"""Documents for one envelope: those of its sender, of a signer who goes by another name, and of whom the
sender once was."""
MOST_AT_ONCE = 16
REMEMBERED = 4096
"""Private keys that were computed lately."""


class OwnEnvelopes:
    def __init__(
        self, documents: Documents, fetch: Fetch, secrets: OwnSecret, limits: Limits = LIMITS
    ) -> None:
        self._fetch = fetch
        self._limits = limits
        self._fetching = asyncio.Semaphore(MOST_AT_ONCE)
        make_key = lru_cache(maxsize=REMEMBERED)(private_key)

        def secret(kid: str) -> PrivateKey | None:
            found = secrets(kid)
            return None if found is None else make_key(*found)

        self._keyring = Keyring(documents, secret)

    async def open(self, envelope: bytes, now_s: int) -> Letter:
        for _ in range(MOST_FETCHED):
            try:
                return self._read(envelope, now_s)
            except Needs as needs:
                if await self._get(needs.did) is None:
                    raise needs.refusal() from None
        try:
            return self._read(envelope, now_s)
        except Needs as needs:
            raise needs.refusal() from None

    def _read(self, envelope: bytes, now_s: int) -> Letter:
        unpacked = unpack(envelope, self._keyring, now_s, self._limits)
        try:
            return _letter(unpacked, read_rotation(unpacked, self._keyring, now_s, self._limits))
        except Refused as refused:
            raise Refused(refused.code, refused.reason, gist_of(unpacked)) from refused

    async def close(self, message: Message, to: Did) -> bytes:
        """Authenticated where the message is from somebody, else anonymous."""
        for did in (message.from_, did_of(to)):
            if did is not None and self._missing(did) and await self._get(did) is None:
                raise CannotSend(f"the document of {did[:60]} cannot be had", is_final=False)
        pack = pack_anoncrypt if message.from_ is None else pack_authcrypt
        try:
            return pack(message, to, self._keyring)
        except (CannotPack, BadMessage, BadKey, Refused) as problem:
            raise CannotSend(str(problem)) from problem
        except Needs as needs:
            raise CannotSend(str(needs), is_final=False) from None

    def _missing(self, did: str) -> bool:
        try:
            self._keyring.document(did)
        except Needs:
            return True
        except Refused:
            return False
        return False

    async def _get(self, did: str) -> Mapping[str, Any] | None:
        async with self._fetching:
            return await self._fetch(did)


def _letter(unpacked: Unpacked, rotation: Rotation | None) -> Letter:
    recipient = unpacked.recipient
    return Letter(
        unpacked.message,
        None if unpacked.sender is None else Did(unpacked.sender),
        None if recipient is None else Did(did_of(recipient)),
        rotation,
    )
