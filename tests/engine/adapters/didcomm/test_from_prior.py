"""Rotation of DIDs: believed when the prior DID signed it and the new one speaks, and only then."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.adapters.didcomm import (
    Message,
    Needs,
    Refused,
    Rotation,
    Unpacked,
    pack_anoncrypt,
    pack_authcrypt,
    pack_signed,
    read_rotation,
    unpack,
    write_from_prior,
)
from engine.adapters.didcomm.signing import sign
from engine.core.didcomm.base64url import decode, encode
from engine.core.didcomm.strict_json import write_json
from tests.engine.adapters.didcomm.people import (
    ALICE,
    BOB,
    DOCUMENTS,
    EVE,
    NOW_S,
    SIGNING,
    keyring,
    message,
    person,
)

OLD = person("did:example:alice-before")
ALL = DOCUMENTS | {OLD.did: OLD.document}
KID = OLD.kid("ed25519")
ROTATION = Rotation(OLD.did, ALICE.did, NOW_S - 60, KID)


def token(header: dict[str, Any] | None = None, signer: str = KID, **claims: Any) -> str:
    """A well-made one, unless changed; members that are `...` are left out."""
    told = {"typ": "JWT", "alg": "EdDSA", "kid": KID} | (header or {})
    said = {"iss": OLD.did, "sub": ALICE.did, "iat": NOW_S - 60} | claims
    parts = ({name: one[name] for name in one if one[name] is not ...} for one in (told, said))
    signed = ".".join(encode(write_json(part)) for part in parts)
    return f"{signed}.{encode(sign(OLD.keys[signer], signed.encode()))}"


def sent(from_prior: str) -> Unpacked:
    """From Alice to Bob, the usual way."""
    envelope = pack_authcrypt(message(from_prior=from_prior), BOB.did, keyring(ALICE))
    return unpack(envelope, keyring(BOB), NOW_S)


def ended(from_prior: str) -> Unpacked:
    """To Bob, from nobody any more."""
    last: Message = message(from_=None, from_prior=from_prior)
    return unpack(pack_anoncrypt(last, BOB.did, keyring(ALICE)), keyring(BOB), NOW_S)


@pytest.mark.parametrize("kind", SIGNING)
def test_a_rotation_is_read_as_it_was_written(kind: str) -> None:
    """With a key of any kind that signs."""
    rotation = Rotation(OLD.did, ALICE.did, NOW_S - 60, OLD.kid(kind))
    told = sent(write_from_prior(rotation, OLD.keys[rotation.kid]))
    assert read_rotation(told, keyring(BOB, ALL), NOW_S) == rotation


def test_most_messages_tell_of_no_rotation() -> None:
    """Nor do they need anybody's document for it."""
    envelope = pack_authcrypt(message(), BOB.did, keyring(ALICE))
    assert read_rotation(unpack(envelope, keyring(BOB), NOW_S), keyring(BOB, {}), NOW_S) is None


def test_the_prior_document_is_asked_for() -> None:
    """By its DID."""
    with pytest.raises(Needs) as needs:
        read_rotation(sent(token()), keyring(BOB), NOW_S)
    assert needs.value.did == OLD.did


def test_a_relationship_is_ended_by_rotating_to_nothing() -> None:
    """ "Omit `sub`", "send the message without a `from`"."""
    over = Rotation(OLD.did, None, NOW_S, KID)
    told = ended(write_from_prior(over, OLD.keys[KID]))
    assert read_rotation(told, keyring(BOB, ALL), NOW_S) == over


@pytest.mark.parametrize(
    ("code", "from_prior"),
    [
        ("e.p.msg", "not a token"),
        ("e.p.msg", "a.b"),
        ("e.p.msg", token() + ".x"),
        ("e.p.msg", token()[:-1] + "="),
        ("e.p.me.res.storage", "x" * 100_000),
        ("e.p.msg", token({"kid": ...})),
        ("e.p.msg", token({"kid": OLD.did})),
        ("e.p.msg", token({"alg": ...})),
        ("e.p.msg", token({"typ": "didcomm-signed+json"})),
        ("e.p.msg", token({"crit": ["exp"]})),
        ("e.p.trust.crypto", token({"alg": "none"})),
        ("e.p.trust.crypto", token({"alg": "ES256"})),
        ("e.p.trust.crypto", token({"kid": OLD.kid("es256")})),
        ("e.p.trust.crypto", token(signer=OLD.kid("es256"))),
        ("e.p.trust", token({"kid": EVE.kid("ed25519")})),
        ("e.p.trust", token({"kid": OLD.kid("x25519")})),
        ("e.p.trust", token(iss=EVE.did)),
        ("e.p.msg", token(iss=...)),
        ("e.p.msg", token(iss=KID)),
        ("e.p.msg", token(iat=...)),
        ("e.p.msg", token(iat=True)),
        ("e.p.msg", token(iat=float(NOW_S))),
        ("e.p.req.time", token(iat=NOW_S + 3600)),
        ("e.p.req.time", token(exp=NOW_S)),
        ("e.p.req.time", token(nbf=NOW_S + 3600)),
        ("e.p.msg", token(exp="tomorrow")),
        ("e.p.trust", token(sub=EVE.did)),
        ("e.p.trust", token(sub=...)),
        ("e.p.msg", token(sub=None)),
    ],
)
def test_anything_else_is_refused(code: str, from_prior: str) -> None:
    """Malformed, signed by somebody else, about somebody else, or not now."""
    told = sent(from_prior)
    with pytest.raises(Refused) as refused:
        read_rotation(told, keyring(BOB, ALL), NOW_S)
    assert refused.value.code == code


def test_a_rotation_comes_in_an_encrypted_message() -> None:
    """ "The message MUST be encrypted, MUST use the new DID"."""
    signed = pack_signed(message(from_prior=token()), ALICE.kid("ed25519"), keyring(ALICE))
    with pytest.raises(Refused, match="encrypted"):
        read_rotation(unpack(signed, keyring(BOB), NOW_S), keyring(BOB, ALL), NOW_S)


def test_nobody_rotates_to_somebody_who_does_not_speak() -> None:
    """An anonymous message with Alice's token makes nobody Alice, whatever it says it is from."""
    told = message(from_prior=token())
    anonymous = unpack(pack_anoncrypt(told, BOB.did, keyring(EVE)), keyring(BOB), NOW_S)
    with pytest.raises(Refused, match="another DID than the sender's"):
        read_rotation(anonymous, keyring(BOB, ALL), NOW_S)


def test_what_is_written_is_a_jwt_as_specified() -> None:
    """Header and claims have the members of the specification's example; `crv` follows from the key."""
    header, claims, _ = write_from_prior(ROTATION, OLD.keys[KID]).split(".")
    assert json.loads(decode(header, "header")) == {"typ": "JWT", "alg": "EdDSA", "kid": KID}
    assert json.loads(decode(claims, "claims")) == {"iss": OLD.did, "sub": ALICE.did, "iat": NOW_S - 60}
