"""An ear at a door: a port on loopback that passes everything on, and remembers every byte of both sides."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterable
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
    """Those of them that can be read in these bytes: as they are, or as hex, base64 or UTF-16 of it."""
    lowered = data.lower()
    return {word for word in words if any(form in place for form, place in _spelled(word, data, lowered))}


def _spelled(word: str, data: bytes, lowered: bytes) -> Iterable[tuple[bytes, bytes]]:
    plain = word.encode()
    yield plain.lower(), lowered
    yield plain.hex().encode(), lowered
    yield word.encode("utf-16-le"), data
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + plain)
        # Without the characters at the ends, in which neighbours have a part.
        middle = whole[(0, 2, 3)[shift] : len(whole) // 4 * 4 - 4]
        yield middle, data
        yield middle.translate(bytes.maketrans(b"+/", b"-_")), data
