"""Bytes as text and back, against vectors that others have published."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.multiformats import (
    BASES,
    Base,
    NotEncoded,
    from_base32,
    from_base58,
    from_base64url,
    from_multibase,
    from_varint,
    to_base32,
    to_base58,
    to_base64url,
    to_multibase,
    to_varint,
)

# From the drafts "The Base58 Encoding Scheme" and "The Multibase Data Format".
IN_BASE58 = [
    (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
    (
        b"The quick brown fox jumps over the lazy dog.",
        "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
    ),
    (bytes.fromhex("0000287fb4cd"), "11233QC4"),
    (b"", ""),
    (b"\0\0\0", "111"),
]
# From RFC 4648, section 10.
IN_BASE32 = [
    (b"", ""),
    (b"f", "my"),
    (b"fo", "mzxq"),
    (b"foo", "mzxw6"),
    (b"foob", "mzxw6yq"),
    (b"fooba", "mzxw6ytb"),
    (b"foobar", "mzxw6ytboi"),
]
IN_BASE64URL = [
    (b"", ""),
    (b"f", "Zg"),
    (b"fo", "Zm8"),
    (b"foo", "Zm9v"),
    (b"foobar", "Zm9vYmFy"),
    (b"\xfb\xff", "-_8"),
]
# From the test vectors of multibase.
IN_MULTIBASE: list[tuple[bytes, Base, str]] = [
    (b"yes mani !", "b", "bpfsxgidnmfxgsibb"),
    (b"yes mani !", "u", "ueWVzIG1hbmkgIQ"),
    (b"yes mani !", "z", "z7paNL19xttacUY"),
    (b"\0yes mani !", "b", "bab4wk4zanvqw42jaee"),
    (b"\0yes mani !", "u", "uAHllcyBtYW5pICE"),
    (b"\0yes mani !", "z", "z17paNL19xttacUY"),
]
# From the specification of unsigned varints.
AS_VARINT = [
    (0, "00"),
    (1, "01"),
    (127, "7f"),
    (128, "8001"),
    (255, "ff01"),
    (300, "ac02"),
    (16384, "808001"),
    (2**63 - 1, "ffffffffffffffff7f"),
]


@pytest.mark.parametrize(("data", "text"), IN_BASE58)
def test_base58_is_bitcoins(data: bytes, text: str) -> None:
    """Leading zero bytes included, each of which is a 1."""
    assert to_base58(data) == text
    assert from_base58(text) == data


@pytest.mark.parametrize(("data", "text"), IN_BASE32)
def test_base32_is_that_of_the_rfc_in_lower_case_and_without_padding(data: bytes, text: str) -> None:
    """Both ways."""
    assert to_base32(data) == text
    assert from_base32(text) == data


@pytest.mark.parametrize(("data", "text"), IN_BASE64URL)
def test_base64url_is_that_of_the_rfc_without_padding(data: bytes, text: str) -> None:
    """Both ways."""
    assert to_base64url(data) == text
    assert from_base64url(text) == data


@pytest.mark.parametrize(("data", "base", "text"), IN_MULTIBASE)
def test_a_multibase_text_says_how_to_read_it(data: bytes, base: Base, text: str) -> None:
    """Both ways, in each of the bases."""
    assert to_multibase(base, data) == text
    assert from_multibase(text) == data


def test_every_base_that_can_be_named_is_there() -> None:
    """The type of prefixes and the table of bases agree."""
    assert set(get_args(Base)) == set(BASES)


@pytest.mark.parametrize(("number", "encoded"), AS_VARINT)
def test_varints_are_those_of_the_specification(number: int, encoded: str) -> None:
    """What follows the number is left for others to read."""
    assert to_varint(number).hex() == encoded
    assert from_varint(bytes.fromhex(encoded) + b"more") == (number, b"more")


@given(st.binary(max_size=80), st.sampled_from(get_args(Base)))
def test_whatever_is_written_is_read_again(data: bytes, base: Base) -> None:
    """All bytes, in all bases."""
    assert from_multibase(to_multibase(base, data)) == data


@given(st.sampled_from(get_args(Base)), st.text("abcdefgABCDEFG123456789-_", max_size=12))
def test_no_bytes_have_two_spellings(base: Base, text: str) -> None:
    """What can be read at all is what would be written."""
    try:
        data = from_multibase(base + text)
    except NotEncoded:
        return
    assert to_multibase(base, data) == base + text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("z0", "no digit of base58"),
        ("zl", "no digit of base58"),
        ("bMZXW6", "in lower case"),
        ("bmzxw6=", "in lower case"),
        ("bmzxw6\n", "in lower case"),
        ("ba", "never 1 characters"),
        ("bmz", "last digit"),
        ("uA", "never 1 characters"),
        ("uZh", "last digit"),
        ("uZg==", "consists of"),
        ("uZm+v", "consists of"),
        ("uZm/v", "consists of"),
        ("f00", "stands for no base"),
        ("", "stands for no base"),
    ],
)
def test_what_no_encoder_writes_is_refused(text: str, reason: str) -> None:
    """With a sentence that says what is wrong."""
    with pytest.raises(NotEncoded, match=reason):
        from_multibase(text)


@pytest.mark.parametrize(
    "encoded", ["", "80", "8000", "ff8000", "80808080808080808001", "ffffffffffffffffff01"]
)
def test_varints_that_are_cut_padded_or_too_long_are_refused(encoded: str) -> None:
    """As the specification demands."""
    with pytest.raises(NotEncoded):
        from_varint(bytes.fromhex(encoded))


@pytest.mark.parametrize("number", [-1, 2**63])
def test_a_number_that_no_varint_holds_is_not_written(number: int) -> None:
    """It is a mistake of the program, not of its input."""
    with pytest.raises(ValueError, match="does not fit"):
        to_varint(number)
