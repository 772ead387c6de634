"""A stack that nobody here wrote reads what is packed here, and what it packs is read here, in all modes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from engine.adapters.didcomm import (
    Attachment,
    AttachmentData,
    Embedded,
    Message,
    Rotation,
    pack_anoncrypt,
    pack_authcrypt,
    pack_plain,
    pack_signed,
    read_rotation,
    unpack,
    write_from_prior,
)
from tests.engine.adapters.didcomm.foreign_stack import ForeignStack
from tests.engine.adapters.didcomm.people import NOW_S, keyring, message, person

KINDS = ("x25519", "p256", "ed25519", "es256", "es256k")
"""It does not have the larger NIST curves."""
ALICE = person("did:example:alice", KINDS)
BOB = person("did:example:bob", (*KINDS, "x25519-2"))
CAROL = person("did:example:carol", KINDS)
PEOPLE = (ALICE, BOB, CAROL)
DOCUMENTS = {one.did: one.document for one in PEOPLE}

FULL = message(
    thid="thread-1",
    pthid="thread-0",
    expires_time=NOW_S * 2,
    attachments=(
        Attachment(AttachmentData(base64="eA"), id="a", media_type="text/plain"),
        Attachment(AttachmentData(json=Embedded({"a": [1, None]})), id="b", description="ü"),
        Attachment(AttachmentData(links=("https://example.org/x",), hash="zQm"), byte_count=7),
    ),
    headers={"lang": "de"},
)


@pytest.fixture(scope="module")
def alice() -> Iterator[ForeignStack]:
    """The foreign stack with Alice's keys."""
    with ForeignStack(PEOPLE, ALICE) as peer:
        yield peer


@pytest.fixture(scope="module")
def bob() -> Iterator[ForeignStack]:
    with ForeignStack(PEOPLE, BOB) as peer:
        yield peer


def here(envelope: str) -> Any:
    """What Bob has of an envelope, here."""
    return unpack(envelope.encode(), keyring(BOB, DOCUMENTS), NOW_S)


def there(bob: ForeignStack, envelope: bytes) -> tuple[Message, dict[str, Any]]:
    """What the foreign stack has of it: the message, and what it says is proven."""
    answer = bob.ask("unpack", envelope=envelope.decode())
    assert "error" not in answer, answer
    plain = unpack(json.dumps(answer["message"]).encode(), keyring(BOB, DOCUMENTS), NOW_S)
    return plain.message, answer["metadata"]


def theirs(alice: ForeignStack, what: str, **request: Any) -> str:
    answer = alice.ask(what, message=json.loads(pack_plain(FULL)), **request)
    assert "error" not in answer, answer
    envelope: str = answer["envelope"]
    return envelope


def test_its_plain_messages_are_read(alice: ForeignStack) -> None:
    """With all headers and attachments."""
    assert here(theirs(alice, "plain")).message == FULL


@pytest.mark.parametrize("kind", ["ed25519", "es256", "es256k"])
def test_its_signatures_are_verified(alice: ForeignStack, kind: str) -> None:
    """Of all three algorithms."""
    unpacked = here(theirs(alice, "sign", signBy=ALICE.kid(kind)))
    assert (unpacked.message, unpacked.signer) == (FULL, ALICE.kid(kind))


@pytest.mark.parametrize("kind", ["ed25519", "es256", "es256k"])
def test_it_verifies_our_signatures(bob: ForeignStack, kind: str) -> None:
    """Of all three algorithms."""
    read, proven = there(bob, pack_signed(FULL, ALICE.kid(kind), keyring(ALICE, DOCUMENTS)))
    assert (read, proven["sign_from"]) == (FULL, ALICE.kid(kind))


@pytest.mark.parametrize("to", [BOB.did, BOB.kid("x25519"), BOB.kid("p256")])
@pytest.mark.parametrize("enc", ["A256cbcHs512EcdhEsA256kw", "Xc20pEcdhEsA256kw", "A256gcmEcdhEsA256kw"])
@pytest.mark.parametrize("signer", [None, "ed25519"])
def test_its_anoncrypt_is_opened(alice: ForeignStack, to: str, enc: str, signer: str | None) -> None:
    """Signed or not, to one key or to all of a DID."""
    sign_by = ALICE.kid(signer) if signer else None
    options = {"forward": False, "enc_alg_anon": enc}
    unpacked = here(theirs(alice, "encrypt", to=to, **{"from": None}, signBy=sign_by, options=options))
    assert (unpacked.message, unpacked.signer) == (FULL, sign_by)
    assert unpacked.layers == (("anoncrypt", "signed") if signer else ("anoncrypt",))


