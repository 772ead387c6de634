"""The keys a codec works with: the own private ones, others' from their documents, and what two share.

The caller resolves DIDs and keeps secrets; here documents are read once for as long as the caller gives
the same object, and secrets of two lasting keys (the dear part of authcrypt) are remembered in memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from engine.adapters.didcomm.key_agreement import agree
from engine.adapters.didcomm.keys import AGREEING, SIGNING, BadKey, PrivateKey, PublicKey, public_from_method
from engine.core.didcomm.refused import Needs, Refused
from engine.core.dids import did_of, fragment_of, same_did

Documents = Callable[[str], Mapping[str, Any] | None]
"""The document of a DID, or None if it is not at hand. Nobody changes one: a new version is a new object."""
Secrets = Callable[[str], PrivateKey | None]
"""The private key with this id, or None."""
Purpose = Literal["keyAgreement", "authentication"]

REMEMBERED = 4096
"""Documents, and pairs of keys: how many of each at most."""

MOST_METHODS = 64
"""Keys of one document that are looked at."""

_CURVES: Mapping[Purpose, frozenset[str]] = {"keyAgreement": AGREEING, "authentication": SIGNING}


@dataclass(frozen=True)
class Document:
    """The keys of a DID that messages are made with, by key id, in the document's order."""

    did: str
    keyAgreement: Mapping[str, PublicKey]
    authentication: Mapping[str, PublicKey]

    def find(self, purpose: Purpose, kid: str) -> PublicKey | None:
        """By fragment: the id may have the long form of a DID where the document has the short one."""
        keys = self.keyAgreement if purpose == "keyAgreement" else self.authentication
        if kid in keys:
            return keys[kid]
        fragment = fragment_of(kid)
        return next((key for one, key in keys.items() if fragment_of(one) == fragment), None)


class Keyring:
    """Not for several threads at once."""

    def __init__(self, documents: Documents, secrets: Secrets, remembered: int = REMEMBERED) -> None:
        self._documents = documents
        self.secret = secrets
        self._read: OrderedDict[str, tuple[Mapping[str, Any], Document]] = OrderedDict()
        self._remembered = remembered
        self.lasting_secret = lru_cache(maxsize=remembered)(agree)
        """`agree`, remembered: for two keys that both last."""

    def document(self, did: str) -> Document:
        """Raises `Needs` where the caller has to fetch it first."""
        found = self._documents(did)
        if found is None:
            raise Needs(did)
        known = self._read.get(did)
        if known is not None and known[0] is found:
            self._read.move_to_end(did)
            return known[1]
        read = read_document(did, found)
        self._read[did] = (found, read)
        if len(self._read) > self._remembered:
            self._read.popitem(last=False)
        return read

    def find(self, purpose: Purpose, kid: str) -> PublicKey | None:
        """The key with this id, if its DID's document lists it for this purpose."""
        return self.document(did_of(kid)).find(purpose, kid)


def read_document(did: str, document: Mapping[str, Any]) -> Document:
    """Only keys that can be read; a document may list others, for other people."""
    own_id = document.get("id")
    if not isinstance(own_id, str) or not same_did(own_id, did):
        raise Refused("e.p.did", f"the document of {did} says it is another's")
    methods = dict(_methods(did, document.get("verificationMethod")))
    return Document(
        did,
        dict(_keys(did, "keyAgreement", document, methods)),
        dict(_keys(did, "authentication", document, methods)),
    )


def _methods(did: str, listed: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(listed, list):
        return
    for method in listed[:MOST_METHODS]:
        if isinstance(method, Mapping) and isinstance(method.get("id"), str):
            yield _absolute(did, method["id"]), method


def _keys(
    did: str, purpose: Purpose, document: Mapping[str, Any], methods: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, PublicKey]]:
    """Entries are references or whole methods; those of other DIDs are those DIDs' business."""
    listed = document.get(purpose)
    for entry in listed[:MOST_METHODS] if isinstance(listed, list) else ():
        if isinstance(entry, str):
            kid = _absolute(did, entry)
            method = methods.get(kid)
        else:
            kid, method = next(_methods(did, [entry]), ("", None))
        if method is None or not same_did(did_of(kid), did):
            continue
        key = _readable(method)
        if key is not None and key.curve in _CURVES[purpose]:
            yield kid, key


def _readable(method: Mapping[str, Any]) -> PublicKey | None:
    try:
        return public_from_method(method)
    except BadKey:
        return None


def _absolute(did: str, identifier: str) -> str:
    return did + identifier if identifier.startswith("#") else identifier
