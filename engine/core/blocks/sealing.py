"""Blocks that only a pico's state key opens, and of which everybody can see where they lead.

A sealed block is a DAG-CBOR map: `v` (1), `epoch` (of the key), `links` (the CIDs that the node inside has,
in the order of its bytes), `nonce` and `sealed`, the node under XChaCha20-Poly1305 with all but `nonce` and
`sealed` as associated data. So a store without the key can pin and fetch the whole tree, and nobody can
exchange a link.

The nonce is a keyed hash of what is sealed, so the same node is the same block: equal subtrees are stored
once within a pico and have nothing in common across picos. A nonce comes twice for two nodes only where
BLAKE2b with 192 bits collides (RFC 7693; XChaCha20-Poly1305 is draft-irtf-cfrg-xchacha-03). It is checked
when a block is opened, so there is one block for each node and key.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest
from typing import Protocol

from engine.core.blocks.dag_cbor import Link, Node, decode, encode, links_in
from engine.core.blocks.errors import NewerFormat, NotDagCbor, NotSealed, WrongKey
from engine.core.blocks.walks import checked
from engine.core.cids import Cid, cid_of, cid_text, codec_of

FORMAT = 1
KEY_BYTES = 32
NONCE_BYTES = 24
TAG_BYTES = 16
SHORT, MANY_LINKS = 4096, 16
"""Bytes at most, and links at least, of a block whose node is remembered."""
REMEMBERED = 256
"""Nodes of one pico. One that has no large map has none."""

_MAP_OF_FIVE = b"\xa5"
_PERSON = b"picomesh blocks1"
"""Which derivation this is, of sixteen bytes: another one would be other blocks."""


class Aead(Protocol):
    """XChaCha20-Poly1305, which Python does not have."""

    def encrypt(self, plain: bytes, associated: bytes, nonce: bytes, key: bytes) -> bytes:
        """The cipher text with its tag."""

    def decrypt(self, sealed: bytes, associated: bytes, nonce: bytes, key: bytes) -> bytes | None:
        """The plain text; None if that key did not make this of these."""


@dataclass(frozen=True, slots=True)
class BlockKeys:
    """What one state key is used as: one key to seal with, and one to make nonces with."""

    seal: bytes
    nonce: bytes

    def __repr__(self) -> str:
        return "BlockKeys(…)"


def keys_of(state_key: bytes) -> BlockKeys:
    """Each follows from the state key, and nothing follows from it."""
    if len(state_key) != KEY_BYTES:
        raise ValueError(f"a state key has {KEY_BYTES} bytes, not {len(state_key)}")
    return BlockKeys(*(_keyed_hash(purpose, state_key, KEY_BYTES) for purpose in (b"seal", b"nonce")))


class Keyring:
    """The state keys that a pico has and had, by epoch; the newest seals, all of them open."""

    def __init__(self, state_keys: Mapping[int, bytes]) -> None:
        if not state_keys or min(state_keys) < 0:
            raise ValueError("a keyring has a key at least, and its epochs count from 0")
        self._keys = {epoch: keys_of(key) for epoch, key in state_keys.items()}
        self.epoch = max(self._keys)

    def newest(self) -> BlockKeys:
        return self._keys[self.epoch]

    def of(self, epoch: int) -> BlockKeys:
        keys = self._keys.get(epoch)
        if keys is None:
            had = ", ".join(map(str, sorted(self._keys)))
            raise WrongKey(
                f"a block sealed with the state key of epoch {epoch}; the keys at hand are of {had}"
            )
        return keys


class SealedBlocks:
    """Writes nodes as sealed blocks, with the newest key, and reads those of any key. A tree may have blocks
    of several epochs: what does not change stays as it was sealed."""

    def __init__(self, keyring: Keyring, aead: Aead) -> None:
        self._keyring = keyring
        self._aead = aead
        self.new: dict[Cid, bytes] = {}
        """What was written, until somebody takes it."""
        self.nodes: OrderedDict[Cid, Node] = OrderedDict()
        """The newest ones that lead to many others and have little else: the upper ones of a large map, with
        which each change of an entry begins. Nobody changes a node."""

    def write(self, node: Node) -> Cid:
        block = seal(node, self._keyring, self._aead)
        cid = cid_of(block)
        self.new[cid] = block
        self._remember(cid, block, node)
        return cid

    def read(self, cid: Cid, block: bytes) -> Node:
        node = unseal(cid, block, self._keyring, self._aead)
        self._remember(cid, block, node)
        return node

    def _remember(self, cid: Cid, block: bytes, node: Node) -> None:
        if len(block) <= SHORT and len(links_in(block, node)) >= MANY_LINKS:
            self.nodes[cid] = node
            if len(self.nodes) > REMEMBERED:
                self.nodes.popitem(last=False)


def seal(node: Node, keyring: Keyring, aead: Aead) -> bytes:
    """The block that a node is under the newest key."""
    plain, keys = encode(node), keyring.newest()
    visible = {"v": FORMAT, "epoch": keyring.epoch, "links": [Link(cid) for cid in links_in(plain, node)]}
    associated = encode(visible)
    nonce = _nonce(plain, associated, keys)
    sealed = aead.encrypt(plain, associated, nonce, keys.seal)
    # One map of all five: these two are the last of its keys, and what is before the first of any is a byte.
    rest = encode({"nonce": nonce, "sealed": sealed})
    return checked(b"".join((_MAP_OF_FIVE, associated[1:], rest[1:])))


def unseal(cid: Cid, block: bytes, keyring: Keyring, aead: Aead) -> Node:
    """The node in a block, whose bytes were verified to be those of its CID."""
    epoch, associated, links, nonce, sealed = _read(cid, block)
    keys = keyring.of(epoch)
    plain = aead.decrypt(sealed, associated, nonce, keys.seal)
    if plain is None or not compare_digest(nonce, _nonce(plain, associated, keys)):
        raise WrongKey(
            f"{cid_text(cid)} is not opened by the state key of epoch {epoch}: it is another pico's, or "
            "somebody made it without the key"
        )
    node = decode(plain)
    if links_in(plain, node) != links:
        raise NotSealed(f"{cid_text(cid)} leads elsewhere than what is sealed in it")
    return node


def epoch_of(cid: Cid, block: bytes) -> int:
    """Of the key that a block was sealed with; it takes no key to see that."""
    return _read(cid, block)[0]


def _read(cid: Cid, block: bytes) -> tuple[int, bytes, tuple[Cid, ...], bytes, bytes]:
    try:
        found: Node = decode(block) if codec_of(cid) == "dag-cbor" else None
    except NotDagCbor as problem:
        raise NotSealed(f"{cid_text(cid)} is not a sealed block: {problem}") from None
    if isinstance(found, dict) and isinstance(version := found.get("v"), int) and version > FORMAT:
        raise NewerFormat("a sealed block", version, [FORMAT])
    match found:
        case {
            "v": 1,
            "epoch": int(epoch),
            "links": list(links),
            "nonce": bytes(nonce),
            "sealed": bytes(sealed),
        }:
            is_whole = len(found) == 5 and len(nonce) == NONCE_BYTES and len(sealed) >= TAG_BYTES
            if is_whole and epoch >= 0 and all(isinstance(link, Link) for link in links):
                associated = encode({name: found[name] for name in ("v", "epoch", "links")})
                return epoch, associated, tuple(link.cid for link in links), nonce, sealed
    raise NotSealed(f"{cid_text(cid)} is not a sealed block")


def _nonce(plain: bytes, associated: bytes, keys: BlockKeys) -> bytes:
    # The length comes first, so that no other pair of the two is the same bytes.
    length = len(associated).to_bytes(8, "big")
    return _keyed_hash(length + associated, keys.nonce, NONCE_BYTES, plain)


def _keyed_hash(data: bytes, key: bytes, size: int, more: bytes = b"") -> bytes:
    hashed = blake2b(data, digest_size=size, key=key, person=_PERSON)
    hashed.update(more)  # not put together before: that would copy it
    return hashed.digest()
