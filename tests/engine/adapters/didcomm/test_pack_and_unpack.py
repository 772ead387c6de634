"""What is packed in any allowed way comes out whole, with what its layers prove and nothing more."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_args

import pytest

from engine.adapters.didcomm import (
    CannotPack,
    Keyring,
    Limits,
    Needs,
    Refused,
    pack_anoncrypt,
    pack_authcrypt,
    pack_plain,
    pack_signed,
    unpack,
)
from engine.adapters.didcomm.content_encryption import Enc
from engine.adapters.didcomm.jwe import From, write_jwe
from engine.adapters.didcomm.jws import write_jws
from engine.core.didcomm.base64url import decode
from engine.core.didcomm.refused import Gist
from engine.core.didcomm.strict_json import write_json
from tests.engine.adapters.didcomm.forging import forge_anon, forge_jwe, forge_plain, put
from tests.engine.adapters.didcomm.people import (
    AGREEING,
    ALICE,
    BOB,
    DOCUMENTS,
    EVE,
    NOW_S,
    SIGNING,
    Dice,
    document,
    keyring,
    message,
    person,
)


def header_of(envelope: bytes) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(decode(json.loads(envelope)["protected"], "protected"))
    return header


def test_a_plain_message_proves_nothing() -> None:
    """Whoever it says it is from, nobody knows."""
    unpacked = unpack(pack_plain(message()), keyring(BOB), NOW_S)
    assert unpacked.message == message()
    assert (unpacked.layers, unpacked.sender, unpacked.recipient) == ((), None, None)


@pytest.mark.parametrize("kind", SIGNING)
def test_a_signed_message_proves_its_sender(kind: str) -> None:
    """To anybody, with each of the three algorithms."""
    envelope = pack_signed(message(), ALICE.kid(kind), keyring(ALICE))
    unpacked = unpack(envelope, keyring(EVE), NOW_S)
    assert unpacked.message == message()
    assert (unpacked.layers, unpacked.sender, unpacked.signer) == (("signed",), ALICE.did, ALICE.kid(kind))


@pytest.mark.parametrize("enc", get_args(Enc))
@pytest.mark.parametrize("kind", AGREEING)
@pytest.mark.parametrize("signer", [None, "ed25519"])
def test_anoncrypt_proves_a_sender_only_by_a_signature(enc: Enc, kind: str, signer: str | None) -> None:
    """For every curve and every content encryption."""
    kid = ALICE.kid(signer) if signer else None
    envelope = pack_anoncrypt(message(), BOB.kid(kind), keyring(ALICE), enc=enc, signer=kid)
    unpacked = unpack(envelope, keyring(BOB), NOW_S)
    assert unpacked.message == message()
    assert unpacked.layers == (("anoncrypt", "signed") if signer else ("anoncrypt",))
    assert (unpacked.sender, unpacked.signer) == ((ALICE.did, kid) if signer else (None, None))
    assert unpacked.recipient == BOB.kid(kind)


@pytest.mark.parametrize("kind", AGREEING)
@pytest.mark.parametrize("hide_sender", [False, True])
def test_authcrypt_proves_its_sender_to_its_recipient(kind: str, hide_sender: bool) -> None:
    """For every curve, and also where nobody on the way sees who writes."""
    envelope = pack_authcrypt(
        message(), BOB.did, keyring(ALICE), sender=ALICE.kid(kind), hide_sender=hide_sender
    )
    unpacked = unpack(envelope, keyring(BOB), NOW_S)
    assert unpacked.message == message()
    assert unpacked.layers == (("anoncrypt", "authcrypt") if hide_sender else ("authcrypt",))
    assert (unpacked.sender, unpacked.sender_kid, unpacked.signer) == (ALICE.did, ALICE.kid(kind), None)
    assert (b"alice" in json.dumps(header_of(envelope)).encode()) is not hide_sender


@pytest.mark.parametrize("kid", [BOB.kid("x25519"), BOB.kid("x25519-2")])
def test_each_key_of_the_recipient_opens_it(kid: str) -> None:
    """Bob's devices have a key each, and none knows the others'."""
    envelope = pack_authcrypt(message(), BOB.did, keyring(ALICE))
    device = Keyring(DOCUMENTS.get, {kid: BOB.keys[kid]}.get)
    assert unpack(envelope, device, NOW_S).recipient == kid


def test_only_keys_of_one_curve_share_an_envelope() -> None:
    """The ephemeral key is on one curve ("ECDH-1PU key wrapping and common protected headers")."""
    envelope = pack_authcrypt(message(), BOB.did, keyring(ALICE), sender=ALICE.kid("p256"))
    kids = [one["header"]["kid"] for one in json.loads(envelope)["recipients"]]
    assert kids == [BOB.kid("p256"), BOB.kid("p256-2")]


def test_the_sender_takes_a_key_on_a_curve_of_the_recipient() -> None:
    """The first that its own document lists."""
    bob = person("did:example:bob", ["p384"])
    ring = keyring(ALICE, DOCUMENTS | {bob.did: bob.document})
    assert header_of(pack_authcrypt(message(), bob.did, ring))["skid"] == ALICE.kid("p384")


def test_everything_the_specification_wants_protected_is_protected() -> None:
    """Recipients' headers have their kid and nothing else; the message names its format."""
    envelope = pack_authcrypt(message(), BOB.did, keyring(ALICE))
    header = header_of(envelope)
    assert sorted(header) == ["alg", "apu", "apv", "enc", "epk", "skid", "typ"]
    assert decode(header["apu"], "apu").decode() == header["skid"] == ALICE.kid("x25519")
    assert all(list(one["header"]) == ["kid"] for one in json.loads(envelope)["recipients"])
    assert json.loads(pack_plain(message()))["typ"] == "application/didcomm-plain+json"


