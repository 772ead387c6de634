"""An ear at a door: a port on loopback that passes everything on, and remembers every byte of both sides."""

from __future__ import annotations

import base64
import re
import socket
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

PIECE = 1 << 16


class Ear:
    """Before another port of this machine; a context manager. Whoever listens at it need not be there yet."""

    def __init__(self, target: int = 0) -> None:
        self.target = target
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._pieces: list[list[bytes]] = []
        self._ends: list[socket.socket] = [self._door]
        threading.Thread(target=self._let_in, daemon=True).start()

    @property
    def heard(self) -> bytes:
        """All of it, one direction of one connection after the other, so that nothing is torn apart."""
        return b"\n".join(b"".join(pieces) for pieces in list(self._pieces))

    def __enter__(self) -> Ear:
        return self

    def __exit__(self, *_: object) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _let_in(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self.target))
                except OSError:
                    near.close()
                    continue
                self._ends += [near, far]
                self._listen(near, far)
                self._listen(far, near)

    def _listen(self, source: socket.socket, sink: socket.socket) -> None:
        pieces: list[bytes] = []
        self._pieces.append(pieces)
        threading.Thread(target=self._pass_on, args=(source, sink, pieces), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, pieces: list[bytes]) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                pieces.append(piece)
                sink.sendall(piece)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


def found_in(data: bytes, words: Iterable[str]) -> set[str]:
    """Those of them that can be read in these bytes, however they are spelled, and whether packed or not."""
    return secrets_in(data, {word: word.encode() for word in words})


def secrets_in(data: bytes, secrets: Mapping[str, bytes]) -> set[str]:
    """The same of what is no text, by what each is called here."""
    places = [(place, place.lower()) for place in (data, *unpacked(data))]
    return {
        name for name, plain in secrets.items() if any(_is_in(plain, place, lower) for place, lower in places)
    }


def unpacked(data: bytes) -> Iterator[bytes]:
    """What is in every stream of zlib or gzip that begins somewhere in it, also in one that is cut off."""
    for begin in _BEGINNINGS.finditer(data):
        found = b"".join(_pieces(data[begin.start() : begin.start() + LONGEST]))
        if len(found) > SHORTEST:
            yield found


def _pieces(stream: bytes) -> Iterator[bytes]:
    """As far as it goes."""
    unpacking = zlib.decompressobj(wbits=47)
    with suppress(zlib.error):
        for place in range(0, len(stream), PIECE_OF_STREAM):
            yield unpacking.decompress(stream[place : place + PIECE_OF_STREAM])
            if unpacking.eof:
                return


_BEGINNINGS = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
PIECE_OF_STREAM = 16
LONGEST, SHORTEST = 1 << 22, 8
"""Bytes of a stream that is looked into: chance makes beginnings of streams, too, which hold little."""


def _is_in(plain: bytes, place: bytes, lower: bytes) -> bool:
    return any(form in place for form in _spellings(plain)) or any(
        form in lower for form in _in_any_case(plain)
    )


def _in_any_case(plain: bytes) -> Iterator[bytes]:
    """As it is, and byte by byte: as hex, in a URL, in JSON."""
    if plain.isascii():
        yield plain.lower()
    yield plain.hex().encode()
    yield plain.hex(":").encode()
    for mark in ("%", "\\u00", "\\x", "0x"):
        yield "".join(f"{mark}{byte:02x}" for byte in plain).encode()
    yield base58(plain).lower()


def _spellings(plain: bytes) -> Iterator[bytes]:
    yield plain
    yield plain[::-1]
    with suppress(UnicodeDecodeError):
        yield plain.decode().encode("utf-16-le")
        yield plain.decode().encode("utf-16-be")
    for comma in (",", ", ", " "):
        yield comma.join(map(str, plain)).encode()
    for shift in range(3):
        middle = _middle(base64.b64encode(bytes(shift) + plain + bytes(2)), shift, len(plain), 6)
        yield middle
        yield middle.translate(bytes.maketrans(b"+/", b"-_"))
    for shift in range(5):
        middle = _middle(base64.b32encode(bytes(shift) + plain + bytes(4)), shift, len(plain), 5)
        yield middle
        yield middle.lower()


def _middle(whole: bytes, before: int, length: int, bits: int) -> bytes:
    """Without the characters in which neighbours have a part."""
    return whole[-(-before * 8 // bits) : (before + length) * 8 // bits]


def base58(plain: bytes) -> bytes:
    """As DIDs and keys are written, where it stands alone."""
    number, digits = int.from_bytes(plain, "big"), bytearray()
    while number:
        number, digit = divmod(number, 58)
        digits.append(b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[digit])
    return bytes(reversed(digits))
