"""Keys are read from every form that documents have them in, and bad ones from none."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.adapters.didcomm import BadKey, Refused, new_key, private_from_jwk, private_key, to_jwk
from engine.adapters.didcomm.keyring import read_document
from engine.adapters.didcomm.keys import Curve, public_from_jwk, public_from_method, public_key
from engine.core.didcomm.base64url import encode
from engine.core.multiformats import to_base58, to_multibase, to_varint
from tests.engine.adapters.didcomm.people import Dice

CURVES: dict[Curve, int] = {
    "X25519": 0xEC,
    "Ed25519": 0xED,
    "secp256k1": 0xE7,
    "P-256": 0x1200,
    "P-384": 0x1201,
    "P-521": 0x1202,
}
"""With their multicodec numbers."""


def compressed(curve: Curve) -> bytes:
    """A key as multikeys have it."""
    public = new_key(curve, Dice(curve)).public
    if public.point is None:
        return public.raw
    return public.point.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


@pytest.mark.parametrize("curve", CURVES)
def test_a_key_is_the_same_in_all_its_forms(curve: Curve) -> None:
    """JWK and Multikey, in base58 and base64url."""
    key = new_key(curve, Dice(curve))
    coded = to_varint(CURVES[curve]) + compressed(curve)
    methods: list[dict[str, Any]] = [
        {"type": "JsonWebKey2020", "publicKeyJwk": to_jwk(key.public)},
        {"type": "Multikey", "publicKeyMultibase": to_multibase("z", coded)},
        {"type": "Multikey", "publicKeyMultibase": to_multibase("u", coded)},
    ]
    assert [public_from_method(method) for method in methods] == [key.public] * 3


def test_zeros_in_front_of_a_number_may_be_missing() -> None:
    """As authlib writes it: the key is the same one."""
    keys = (new_key("P-521", Dice(f"short-{number}")) for number in range(100))
    key = next(key for key in keys if key.public.raw[0] == key.secret[0] == 0)
    full = to_jwk(key.public)
    short = full | {"x": encode(key.public.raw[1:66]), "d": encode(key.secret[1:])}
    assert short["x"] != full["x"]
    assert public_from_jwk(short) == key.public
    assert private_from_jwk(short) == key


@pytest.mark.parametrize(
    ("kind", "curve"),
    [
        ("X25519KeyAgreementKey2019", "X25519"),
        ("Ed25519VerificationKey2018", "Ed25519"),
        ("EcdsaSecp256k1VerificationKey2019", "secp256k1"),
    ],
)
def test_older_suites_are_read(kind: str, curve: Curve) -> None:
    """Their type says which curve the bare bytes are on."""
    method = {"type": kind, "publicKeyBase58": to_base58(compressed(curve))}
    assert public_from_method(method) == new_key(curve, Dice(curve)).public


@pytest.mark.parametrize(
    ("kind", "curve"),
    [("X25519KeyAgreementKey2019", "X25519"), ("Ed25519VerificationKey2018", "Ed25519")],
)
def test_older_suites_may_have_bare_bytes_as_multibase(kind: str, curve: Curve) -> None:
    """Some documents have their keys so, without the number of the curve in front."""
    method = {"type": kind, "publicKeyMultibase": to_multibase("z", compressed(curve))}
    assert public_from_method(method) == new_key(curve, Dice(curve)).public


@pytest.mark.parametrize("curve", CURVES)
def test_a_private_key_is_the_same_from_a_jwk_and_from_bytes(curve: Curve) -> None:
    """And does not show itself where it is printed."""
    key = new_key(curve, Dice(curve))
    jwk = to_jwk(key.public) | {"d": encode(key.secret)}
    assert private_from_jwk(jwk) == private_key(curve, key.secret) == key
    assert repr(key.secret)[2:-1] not in repr(key)
    assert key.secret.hex() not in repr(key)


def test_new_keys_are_drawn_until_bytes_are_a_scalar() -> None:
    """Zero and what is beyond the order of the curve are none."""
    draws = iter([bytes(32), b"\xff" * 32, b"\x01" * 32])
    assert new_key("P-256", lambda _: next(draws)).secret == b"\x01" * 32


def test_halves_that_do_not_belong_together_are_no_key() -> None:
    """Such a key would sign what nobody can verify."""
    jwk = to_jwk(new_key("P-256", Dice("a")).public) | {"d": encode(new_key("P-256", Dice("b")).secret)}
    with pytest.raises(BadKey, match="does not belong"):
        private_from_jwk(jwk)


X25519 = to_jwk(new_key("X25519", Dice("x")).public)
P256 = to_jwk(new_key("P-256", Dice("p")).public)


@pytest.mark.parametrize(
    "method",
    [
        {},
        {"publicKeyJwk": "x"},
        {"publicKeyJwk": X25519 | {"kty": "EC"}},
        {"publicKeyJwk": X25519 | {"crv": "X448"}},
        {"publicKeyJwk": X25519 | {"crv": None}},
        {"publicKeyJwk": X25519 | {"x": X25519["x"] + "="}},
        {"publicKeyJwk": X25519 | {"x": encode(bytes(32))}},
        {"publicKeyJwk": X25519 | {"x": encode(bytes(31))}},
        {"publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": encode(b"\1" + bytes(31))}},
        {"publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": encode(bytes(31))}},
        {"publicKeyJwk": P256 | {"y": P256["x"]}},
        {"publicKeyJwk": P256 | {"y": ""}},
        {"publicKeyMultibase": "z"},
        {"publicKeyMultibase": "z0OIl"},
        {"publicKeyMultibase": "x" * 100},
        {"publicKeyMultibase": "z" + "1" * 100_000},
        {"publicKeyMultibase": to_multibase("z", to_varint(0xEB) + bytes(48))},
        {"publicKeyMultibase": to_multibase("z", to_varint(0x1200) + b"\2" + b"\xff" * 32)},
        {"publicKeyMultibase": to_multibase("z", bytes(32)), "type": "Ed25519VerificationKey2018"},
        {"publicKeyBase58": to_base58(compressed("X25519")), "type": "Multikey"},
    ],
)
def test_what_is_no_good_key_is_none(method: dict[str, Any]) -> None:
    """Wrong form, wrong length, not on its curve, or one whose secrets everybody knows."""
    with pytest.raises(BadKey):
        public_from_method(method)


@pytest.mark.parametrize("curve", ["X448", "P-224", ""])
def test_other_curves_are_not_read(curve: str) -> None:
    """Neither their public nor their private keys."""
    for read in (public_key, private_key):
        with pytest.raises(BadKey, match="no curve of DIDComm"):
            read(curve, bytes(32))


def test_a_point_of_another_curve_is_on_none_of_ours() -> None:
    """Also when it has the right size."""
    numbers = ec.derive_private_key(7, ec.BrainpoolP256R1()).public_key().public_numbers()
    x, y = (encode(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    with pytest.raises(BadKey, match="not a point on P-256"):
        public_from_jwk({"kty": "EC", "crv": "P-256", "x": x, "y": y})


# --- documents -------------------------------------------------------------------------------------

DID = "did:example:x"
METHOD = {"id": f"{DID}#1", "type": "JsonWebKey2020", "publicKeyJwk": X25519}


@pytest.mark.parametrize(
    "document",
    [
        {"keyAgreement": [METHOD]},
        {"verificationMethod": [METHOD], "keyAgreement": [f"{DID}#1"]},
        {"verificationMethod": [METHOD | {"id": "#1"}], "keyAgreement": ["#1"]},
        {"verificationMethod": [METHOD | {"id": "#1"}], "keyAgreement": [f"{DID}#1"]},
        {"keyAgreement": [5, None, {}, "#no", METHOD | {"publicKeyJwk": {}, "id": "#2"}, METHOD]},
    ],
)
def test_a_key_is_found_however_the_document_lists_it(document: dict[str, Any]) -> None:
    """Embedded or by reference, with relative names, and beside entries that cannot be read."""
    read = read_document(DID, {"id": DID} | document)
    assert read.find("keyAgreement", f"{DID}#1") == public_from_jwk(X25519)
    assert read.find("authentication", f"{DID}#1") is None


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"keyAgreement": {}},
        {"keyAgreement": [METHOD | {"id": "did:example:y#1"}]},
        {"verificationMethod": [METHOD]},
        {"assertionMethod": [METHOD]},
        {"authentication": [METHOD]},
        {"keyAgreement": [METHOD | {"publicKeyJwk": to_jwk(new_key("Ed25519", Dice("e")).public)}]},
        {"verificationMethod": "x", "keyAgreement": ["#1"]},
    ],
)
def test_a_key_counts_for_its_purpose_and_its_did_only(document: dict[str, Any]) -> None:
    """Not merely because it stands somewhere in the document."""
    assert read_document(DID, {"id": DID} | document).find("keyAgreement", f"{DID}#1") is None


@pytest.mark.parametrize("own_id", [None, 5, "did:example:y", DID + "y"])
def test_a_document_says_whose_it_is(own_id: object) -> None:
    """And it has to be the one that was asked for."""
    with pytest.raises(Refused, match="another's"):
        read_document(DID, {"id": own_id, "keyAgreement": [METHOD]})
