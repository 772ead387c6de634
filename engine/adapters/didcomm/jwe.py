"""Encrypted messages: a JWE in the general JSON form, anonymous (ECDH-ES) or with a sender (ECDH-1PU).

DIDComm v2.1, "Message Encryption"; RFC 7516. Written strictly. When reading, `epk` may stand beside the
recipient (a changed one opens nothing), and anoncrypt may have all its key agreement headers there and no
`apv`, as some stacks do. Authcrypt may not: its sender is proven only by what is protected.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.adapters.didcomm.content_encryption import ENCRYPTIONS, DoesNotOpen, Enc, seal, unseal
from engine.adapters.didcomm.jws import check_header
from engine.adapters.didcomm.key_agreement import ALGS, ANON, AUTH, Alg, agree, derive, unwrap, wrap
from engine.adapters.didcomm.keyring import Keyring
from engine.adapters.didcomm.keys import (
    AGREEING,
    BadKey,
    Draw,
    PrivateKey,
    PublicKey,
    new_key,
    public_from_jwk,
    to_jwk,
)
from engine.core.didcomm.base64url import decode, encode, member
from engine.core.didcomm.limits import Limits
from engine.core.didcomm.media_types import ENCRYPTED, check_typ
from engine.core.didcomm.refused import NotForUs, Refused, malformed, too_big, unproven, untrusted
from engine.core.didcomm.strict_json import read_object, write_json
from engine.core.dids import did_of, is_kid, same_did


@dataclass(frozen=True)
class Opened:
    """What was inside, for which of our keys, and whose key proved it (None: anybody's)."""

    content: bytes
    recipient: str
    sender: str | None
    alg: Alg
    enc: Enc


# --- writing ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class From:
    """The sender of authcrypt."""

    kid: str
    key: PrivateKey


def write_jwe(
    content: bytes, to: Mapping[str, PublicKey], sender: From | None, enc: Enc, keyring: Keyring, draw: Draw
) -> bytes:
    """For keys of one DID and one curve. With a sender, on that curve too, `enc` is A256CBC-HS512."""
    ephemeral = new_key(next(iter(to.values())).curve, draw)
    protected = encode(write_json(_header(to, sender, enc, ephemeral.public)))
    how = ENCRYPTIONS[enc]
    content_key, iv = draw(how.key_bytes), draw(how.iv_bytes)
    ciphertext, tag = seal(enc, content_key, iv, content, protected.encode())
    agreed = {
        kid: agree(ephemeral, key) + (keyring.lasting_secret(sender.key, key) if sender else b"")
        for kid, key in to.items()
    }
    return write_json(
        {
            "protected": protected,
            "recipients": _wrapped(agreed, sender, tag, content_key),
            "iv": encode(iv),
            "ciphertext": encode(ciphertext),
            "tag": encode(tag),
        }
    )


def _header(kids: Iterable[str], sender: From | None, enc: Enc, epk: PublicKey) -> dict[str, Any]:
    who = {"skid": sender.kid, "apu": encode(sender.kid.encode())} if sender else {}
    whom = {"apv": encode(apv_of(kids)), "epk": to_jwk(epk)}
    return {"typ": ENCRYPTED, "alg": AUTH if sender else ANON, "enc": enc, **who, **whom}


def _wrapped(
    agreed: Mapping[str, bytes], sender: From | None, tag: bytes, content_key: bytes
) -> list[dict[str, Any]]:
    """The content key for each recipient, wrapped with what was agreed on with its key."""
    alg, apu, apv = AUTH if sender else ANON, sender.kid.encode() if sender else b"", apv_of(agreed)
    return [
        {
            "header": {"kid": kid},
            "encrypted_key": encode(wrap(derive(alg, shared, apu, apv, tag), content_key)),
        }
        for kid, shared in agreed.items()
    ]


def apv_of(kids: Iterable[str]) -> bytes:
    """ "ECDH-1PU key wrapping and common protected headers": the recipients' key ids, sorted."""
    return hashlib.sha256(".".join(sorted(kids)).encode()).digest()


# --- reading ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recipient:
    kid: str
    header: Mapping[str, Any]
    """Of this recipient alone, not protected, without `kid`."""
    wrapped: str


def open_jwe(envelope: Mapping[str, Any], keyring: Keyring, limits: Limits) -> Opened:
    """Cheap checks first: a stranger who cannot name one of our keys makes us compute nothing."""
    protected = _read_protected(envelope, limits)
    recipients = _read_recipients(envelope, limits)
    recipient, own = _choose(recipients, keyring)
    header = _merge(protected, recipient)
    alg, enc = _read_algorithms(protected, header)
    apv = _read_apv(header, alg, recipients)
    ephemeral = _read_ephemeral(header)
    if alg == ANON:
        apu, sender, static = _read_apu(header), None, b""
    else:
        sender, apu = _read_sender(header)
        static = _shared_with(sender, own, keyring)
    iv, tag, ciphertext = (member(envelope, name) for name in ("iv", "tag", "ciphertext"))
    wrapped = decode(recipient.wrapped, "encrypted_key")
    try:
        wrapping_key = derive(alg, agree(own, ephemeral) + static, apu, apv, tag)
        content_key = unwrap(wrapping_key, wrapped)
        content = unseal(enc, content_key, iv, ciphertext, tag, envelope["protected"].encode())
    except (DoesNotOpen, BadKey) as problem:
        # One sentence for all of it: which step failed is nobody's business.
        raise unproven("it does not open with our key") from problem
    return Opened(content, recipient.kid, sender, alg, enc)


def _read_protected(envelope: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    for name in ("unprotected", "aad", "header", "encrypted_key"):
        if name in envelope:
            raise malformed(f"a JWE of DIDComm has no {name}")
    data = decode(envelope.get("protected"), "protected")
    if len(data) > limits.header_bytes:
        raise too_big("a header of that size")
    header = read_object(data, limits)
    check_header(header)
    check_typ(header.get("typ"), ENCRYPTED)
    if "kid" in header:
        raise malformed("kid is each recipient's own")
    return header


def _read_recipients(envelope: Mapping[str, Any], limits: Limits) -> tuple[Recipient, ...]:
    listed = envelope.get("recipients")
    if not isinstance(listed, list) or not listed:
        raise malformed("recipients are a list")
    if len(listed) > limits.recipients:
        raise too_big("too many recipients")
    recipients = tuple(_read_recipient(one) for one in listed)
    kids = {one.kid for one in recipients}
    if len(kids) != len(recipients):
        raise malformed("a recipient stands there twice")
    if not all(same_did(did_of(kid), did_of(recipients[0].kid)) for kid in kids):
        raise malformed("the recipients are keys of several DIDs")
    return recipients


def _read_recipient(value: object) -> Recipient:
    header = value.get("header") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(header, Mapping):
        raise malformed("a recipient has a header")
    kid, wrapped = header.get("kid"), value.get("encrypted_key")
    if not isinstance(kid, str) or not is_kid(kid):
        raise malformed("a recipient's kid is a DID with the name of a key")
    if not isinstance(wrapped, str):
        raise malformed("encrypted_key is a text")
    return Recipient(kid, {name: header[name] for name in header if name != "kid"}, wrapped)


def _choose(recipients: Iterable[Recipient], keyring: Keyring) -> tuple[Recipient, PrivateKey]:
    """The first whose key is ours."""
    for one in recipients:
        key = keyring.secret(one.kid)
        if key is not None and key.curve in AGREEING:
            return one, key
    raise NotForUs


_OF_A_RECIPIENT = frozenset(("alg", "epk", "apu", "apv"))


def _merge(protected: Mapping[str, Any], recipient: Recipient) -> Mapping[str, Any]:
    """RFC 7516 7.2.1: a name stands in one of the headers only."""
    if not recipient.header:
        return protected
    for name in recipient.header:
        if name not in _OF_A_RECIPIENT:
            raise malformed(f"{name} does not stand in a recipient's header")
        if name in protected:
            raise malformed(f"{name} stands in two headers")
    if protected.get("alg", recipient.header.get("alg")) != ANON and recipient.header.keys() != {"epk"}:
        raise malformed("authcrypt's headers are protected")
    return {**protected, **recipient.header}


def _read_algorithms(protected: Mapping[str, Any], header: Mapping[str, Any]) -> tuple[Alg, Enc]:
    """The table of the specification and nothing else: what to do does not depend on who asks."""
    alg = next((alg for alg in ALGS if alg == header.get("alg")), None)
    enc = next((enc for enc in ENCRYPTIONS if enc == protected.get("enc")), None)
    if alg is None:
        raise unproven(f"alg is none of {', '.join(ALGS)}")
    if enc is None:
        raise unproven(f"enc is none of {', '.join(ENCRYPTIONS)}")
    if alg == AUTH and enc != "A256CBC-HS512":
        raise unproven("authcrypt is for A256CBC-HS512 only")
    if alg == ANON and "skid" in header:
        raise malformed("anoncrypt has no sender")
    return alg, enc


def _read_apv(header: Mapping[str, Any], alg: Alg, recipients: Iterable[Recipient]) -> bytes:
    if "apv" not in header and alg == ANON:
        return b""
    apv = decode(header.get("apv"), "apv")
    if apv != apv_of(one.kid for one in recipients):
        raise untrusted("apv does not stand for these recipients")
    return apv


def _read_apu(header: Mapping[str, Any]) -> bytes:
    """Anoncrypt has none; but where it stands, the sender has taken it in."""
    return decode(header["apu"], "apu") if "apu" in header else b""


def _read_sender(header: Mapping[str, Any]) -> tuple[str, bytes]:
    """The id of the sender's key, and the bytes of `apu`, which say the same (or alone say it)."""
    apu = decode(header.get("apu"), "apu")
    kid = header["skid"] if "skid" in header else apu.decode("utf-8", "replace")
    if not isinstance(kid, str) or not is_kid(kid):
        raise malformed("skid is a DID with the name of a key")
    if kid.encode() != apu:
        raise untrusted("apu and skid name two senders")
    return kid, apu


def _read_ephemeral(header: Mapping[str, Any]) -> PublicKey:
    epk = header.get("epk")
    if not isinstance(epk, Mapping):
        raise malformed("epk is a JWK")
    if "d" in epk:
        raise malformed("epk is a public key")
    try:
        return public_from_jwk(epk)
    except BadKey as problem:
        raise unproven("epk is no key to agree with") from problem


def _shared_with(sender: str, own: PrivateKey, keyring: Keyring) -> bytes:
    key = keyring.find("keyAgreement", sender)
    if key is None:
        raise untrusted(f"{sender} is no key agreement key of its DID")
    try:
        return keyring.lasting_secret(own, key)
    except BadKey as problem:
        raise Refused("e.p.trust.crypto", "the sender's key is on another curve") from problem
