"""The cipher of blocks is XChaCha20-Poly1305, as its draft has it."""

from __future__ import annotations

from engine.adapters.keys import BlockCipher

# draft-irtf-cfrg-xchacha-03, appendix A.3.1.
PLAIN = (
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen "
    b"would be it."
)
ASSOCIATED = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
KEY = bytes(range(0x80, 0xA0))
NONCE = bytes(range(0x40, 0x58))
SEALED = bytes.fromhex(
    "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
    "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
    "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49"
)


def test_it_is_the_cipher_of_the_draft() -> None:
    """Both ways."""
    assert BlockCipher().encrypt(PLAIN, ASSOCIATED, NONCE, KEY) == SEALED
    assert BlockCipher().decrypt(SEALED, ASSOCIATED, NONCE, KEY) == PLAIN


def test_what_was_altered_is_not_opened() -> None:
    """Neither the text nor what goes with it, nor with another key or nonce."""
    cipher = BlockCipher()
    assert cipher.decrypt(SEALED[:-1] + b"\0", ASSOCIATED, NONCE, KEY) is None
    assert cipher.decrypt(SEALED, ASSOCIATED + b"\0", NONCE, KEY) is None
    assert cipher.decrypt(SEALED, ASSOCIATED, bytes(24), KEY) is None
    assert cipher.decrypt(SEALED, ASSOCIATED, NONCE, bytes(32)) is None
    assert cipher.decrypt(SEALED[:8], ASSOCIATED, NONCE, KEY) is None
