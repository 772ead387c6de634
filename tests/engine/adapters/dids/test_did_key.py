"""did:key and did:peer:0: documents that follow from a key."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.adapters.dids import (
    DidRefused,
    PublicKey,
    key_of,
    make_did_key,
    normalise,
    resolve_did_key,
    to_multikey,
)
from engine.adapters.dids.multikeys import WEIERSTRASS, Curve, check_key
from engine.core.multiformats import from_base58, to_base64url

SEED_OF_ZEROS = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
"""Of the vectors of the did:key specification (ed25519-x25519)."""


def point(curve: Curve, number: int) -> ec.EllipticCurvePublicKey:
    return ec.derive_private_key(number, WEIERSTRASS[curve]).public_key()


def test_an_ed25519_key_has_a_key_for_messages_beside_it() -> None:
    """The X25519 key that the vectors say belongs to it."""
    document = resolve_did_key(SEED_OF_ZEROS)
    signing, agreeing = document["verificationMethod"]
    assert key_of(signing).data == from_base58("4zvwRjXUKGfvwnParsHAS3HuSVzV5cA4McphgmoCtajS")
    assert key_of(agreeing).data == from_base58("7By6kV2t2d188odEM4ExAve1UithKT6dLva4dwsDT3ak")
    assert document["keyAgreement"] == [f"{SEED_OF_ZEROS}#z6LShs9GGnqk85isEBzzshkuVWrVKsRp24GnDuHk8QWkARMW"]
    assert document["authentication"] == [signing["id"]] == document["assertionMethod"]


VECTORS: dict[str, dict[str, object]] = {
    "did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv": {
        "publicKeyJwk": {
            "kty": "EC",
            "crv": "P-256",
            "x": "igrFmi0whuihKnj9R3Om1SoMph72wUGeFaBbzG2vzns",
            "y": "efsX5b10x8yjyrj4ny3pGfLcY7Xby1KzgqOdqnsrJIM",
        }
    },
    "did:key:z82Lm1MpAkeJcix9K8TMiLd5NMAhnwkjjCBeWHXyu3U4oT2MVJJKXkcVBgjGhnLBn2Kaau9": {
        "publicKeyJwk": {
            "kty": "EC",
            "crv": "P-384",
            "x": "lInTxl8fjLKp_UCrxI0WDklahi-7-_6JbtiHjiRvMvhedhKVdHBfi2HCY8t_QJyc",
            "y": "y6N1IC-2mXxHreETBW7K3mBcw0qGr3CWHCs-yl09yCQRLcyfGv7XhqAngHOu51Zv",
        }
    },
    (
        "did:key:z2J9gaYxrKVpdoG9A4gRnmpnRCcxU6agDtFVVBVdn1JedouoZN7SzcyREXXzWgt3gGiwpoHq7K68X4m32D8"
        "HgzG8wv3sY5j7"
    ): {
        "publicKeyJwk": {
            "kty": "EC",
            "crv": "P-521",
            "x": "ASUHPMyichQ0QbHZ9ofNx_l4y7luncn5feKLo3OpJ2nSbZoC7mffolj5uy7s6KSKXFmnNWxGJ42IOrjZ47qqwqyS",
            "y": "AW9ziIC4ZQQVSNmLlp59yYKrjRY0_VqO-GOIYQ9tYpPraBKUloEId6cI_vynCzlZWZtWpgOM3HPhYEgawQ703RjC",
        }
    },
    "did:key:zDnaeTiq1PdzvZXUaMdezchcMJQpBdH2VN4pgrrEhMCCbmwSb": {
        "type": "P256Key2021",
        "publicKeyBase58": "ekVhkcBFq3w7jULLkBVye6PwaTuMbhJYuzwFnNcgQAPV",
    },
    "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme": {
        "type": "EcdsaSecp256k1VerificationKey2019",
        "publicKeyBase58": "23o6Sau8NxxzXcgSc3PLcNxrzrZpbLeBn1izfv3jbKhuv",
    },
    "did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F": {
        "type": "X25519KeyAgreementKey2019",
        "publicKeyBase58": "4Dy8E9UaZscuPUf2GLxV44RCNL7oxmEXXkgWXaug1WKV",
    },
}
"""One of each kind from the vectors of the did:key specification."""


@pytest.mark.parametrize("did", VECTORS)
def test_the_keys_of_the_vectors_are_named_as_there(did: str) -> None:
    """From the forms that documents had to a did:key, and back."""
    key = key_of(VECTORS[did])
    assert make_did_key(key) == did
    (method,) = resolve_did_key(did)["verificationMethod"]
    assert key_of(method) == key


@pytest.mark.parametrize("curve", ["P-256", "P-384", "P-521", "secp256k1"])
def test_keys_of_weierstrass_curves_do_everything(curve: Curve) -> None:
    """One key for all purposes; its JWK and its multikey are the same key."""
    public = point(curve, 7)
    key = PublicKey(curve, public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint))
    size = (WEIERSTRASS[curve].key_size + 7) // 8
    x, y = (
        to_base64url(one.to_bytes(size, "big"))
        for one in (public.public_numbers().x, public.public_numbers().y)
    )
    assert key_of({"publicKeyJwk": {"kty": "EC", "crv": curve, "x": x, "y": y}}) == key
    document = resolve_did_key(make_did_key(key))
    (method,) = document["verificationMethod"]
    assert document["keyAgreement"] == document["authentication"] == [method["id"]]
    assert normalise(document["id"], document) == document


def test_an_x25519_key_only_agrees() -> None:
    """It cannot sign."""
    document = resolve_did_key("did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F")
    assert "authentication" not in document
    assert len(document["keyAgreement"]) == len(document["verificationMethod"]) == 1


def test_a_did_peer_0_is_a_did_key_under_another_name() -> None:
    """Peer DID specification, "Method 0"."""
    peer = SEED_OF_ZEROS.replace("did:key:", "did:peer:0")
    as_key = str(resolve_did_key(SEED_OF_ZEROS))
    assert str(resolve_did_key(peer)) == as_key.replace(SEED_OF_ZEROS, peer)


@pytest.mark.parametrize(
    "key",
    [
        PublicKey("Ed25519", bytes(31)),
        PublicKey("Ed25519", b"\x02" + bytes(31)),
        PublicKey("Ed25519", b"\x01" + bytes(31)),
        PublicKey("X25519", bytes(32)),
        PublicKey("P-256", b"\x02" + b"\xff" * 32),
        PublicKey("P-256", b"\x05" + bytes(32)),
        PublicKey("P-256", b"\x00"),
        PublicKey("P-384", b"\x02" + bytes(32)),
        PublicKey("secp256k1", b"\x02" + b"\xff" * 32),
    ],
)
def test_what_is_no_key_has_no_did(key: PublicKey) -> None:
    """Wrong size, no point of the curve, or one whose secret everybody knows."""
    with pytest.raises(DidRefused, match="bad-key"):
        make_did_key(key)
    with pytest.raises(DidRefused, match="bad-key"):
        resolve_did_key("did:key:" + to_multikey(key))
    with pytest.raises(DidRefused, match="bad-key"):
        check_key(key)
