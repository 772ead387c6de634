"""From a message to an envelope: plain, signed, anonymous or with a sender, strictly as specified.

DIDComm v2.1, "IANA Media Types". One call makes one envelope for one DID; a message to several DIDs is
packed for each. Wrapping for mediators is done elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from engine.adapters.didcomm.content_encryption import Enc
from engine.adapters.didcomm.jwe import From, write_jwe
from engine.adapters.didcomm.jws import write_jws
from engine.adapters.didcomm.keyring import Keyring
from engine.adapters.didcomm.keys import Draw, PrivateKey, PublicKey
from engine.core.didcomm.messages import BadMessage, Message, write_message
from engine.core.didcomm.strict_json import write_json
from engine.core.dids import did_of, is_kid, same_did


class CannotPack(ValueError):
    """The message, the DIDs and the keys at hand do not go together. Says what to do about it."""


def pack_plain(message: Message) -> bytes:
    """No envelope: for debugging, and as what the others wrap."""
    value = write_message(message)
    try:
        return write_json(value)
    except (TypeError, ValueError, RecursionError) as problem:
        raise BadMessage(f"body, headers or attachments hold what JSON cannot: {problem}") from problem


def pack_signed(message: Message, signer: str, keyring: Keyring) -> bytes:
    """Readable by anybody, and proof to anybody. `signer` is the id of an authentication key of `from_`."""
    _check_from(message, signer)
    return write_jws(pack_plain(message), signer, _secret(signer, keyring))


def pack_anoncrypt(
    message: Message,
    to: str,
    keyring: Keyring,
    *,
    signer: str | None = None,
    enc: Enc = "A256CBC-HS512",
    draw: Draw = os.urandom,
) -> bytes:
    """For `to`, a DID or one of its keys, from nobody; with `signer`, from them and provably so."""
    _check_to(message, to, is_proven=signer is not None)
    content = pack_signed(message, signer, keyring) if signer else pack_plain(message)
    return write_jwe(content, _recipients(to, keyring, None), None, enc, keyring, draw)


def pack_authcrypt(
    message: Message,
    to: str,
    keyring: Keyring,
    *,
    sender: str | None = None,
    hide_sender: bool = False,
    draw: Draw = os.urandom,
) -> bytes:
    """For `to`, a DID or one of its keys, from `message.from_`: the usual way.

    `sender` says with which key, otherwise the first of its DID that is on a curve `to` has. With
    `hide_sender` nobody on the way sees who writes ("Protecting the Sender Identity").
    """
    _check_to(message, to, is_proven=True)
    who = _sender(message, sender, to, keyring)
    recipients = _recipients(to, keyring, who.key)
    envelope = write_jwe(pack_plain(message), recipients, who, "A256CBC-HS512", keyring, draw)
    if not hide_sender:
        return envelope
    return write_jwe(envelope, recipients, None, "A256CBC-HS512", keyring, draw)


def _check_from(message: Message, kid: str) -> None:
    if message.from_ is None or not same_did(did_of(kid), did_of(message.from_)):
        raise CannotPack(f"{kid} is no key of {message.from_}; from_ is whose key proves the message")


def _check_to(message: Message, to: str, is_proven: bool) -> None:
    if message.to is None:
        if is_proven:
            raise CannotPack("a message with a proven sender says whom it is to; give it `to`")
    elif not any(same_did(did_of(to), did_of(did)) for did in message.to):
        raise CannotPack(f"the message is to {', '.join(message.to)}, and would be packed for {did_of(to)}")


def _secret(kid: str, keyring: Keyring) -> PrivateKey:
    key = keyring.secret(kid)
    if key is None:
        raise CannotPack(f"the private key of {kid} is not at hand")
    return key


def _sender(message: Message, kid: str | None, to: str, keyring: Keyring) -> From:
    if message.from_ is None:
        raise CannotPack("authcrypt has a sender; give the message a from_, or pack it with pack_anoncrypt")
    if kid is not None:
        _check_from(message, kid)
        return From(kid, _secret(kid, keyring))
    curves = {key.curve for key in _offered(to, keyring).values()}
    for own, public in keyring.document(did_of(message.from_)).keyAgreement.items():
        key = keyring.secret(own) if public.curve in curves else None
        if key is not None:
            return From(own, key)
    raise CannotPack(f"{message.from_} and {to} have no curve in common")


def _recipients(to: str, keyring: Keyring, sender: PrivateKey | None) -> Mapping[str, PublicKey]:
    """All keys of one curve: of the sender's, or else of the first that the recipient lists."""
    offered = _offered(to, keyring)
    curve = sender.curve if sender else next(iter(offered.values())).curve
    chosen = {kid: key for kid, key in offered.items() if key.curve == curve}
    if not chosen:
        raise CannotPack(f"{to} has no key on {curve}, the curve of the sender's key")
    return chosen


def _offered(to: str, keyring: Keyring) -> Mapping[str, PublicKey]:
    """Under ids as the document has them."""
    offered = keyring.document(did_of(to)).keyAgreement
    if is_kid(to):
        key = keyring.find("keyAgreement", to)
        offered = {to: key} if key else {}
    if not offered:
        raise CannotPack(f"{to} has no key that messages can be encrypted to")
    return offered