def test_the_same_dice_make_the_same_envelope() -> None:
    """Chance is an argument; without one, no two envelopes are alike."""
    again = [pack_authcrypt(message(), BOB.did, keyring(ALICE), draw=Dice("x")) for _ in range(2)]
    assert again[0] == again[1]
    assert pack_authcrypt(message(), BOB.did, keyring(ALICE)) != pack_authcrypt(
        message(), BOB.did, keyring(ALICE)
    )


def test_authcrypt_of_a_signed_message_is_taken_from_the_same_person() -> None:
    """It should not be sent, says the table of envelopes, and may be accepted."""
    signed = pack_signed(message(), ALICE.kid("ed25519"), keyring(ALICE))
    unpacked = unpack(in_authcrypt(signed), keyring(BOB), NOW_S)
    assert (unpacked.layers, unpacked.sender) == (("authcrypt", "signed"), ALICE.did)


def in_authcrypt(content: bytes) -> bytes:
    """Anything, from Alice to Bob."""
    ring = keyring(ALICE)
    to = {BOB.kid("p256"): BOB.keys[BOB.kid("p256")].public}
    who = ALICE.kid("p256")
    return write_jwe(content, to, From(who, ALICE.keys[who]), "A256CBC-HS512", ring, Dice("in"))


def test_a_flattened_signature_is_read() -> None:
    """ "Message recipients MUST be able to process both forms"."""
    envelope = json.loads(pack_signed(message(), ALICE.kid("ed25519"), keyring(ALICE)))
    flattened = {"payload": envelope["payload"], **envelope["signatures"][0]}
    assert unpack(write_json(flattened), keyring(BOB), NOW_S).sender == ALICE.did


@pytest.mark.parametrize("names", [("epk",), ("epk", "alg")])
def test_anoncrypt_may_have_its_headers_beside_the_recipient(names: tuple[str, ...]) -> None:
    """As some stacks write it; there is no sender who would have to be protected by them."""
    moved: dict[str, Any] = {}

    def take(header: dict[str, Any]) -> None:
        moved.update({name: header.pop(name) for name in names})

    envelope = forge_anon(header=take, recipient=lambda one: one["header"].update(moved))
    unpacked = unpack(envelope, keyring(BOB), NOW_S)
    assert (unpacked.message, unpacked.sender) == (message(), None)


def test_authcrypt_may_have_its_epk_beside_the_recipient() -> None:
    """It goes into the key: another one there opens nothing."""
    moved: dict[str, Any] = {}
    envelope = forge_jwe(
        header=lambda header: moved.update(epk=header.pop("epk")),
        recipient=lambda one: one["header"].update(moved),
    )
    assert unpack(envelope, keyring(BOB), NOW_S).sender == ALICE.did


def test_anoncrypt_may_leave_out_apv() -> None:
    """Whoever is added to its recipients cannot open it anyway."""
    assert unpack(forge_anon(header=put(apv=...)), keyring(BOB), NOW_S).message == message()


def test_the_sender_is_found_by_apu_alone() -> None:
    """ "MUST be able to resolve the sender kid from the `apu` header if `skid` is not set"."""
    assert unpack(forge_jwe(header=put(skid=...)), keyring(BOB), NOW_S).sender == ALICE.did


