"""The pieces that envelopes are made of agree with the examples of their standards."""

from __future__ import annotations

import hmac

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from engine.adapters.didcomm import BadKey, private_from_jwk, private_key
from engine.adapters.didcomm.content_encryption import ENCRYPTIONS, DoesNotOpen, Enc, seal, unseal
from engine.adapters.didcomm.key_agreement import ANON, AUTH, agree, derive, unwrap, wrap
from engine.adapters.didcomm.keys import new_key, public_key
from engine.adapters.didcomm.signing import SECP256K1_ORDER, alg_of, is_signed, sign
from tests.engine.adapters.didcomm.people import SIGNING, Dice


def unhex(text: str) -> bytes:
    return bytes.fromhex(text)


def test_a256cbc_hs512() -> None:
    """RFC 7518, appendix B.3."""
    text = (
        b"A cipher system must not be required to be secret, and it must be able to fall into "
        b"the hands of the enemy without inconvenience"
    )
    iv = unhex("1af38c2dc2b96ffdd86694092341bc04")
    ciphertext, tag = seal(
        "A256CBC-HS512", bytes(range(64)), iv, text, b"The second principle of Auguste Kerckhoffs"
    )
    assert ciphertext[:16] == unhex("4affaaadb78c31c5da4b1b590d10ffbd")
    assert tag == unhex("4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5")


def test_xc20p() -> None:
    """draft-irtf-cfrg-xchacha-03, appendix A.3.1."""
    text = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        b"sunscreen would be it."
    )
    key, iv = bytes(range(0x80, 0xA0)), bytes(range(0x40, 0x58))
    ciphertext, tag = seal("XC20P", key, iv, text, unhex("50515253c0c1c2c3c4c5c6c7"))
    assert ciphertext[:16] == unhex("bd6d179d3e83d43b9576579493c0e939")
    assert tag == unhex("c0875924c1c7987947deafd8780acf49")


def test_key_wrapping() -> None:
    """RFC 3394, 4.6."""
    content_key = unhex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f")
    wrapped = unhex("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21")
    assert wrap(bytes(range(32)), content_key) == wrapped
    assert unwrap(bytes(range(32)), wrapped) == content_key


@pytest.mark.parametrize("wrapped", [b"", bytes(8), bytes(23), bytes(40)])
def test_what_was_not_wrapped_does_not_unwrap(wrapped: bytes) -> None:
    """Of whatever length."""
    with pytest.raises(DoesNotOpen):
        unwrap(bytes(32), wrapped)


def test_the_key_derivation() -> None:
    """As another implementation of the Concat KDF has it (NIST SP 800-56A, 5.8.1)."""
    shared, apu, apv, tag = b"Z" * 64, b"Alice", b"Bob", b"T" * 32

    def counted(data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + data

    for alg, last in ((ANON, b""), (AUTH, counted(tag))):
        info = counted(alg.encode()) + counted(apu) + counted(apv) + (256).to_bytes(4, "big") + last
        theirs = ConcatKDFHash(hashes.SHA256(), 32, info).derive(shared)
        assert derive(alg, shared, apu, apv, tag) == theirs


def test_x25519() -> None:
    """RFC 7748, 6.1."""
    alice = private_key("X25519", unhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"))
    bob = private_key("X25519", unhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
    shared = unhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    assert agree(alice, bob.public) == agree(bob, alice.public) == shared


def test_ed25519() -> None:
    """RFC 8037, appendix A.4."""
    key = private_from_jwk(
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }
    )
    signature = sign(key, b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc")
    assert signature == unhex(
        "860c98d2297f3060a33f42739672d61b53cf3adefed3d3c672f320dc021b411e"
        "9d59b8628dc351e248b88b29468e0e41855b0fb7d83bb15be902bfccb8cd0a02"
    )


@pytest.mark.parametrize(
    "padded", [b"", bytes(15), bytes(16), b"\x11" * 32, b"\2" + b"\3" * 15 + b"\2\3" * 8]
)
def test_what_is_wrongly_padded_does_not_open(padded: bytes) -> None:
    """Also when its tag is right: whoever has the key may have made it so."""
    key, iv = bytes(range(64)), bytes(16)
    encryptor = Cipher(algorithms.AES(key[32:]), modes.CBC(iv)).encryptor()
    ciphertext = encryptor.update(padded) if len(padded) % 16 == 0 else padded
    tag = hmac.digest(key[:32], iv + ciphertext + bytes(8), "sha512")[:32]
    with pytest.raises(DoesNotOpen):
        unseal("A256CBC-HS512", key, iv, ciphertext, tag, b"")


@pytest.mark.parametrize("enc", ENCRYPTIONS)
@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 1000])
def test_what_is_sealed_opens_only_unchanged(enc: Enc, size: int) -> None:
    """Content, iv, tag and what goes with it: one bit anywhere, and nothing comes out."""
    how, dice = ENCRYPTIONS[enc], Dice(enc)
    key, iv, text, aad = dice(how.key_bytes), dice(how.iv_bytes), dice(size), b"header"
    ciphertext, tag = seal(enc, key, iv, text, aad)
    assert unseal(enc, key, iv, ciphertext, tag, aad) == text
    parts = [key, iv, ciphertext, tag, aad]
    for place, part in enumerate(parts):
        if part:
            changed = [*parts[:place], part[:-1] + bytes([part[-1] ^ 1]), *parts[place + 1 :]]
            with pytest.raises(DoesNotOpen):
                unseal(enc, changed[0], changed[1], changed[2], changed[3], changed[4])


@pytest.mark.parametrize("curve", SIGNING.values())
def test_a_signature_is_good_for_its_bytes_and_its_key(curve: str) -> None:
    """And for nothing else."""
    key, other = (new_key(curve, Dice(name)) for name in "ab")  # type: ignore[arg-type]
    signature = sign(key, b"data")
    assert is_signed(key.public, b"data", signature)
    assert not is_signed(key.public, b"date", signature)
    assert not is_signed(other.public, b"data", signature)
    assert not is_signed(key.public, b"ata", signature + b"d")
    assert not is_signed(key.public, b"data", signature[:-1])


def test_es256k_writes_the_lower_signature_and_reads_both() -> None:
    """Half of all would be refused by k256 and libsecp256k1, which take a negated one for a forgery."""
    key = new_key("secp256k1", Dice("k"))
    for number in range(20):
        signature = sign(key, bytes([number]))
        s = int.from_bytes(signature[32:], "big")
        assert s <= SECP256K1_ORDER // 2
        higher = signature[:32] + (SECP256K1_ORDER - s).to_bytes(32, "big")
        assert is_signed(key.public, bytes([number]), higher)


@pytest.mark.parametrize("curve", ["X25519", "P-384", "P-521"])
def test_some_curves_sign_nothing(curve: str) -> None:
    """They have no algorithm among DIDComm's."""
    with pytest.raises(BadKey, match="do not sign"):
        alg_of(new_key(curve, Dice("x")).public)  # type: ignore[arg-type]


def test_keys_of_two_curves_agree_on_nothing() -> None:
    """Nor do keys for signing, nor a point that makes every secret the same."""
    x25519, p256 = new_key("X25519", Dice("x")), new_key("P-256", Dice("p"))
    with pytest.raises(BadKey, match="nothing in common"):
        agree(x25519, p256.public)
    with pytest.raises(BadKey, match="agree on nothing"):
        agree(new_key("Ed25519", Dice("e")), new_key("Ed25519", Dice("f")).public)
    with pytest.raises(BadKey, match="low order"):
        agree(x25519, public_key("X25519", bytes(32)))
