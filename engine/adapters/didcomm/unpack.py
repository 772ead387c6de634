"""From an envelope to the message in it, and what is proven about it.

Layers are opened one after the other and checked against each other: DIDComm v2.1, "IANA Media Types" (which
combinations there are) and "Message Layer Addressing Consistency". Nothing is fetched and nothing
remembered; a message that was seen before is for the caller to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.adapters.didcomm.jwe import Opened, open_jwe
from engine.adapters.didcomm.jws import open_jws
from engine.adapters.didcomm.key_agreement import AUTH
from engine.adapters.didcomm.keyring import Keyring
from engine.core.didcomm.limits import LIMITS, Limits
from engine.core.didcomm.messages import Message, is_message_id, read_message
from engine.core.didcomm.refused import Gist, Refused, malformed, too_big, untrusted
from engine.core.didcomm.strict_json import read_object
from engine.core.dids import did_of, same_did

Layer = Literal["anoncrypt", "authcrypt", "signed"]

COMBINATIONS: frozenset[tuple[Layer, ...]] = frozenset(
    (
        (),
        ("signed",),
        ("anoncrypt",),
        ("authcrypt",),
        ("anoncrypt", "signed"),
        ("anoncrypt", "authcrypt"),
        # Should not be sent, may be accepted if signer and sender are one.
        ("authcrypt", "signed"),
        # The text forbids it, the examples (appendix C.3) have it, and foreign stacks send it.
        ("anoncrypt", "authcrypt", "signed"),
    )
)
"""From the outside to the inside."""

_PREFIXES = frozenset(layers[:length] for layers in COMBINATIONS for length in range(len(layers) + 1))


@dataclass(frozen=True)
class Unpacked:
    """A message, and what the keys prove. What the message says of itself beyond that is hearsay."""

    message: Message
    layers: tuple[Layer, ...] = ()
    sender: str | None = None
    """The DID that is proven to have written it, or None: nobody knows."""
    sender_kid: str | None = None
    """The key of authcrypt."""
    signer: str | None = None
    """The key of a signature, which proves the sender to others too."""
    recipient: str | None = None
    """Which of our keys it was encrypted to; None if it was not."""


@dataclass(frozen=True)
class _Peeled:
    """How far we are."""

    value: Mapping[str, Any]
    layers: tuple[Layer, ...] = ()
    opened: tuple[Opened, ...] = ()
    signers: tuple[str, ...] = ()


def unpack(envelope: bytes, keyring: Keyring, now_s: int, limits: Limits = LIMITS) -> Unpacked:
    """Raises `Refused`, or `Needs` for a document to fetch; nothing else, whatever the bytes are."""
    if len(envelope) > limits.envelope_bytes:
        raise too_big("an envelope of that size")
    peeled = _Peeled(read_object(envelope, limits))
    while (layer := _kind(peeled.value)) != "plain":
        peeled = _peel(peeled, layer, keyring, limits)
    message = _read(peeled, limits)
    _check_sender(message, peeled)
    _check_recipient(message, peeled)
    unpacked = _unpacked(message, peeled)
    if message.expires_time is not None and message.expires_time <= now_s:
        raise Refused("e.p.req.time", "the message has expired", gist_of(unpacked))
    return unpacked


def _kind(value: Mapping[str, Any]) -> Literal["encrypted", "signed", "plain"]:
    """By what it is made of; what looks like two things is neither."""
    has = [name in value for name in ("ciphertext", "payload", "type")]
    if sum(has) != 1:
        raise malformed("neither an encrypted nor a signed nor a plain message")
    return "encrypted" if has[0] else "signed" if has[1] else "plain"


def _peel(peeled: _Peeled, kind: Literal["encrypted", "signed"], keyring: Keyring, limits: Limits) -> _Peeled:
    """One layer less, until they are no beginning of any combination: there are never more than three."""
    if kind == "signed":
        layers = _with_layer(peeled, "signed")
        content, signers = open_jws(peeled.value, keyring, limits)
        return _Peeled(read_object(content, limits), layers, peeled.opened, signers)
    opened = open_jwe(peeled.value, keyring, limits)
    layers = _with_layer(peeled, "authcrypt" if opened.alg == AUTH else "anoncrypt")
    return _Peeled(read_object(opened.content, limits), layers, (*peeled.opened, opened))


def _with_layer(peeled: _Peeled, layer: Layer) -> tuple[Layer, ...]:
    layers = (*peeled.layers, layer)
    if layers not in _PREFIXES:
        raise malformed("these layers are not put inside each other")
    return layers


def _read(peeled: _Peeled, limits: Limits) -> Message:
    """Whoever is proven to have made a mistake can be told so."""
    try:
        return read_message(peeled.value, limits)
    except Refused as refused:
        kids = _proven(peeled)
        if not kids or not all(same_did(did_of(kid), did_of(kids[0])) for kid in kids):
            raise
        raise Refused(refused.code, refused.reason, _gist(peeled, did_of(kids[0]))) from refused


def _gist(peeled: _Peeled, sender: str) -> Gist:
    """Of a plaintext that is none: whatever is as it should be."""
    texts = {name: one for name, one in peeled.value.items() if isinstance(one, str)}
    ids = {name: texts[name] for name in ("id", "thid") if is_message_id(texts.get(name, ""))}
    recipient = peeled.opened[0].recipient if peeled.opened else None
    return Gist(sender, recipient, type=texts.get("type", ""), return_route=texts.get("return_route"), **ids)


def gist_of(unpacked: Unpacked) -> Gist | None:
    """Of a message that is one, but comes too late or has something else against it."""
    message, route = unpacked.message, unpacked.message.headers.get("return_route")
    if unpacked.sender is None:
        return None
    return Gist(
        unpacked.sender,
        unpacked.recipient,
        message.id,
        message.thid,
        message.type,
        route if isinstance(route, str) else None,
    )


def _proven(peeled: _Peeled) -> tuple[str, ...]:
    """The keys that somebody had to have to make this, of authcrypt first."""
    return (*(one.sender for one in peeled.opened if one.sender is not None), *peeled.signers)


def _check_sender(message: Message, peeled: _Peeled) -> None:
    """Whoever is proven to have sent or signed it is the one that it says it is from."""
    for kid in _proven(peeled):
        if message.from_ is None:
            raise untrusted("a message with a sender says whom it is from")
        if not same_did(did_of(kid), did_of(message.from_)):
            raise untrusted("from is not the DID whose key proves it")


def _check_recipient(message: Message, peeled: _Peeled) -> None:
    """An encrypted message is to the DID whose key opened it; unless it is from nobody, it has to say so.

    Else somebody to whom a signed message was sent could send it on in an envelope of his own. Authcrypt is
    bound to its recipient without that, but "`to` MUST contain the `kid`" ("Message Layer Addressing
    Consistency"): who leaves it out is told, since only they can mend it.
    """
    dids = [did_of(one.recipient) for one in peeled.opened]
    if not dids:
        return
    if not all(same_did(did, dids[0]) for did in dids):
        raise untrusted("its layers are for several DIDs")
    if message.to is None:
        if "authcrypt" in peeled.layers:
            gist = gist_of(_unpacked(message, peeled))
            raise Refused("e.p.trust", "authcrypt says in `to` whom it is to", gist)
        if peeled.signers:
            raise untrusted("a message that is signed and encrypted says whom it is to")
        return
    if not any(same_did(dids[0], did_of(did)) for did in message.to):
        raise untrusted("it is to somebody else")


def _unpacked(message: Message, peeled: _Peeled) -> Unpacked:
    sender_kid = next((one.sender for one in peeled.opened if one.sender is not None), None)
    proven = _proven(peeled)
    return Unpacked(
        message,
        peeled.layers,
        sender=did_of(proven[0]) if proven else None,
        sender_kid=sender_kid,
        signer=peeled.signers[0] if peeled.signers else None,
        recipient=peeled.opened[0].recipient if peeled.opened else None,
    )