def test_two_signatures_of_one_person_are_taken() -> None:
    """They say the same twice."""
    once, twice = (
        json.loads(write_jws(pack_plain(message()), ALICE.kid(kind), ALICE.keys[ALICE.kid(kind)]))
        for kind in ("ed25519", "es256k")
    )
    both = once | {"signatures": once["signatures"] + twice["signatures"]}
    assert unpack(write_json(both), keyring(BOB), NOW_S).signer == ALICE.kid("ed25519")


def test_without_to_whoever_opens_it_is_meant() -> None:
    """ "If the header is omitted, each recipient SHOULD assume they are the only recipient"."""
    envelope = pack_anoncrypt(message(to=None), BOB.did, keyring(ALICE))
    assert unpack(envelope, keyring(BOB), NOW_S).message.to is None


@pytest.mark.parametrize("hide", [bytes, forge_anon])
def test_whoever_is_proven_says_whom_they_write_to(hide: Callable[[bytes], bytes]) -> None:
    """ "The `to` attribute MUST contain the `kid`": a sender who leaves it out is refused, and told so."""
    with pytest.raises(Refused, match="authcrypt says in `to` whom it is to") as refused:
        unpack(hide(forge_jwe(forge_plain(to=...))), keyring(BOB), NOW_S)
    assert refused.value.code == "e.p.trust"
    assert refused.value.gist == Gist(ALICE.did, BOB.kid("x25519"), message().id, type=message().type)


def test_a_message_to_several_is_packed_for_each() -> None:
    """Everybody sees who else got it; each envelope is for one DID."""
    both = message(to=(BOB.did, EVE.did))
    for one in (BOB, EVE):
        envelope = pack_authcrypt(both, one.did, keyring(ALICE))
        assert unpack(envelope, keyring(one), NOW_S).message == both


def test_a_document_that_is_not_at_hand_is_asked_for() -> None:
    """By its DID; with it, the same call succeeds."""
    envelope = pack_authcrypt(message(), BOB.did, keyring(ALICE))
    known: dict[str, Any] = {}
    ring = keyring(BOB, known)
    with pytest.raises(Needs) as needs:
        unpack(envelope, ring, NOW_S)
    assert needs.value.did == ALICE.did
    known[ALICE.did] = ALICE.document
    assert unpack(envelope, ring, NOW_S).sender == ALICE.did


def test_a_stranger_makes_us_fetch_nothing_without_naming_a_key_of_ours() -> None:
    """Else everybody's engine could be sent to everybody's web server."""
    envelope = pack_authcrypt(message(to=(EVE.did,)), EVE.did, keyring(ALICE))
    with pytest.raises(Refused, match="none of our keys"):
        unpack(envelope, keyring(BOB, {}), NOW_S)


def test_keys_are_read_again_when_the_document_is_another_one() -> None:
    """A key that is no longer listed proves nothing any more."""
    documents = dict(DOCUMENTS)
    ring = keyring(BOB, documents)
    envelope = pack_authcrypt(message(), BOB.did, keyring(ALICE))
    assert unpack(envelope, ring, NOW_S).sender == ALICE.did
    documents[ALICE.did] = document(ALICE.did, {})
    with pytest.raises(Refused, match="no key agreement key"):
        unpack(envelope, ring, NOW_S)


def test_a_retired_key_of_our_own_still_opens_mail_under_way() -> None:
    """Which of our keys are good is for whoever keeps them to say, not for the document."""
    envelope = pack_authcrypt(message(), BOB.did, keyring(ALICE))
    retired = keyring(BOB, DOCUMENTS | {BOB.did: document(BOB.did, {})})
    assert unpack(envelope, retired, NOW_S).message == message()


def test_only_so_many_documents_are_remembered() -> None:
    """An engine that hears from millions does not grow by them."""
    people = [person(f"did:example:n{number}", ["x25519"]) for number in range(3)]
    ring = Keyring({one.did: one.document for one in people}.get, lambda _: None, remembered=2)
    read = [ring.document(one.did) for one in people]
    assert ring.document(people[2].did) is read[2]
    assert ring.document(people[0].did) is not read[0]


def test_the_long_and_the_short_form_of_a_peer_did_are_one() -> None:
    """did:peer:4 is long at first contact and short afterwards; keys and `from` may differ in it."""
    short = "did:peer:4zQmAlice"
    alice = person(f"{short}:zLong")
    documents = DOCUMENTS | {alice.did: alice.document, short: alice.document}
    ring = keyring(alice, documents)
    envelope = pack_authcrypt(message(from_=short), BOB.did, ring, sender=alice.kid("x25519"))
    assert unpack(envelope, keyring(BOB, documents), NOW_S).sender == alice.did