@pytest.mark.parametrize("to", [BOB.did, BOB.kid("x25519"), BOB.kid("p256")])
@pytest.mark.parametrize("enc", ["A256CBC-HS512", "XC20P", "A256GCM"])
@pytest.mark.parametrize("signer", [None, "ed25519"])
def test_it_opens_our_anoncrypt(bob: ForeignStack, to: str, enc: Any, signer: str | None) -> None:
    """Signed or not, to one key or to all of a DID."""
    sign_by = ALICE.kid(signer) if signer else None
    envelope = pack_anoncrypt(FULL, to, keyring(ALICE, DOCUMENTS), signer=sign_by, enc=enc)
    read, proven = there(bob, envelope)
    assert read == FULL
    assert (proven["encrypted"], proven["authenticated"]) == (True, signer is not None)
    assert proven.get("sign_from") == sign_by


@pytest.mark.parametrize("kind", ["x25519", "p256"])
@pytest.mark.parametrize("hide_sender", [False, True])
@pytest.mark.parametrize("signer", [None, "es256k"])
def test_its_authcrypt_is_opened(
    alice: ForeignStack, kind: str, hide_sender: bool, signer: str | None
) -> None:
    """It signs inside of authcrypt too, which should not be sent and may be read."""
    envelope = theirs(
        alice,
        "encrypt",
        to=BOB.did,
        **{"from": ALICE.kid(kind)},
        signBy=ALICE.kid(signer) if signer else None,
        options={"forward": False, "protect_sender": hide_sender},
    )
    unpacked = here(envelope)
    assert (unpacked.message, unpacked.sender_kid) == (FULL, ALICE.kid(kind))
    expected = (["anoncrypt"] if hide_sender else []) + ["authcrypt"] + (["signed"] if signer else [])
    assert list(unpacked.layers) == expected


@pytest.mark.parametrize("kind", ["x25519", "p256"])
@pytest.mark.parametrize("hide_sender", [False, True])
def test_it_opens_our_authcrypt(bob: ForeignStack, kind: str, hide_sender: bool) -> None:
    """And says that it comes from the key it comes from."""
    ring = keyring(ALICE, DOCUMENTS)
    read, proven = there(
        bob, pack_authcrypt(FULL, BOB.did, ring, sender=ALICE.kid(kind), hide_sender=hide_sender)
    )
    assert read == FULL
    assert (proven["authenticated"], proven["anonymous_sender"]) == (True, hide_sender)
    assert proven["encrypted_from_kid"] == ALICE.kid(kind)


def test_its_rotations_are_believed(alice: ForeignStack) -> None:
    """Alice was Carol before, by Carol's own signature."""
    with ForeignStack(PEOPLE, CAROL) as carol:
        claims = {"iss": CAROL.did, "sub": ALICE.did, "iat": NOW_S}
        token = carol.ask("rotate", claims=claims, kid=CAROL.kid("ed25519"))["token"]
    ring = keyring(ALICE, DOCUMENTS)
    unpacked = here(pack_authcrypt(message(from_prior=token), BOB.did, ring).decode())
    rotation = Rotation(CAROL.did, ALICE.did, NOW_S, CAROL.kid("ed25519"))
    assert read_rotation(unpacked, keyring(BOB, DOCUMENTS), NOW_S) == rotation


def test_it_believes_our_rotations(bob: ForeignStack) -> None:
    """It reads the JWT while it unpacks."""
    rotation = Rotation(CAROL.did, ALICE.did, NOW_S, CAROL.kid("es256"))
    token = write_from_prior(rotation, CAROL.keys[CAROL.kid("es256")])
    _, proven = there(bob, pack_authcrypt(message(from_prior=token), BOB.did, keyring(ALICE, DOCUMENTS)))
    assert proven["from_prior_issuer_kid"] == CAROL.kid("es256")
    assert proven["from_prior"]["sub"] == ALICE.did
