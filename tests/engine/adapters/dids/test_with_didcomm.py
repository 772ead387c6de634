"""Messages between people whose documents come from their names, old and new ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from engine.adapters.didcomm import Keyring, Message, Needs, PrivateKey, pack_authcrypt, private_key, unpack
from engine.adapters.didcomm.keys import PublicKey as MessageKey
from engine.adapters.dids import (
    UNBORN_NAME,
    DidResolver,
    PublicKey,
    create_log,
    make_did_key,
    make_did_peer_2,
    make_did_peer_4,
    short_form,
    to_multikey,
    unborn_did,
    verify_log,
)
from tests.engine.adapters.dids.people import NOW_S, signer

SECRETS = {
    name: private_key("X25519", bytes([number]) * 32) for number, name in enumerate(("alice", "bob"), 1)
}


def multikey(key: MessageKey) -> str:
    return to_multikey(PublicKey("X25519", key.raw))


def peer_2(key: PrivateKey, resolver: DidResolver) -> str:
    """With the key id of today."""
    return make_did_peer_2([("authentication", signer(1).multikey), ("keyAgreement", multikey(key.public))])


def old_peer_2(key: PrivateKey, resolver: DidResolver) -> str:
    """As older software writes it: the key for encryption first."""
    return make_did_peer_2([("keyAgreement", multikey(key.public)), ("authentication", signer(1).multikey)])


def peer_4(key: PrivateKey, resolver: DidResolver) -> str:
    return make_did_peer_4(
        {
            "verificationMethod": [
                {"id": "#k", "type": "Multikey", "publicKeyMultibase": multikey(key.public)}
            ],
            "keyAgreement": ["#k"],
        }
    )


def short_peer_4(key: PrivateKey, resolver: DidResolver) -> str:
    return resolver.learn_long_form(peer_4(key, resolver))


def did_key(key: PrivateKey, resolver: DidResolver) -> str:
    return make_did_key(PublicKey("X25519", key.public.raw))


def pico(key: PrivateKey, resolver: DidResolver) -> str:
    """With a log that is handed over."""
    state = {
        "id": unborn_did(),
        "alsoKnownAs": [UNBORN_NAME],
        "keyAgreement": [{"id": "#k", "type": "Multikey", "publicKeyMultibase": multikey(key.public)}],
    }
    log = verify_log([create_log(state, signer(1), NOW_S)], NOW_S)
    resolver.learn_log(log)
    return log.name


Make = Callable[[PrivateKey, DidResolver], str]
MAKES: Mapping[str, Make] = {
    one.__name__: one for one in (peer_2, old_peer_2, peer_4, short_peer_4, did_key, pico)
}


def keyring_of(resolver: DidResolver, name: str, did: str) -> Keyring:
    return Keyring(resolver.at_hand, lambda kid: SECRETS[name] if kid.startswith(did) else None)


@pytest.mark.parametrize("alice_is", MAKES)
@pytest.mark.parametrize("bob_is", MAKES)
def test_any_two_kinds_of_people_write_to_each_other(alice_is: str, bob_is: str) -> None:
    """Whatever kind of name each of them has."""
    resolver = DidResolver(None, lambda: NOW_S)
    alice = MAKES[alice_is](SECRETS["alice"], resolver)
    bob = MAKES[bob_is](SECRETS["bob"], resolver)
    message = Message("1", "https://example.org/x/1.0/y", {}, alice, (bob,))
    envelope = pack_authcrypt(message, bob, keyring_of(resolver, "alice", alice))
    assert unpack(envelope, keyring_of(resolver, "bob", bob), int(NOW_S)).sender == alice


def test_a_message_under_an_old_key_id_is_understood() -> None:
    """`peerdid` calls the key by its first eight letters."""
    resolver = DidResolver(None, lambda: NOW_S)
    alice, bob = old_peer_2(SECRETS["alice"], resolver), did_key(SECRETS["bob"], resolver)
    old_id = f"{alice}#{multikey(SECRETS['alice'].public)[1:9]}"
    message = Message("1", "https://example.org/x/1.0/y", {}, alice, (bob,))
    envelope = pack_authcrypt(message, bob, keyring_of(resolver, "alice", alice), sender=old_id)
    assert unpack(envelope, keyring_of(resolver, "bob", bob), int(NOW_S)).sender == alice


def test_a_document_that_is_not_at_hand_is_asked_for() -> None:
    """The codec says whose; what the resolver then knows, the codec finds."""
    here, there = DidResolver(None, lambda: NOW_S), DidResolver(None, lambda: NOW_S)
    alice, bob = short_peer_4(SECRETS["alice"], here), did_key(SECRETS["bob"], here)
    message = Message("1", "https://example.org/x/1.0/y", {}, alice, (bob,))
    envelope = pack_authcrypt(message, bob, keyring_of(here, "alice", alice))
    bobs = keyring_of(there, "bob", bob)
    with pytest.raises(Needs) as needs:
        unpack(envelope, bobs, int(NOW_S))
    long = peer_4(SECRETS["alice"], here)
    assert short_form(long) == needs.value.did
    asyncio.run(there.resolve(long))
    assert unpack(envelope, bobs, int(NOW_S)).sender == alice