@pytest.mark.parametrize(
    ("changes", "to", "because"),
    [
        ({"from_": None}, BOB.did, "has a sender"),
        ({"to": None}, BOB.did, "says whom it is to; give it `to`"),
        ({"to": (EVE.did,)}, BOB.did, "would be packed for did:example:bob"),
        ({"from_": BOB.did}, BOB.did, "no curve in common"),
        ({}, BOB.kid("nothing"), "no key that messages can be encrypted to"),
    ],
)
def test_what_nobody_would_accept_is_not_packed(changes: dict[str, Any], to: str, because: str) -> None:
    """The sentence says what to change."""
    with pytest.raises(CannotPack, match=because):
        pack_authcrypt(message(**changes), to, keyring(ALICE))


def test_a_key_of_another_cannot_be_used_as_ones_own() -> None:
    """Neither to sign nor to send, not even by somebody who has it."""
    with pytest.raises(CannotPack, match="no key of did:example:alice"):
        pack_signed(message(), EVE.kid("ed25519"), keyring(EVE))
    with pytest.raises(CannotPack, match="no key of did:example:alice"):
        pack_authcrypt(message(), BOB.did, keyring(EVE), sender=EVE.kid("x25519"))


def test_without_its_private_key_nobody_writes() -> None:
    """It says which key is missing: to send with, and to sign with."""
    with pytest.raises(CannotPack, match="private key of did:example:alice#x25519 is not at hand"):
        pack_authcrypt(message(), BOB.did, keyring(EVE), sender=ALICE.kid("x25519"))
    with pytest.raises(CannotPack, match="private key of did:example:alice#ed25519 is not at hand"):
        pack_signed(message(), ALICE.kid("ed25519"), keyring(EVE))


def test_the_sender_s_key_is_on_a_curve_of_the_recipient_s() -> None:
    """Whoever chose the key hears what there is not."""
    with pytest.raises(CannotPack, match="has no key on P-384"):
        pack_authcrypt(message(), BOB.kid("x25519"), keyring(ALICE), sender=ALICE.kid("p384"))


def test_a_signed_message_is_not_encrypted_without_saying_for_whom() -> None:
    """ "The inner (signed) JWM being signed MUST contain a `to` header"."""
    with pytest.raises(CannotPack, match="says whom it is to"):
        pack_anoncrypt(message(to=None), BOB.did, keyring(ALICE), signer=ALICE.kid("ed25519"))


def test_what_a_proven_sender_did_wrong_can_be_reported_to_them() -> None:
    """With the id of their message, if it has one; a stranger is told nothing."""
    expired = message(expires_time=NOW_S, thid="t", headers={"return_route": "all"})
    with pytest.raises(Refused) as proven:
        unpack(pack_authcrypt(expired, BOB.did, keyring(ALICE)), keyring(BOB), NOW_S)
    assert proven.value.code == "e.p.req.time"
    assert proven.value.gist == Gist(
        ALICE.did, BOB.kid("x25519"), expired.id, "t", expired.type, return_route="all"
    )
    with pytest.raises(Refused) as anonymous:
        unpack(pack_anoncrypt(expired, BOB.did, keyring(ALICE)), keyring(BOB), NOW_S)
    assert anonymous.value.gist is None


def test_a_malformed_message_of_a_proven_sender_can_be_reported_too() -> None:
    """What can be read of it is, and nothing else."""
    with pytest.raises(Refused) as refused:
        unpack(in_authcrypt(b'{"id":"m-1","type":"nothing","thid":7}'), keyring(BOB), NOW_S)
    assert refused.value.code == "e.p.msg"
    assert refused.value.gist == Gist(ALICE.did, BOB.kid("p256"), "m-1", type="nothing")
    with pytest.raises(Refused) as nameless:
        unpack(in_authcrypt(b'{"id":"*","type":"nothing"}'), keyring(BOB), NOW_S)
    assert nameless.value.gist == Gist(ALICE.did, BOB.kid("p256"), type="nothing")


def test_limits_are_the_callers() -> None:
    """The same envelope is taken by one engine and too big for another."""
    envelope = pack_authcrypt(message(), BOB.did, keyring(ALICE))
    with pytest.raises(Refused, match="of that size"):
        unpack(envelope, keyring(BOB), NOW_S, Limits(envelope_bytes=len(envelope) - 1))
    assert unpack(envelope, keyring(BOB), NOW_S, Limits(envelope_bytes=len(envelope)))
