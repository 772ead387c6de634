"""All that a pico is as one tree of blocks, and the pico again from its root.

The root is a map: `kind`, `format`, `chain` (the hash of the last record, which the next one names), `parts`
(the slots of the parts of a pico, and of `beside`: what an engine keeps for a pico without its being part of
it, such as its inbox, the ids of messages it has handled and what it has yet to send), `texts` (links of
the texts of its rulesets, by hash) and, if it has put any, `deposits` (see `deposited`). What a thing of the
model looks like inside is the codec's word and nobody else's: a field that is new there is in the tree as
well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from engine.core.blocks.dag_cbor import Link, Node
from engine.core.blocks.deposited import Deposited, read_deposits, write_deposits
from engine.core.blocks.errors import NewerFormat, NotATree
from engine.core.blocks.planting import Pack, Planted, Planter
from engine.core.blocks.touched import Touched
from engine.core.blocks.values import Known, Slot, ValueReader, utf8
from engine.core.blocks.walks import Walk, Writer
from engine.core.cids import Cid
from engine.core.codec import (
    Plain,
    pack_asked,
    pack_channel,
    pack_child,
    pack_invitation,
    pack_pico,
    pack_relation,
    pack_ruleset,
    pack_timer,
    pack_will,
    unpack_pico,
    wills_of,
)
from engine.core.model import (
    EMPTY,
    Asked,
    Channel,
    Child,
    InstalledRuleset,
    Invitation,
    Pico,
    Relation,
    RulesetHash,
    Timer,
    Will,
)
from engine.core.records import Head

KIND = "picomesh state"
FORMAT = 1
"""The format this version writes."""

Texts = Callable[[RulesetHash], str]
"""Where the text of a ruleset is found."""


FindText = Callable[[str], str | None]
"""A text that is at hand, by its hash."""


def not_known(digest: str) -> None:
    """Where no texts are at hand."""


@dataclass(frozen=True, slots=True)
class State:
    """A pico at one of its turns, with everything that it takes to go on elsewhere."""

    head: Head
    beside: Mapping[str, Plain] = field(default_factory=lambda: EMPTY)
    """What the engine has kept for it, by kind. Large maps and lists in it are as cheap to change as the
    pico's own, and like those are never changed but replaced."""
    texts: Mapping[RulesetHash, str] = field(default_factory=lambda: EMPTY)
    """Of the rulesets that it has."""
    deposits: Sequence[Deposited] = ()
    """What it has put for everybody."""


class StateTree:
    """The tree of one pico, which is written anew each time by what has changed.

    What it remembers is as large as what is large in the state. Forgetting it costs time and changes no CID.
    A walk that is not driven to its end leaves it as it was.
    """

    def __init__(self, writer: Writer, texts: Texts, written: Mapping[RulesetHash, Link] = EMPTY) -> None:
        """`written` are texts of which the blocks are where they are to be."""
        self._writer = writer
        self._find_text = texts
        self._head: Head | None = None
        self._planted: dict[str, Planted] = {}
        self._made: _Made = {}
        self._texts: dict[RulesetHash, Link] = dict(written)
        self._deposits: tuple[Sequence[Deposited], Link | None] = ((), None)

    def rekey(self, writer: Writer) -> None:
        """Write elsewhere from now on, as with another key. What does not change stays what it is."""
        self._writer = writer

    @property
    def seq(self) -> int | None:
        """The turn that was written last."""
        return None if self._head is None else self._head.pico.seq

    def write(
        self,
        head: Head,
        beside: Mapping[str, Plain] = EMPTY,
        deposits: Sequence[Deposited] = (),
        records: Sequence[bytes] = (),
    ) -> Walk[Cid]:
        """The root of the tree of a pico, after writing what is not written yet. `records` are those since
        `seq`, if they are few: they make it cheaper and change nothing else."""
        planter = Planter(self._writer, _PACKS, Touched(self._head, head, records).between)
        once, planted = _Once(self._made), dict[str, Planted]()
        for name, part in {**_parts(head.pico, once), "beside": beside}.items():
            planted[name] = yield from planter.plant(part, self._planted.get(name))
        parts = {name: one.slot for name, one in planted.items()}
        texts = yield from self._write_texts(head.pico, planter)
        node = {"kind": KIND, "format": FORMAT, "chain": head.chain, "parts": parts, "texts": texts}
        listed = yield from self._write_deposits(deposits)
        root = self._writer.write(node if listed is None else {**node, "deposits": listed})
        self._head, self._made, self._planted, self._texts = head, once.made, planted, texts
        self._deposits = deposits, listed
        return root

    def _write_deposits(self, deposits: Sequence[Deposited]) -> Walk[Link | None]:
        before, listed = self._deposits
        return listed if before == deposits else (yield from write_deposits(deposits, self._writer))

    def _write_texts(self, pico: Pico, planter: Planter) -> Walk[dict[RulesetHash, Link]]:
        """The links of all texts; one that was not there before is looked for and written."""
        links: dict[RulesetHash, Link] = {}
        for digest in texts_of(pico):
            known = self._texts.get(digest)
            if known is None:
                known = yield from planter.write_text(utf8(self._find_text(digest)))
            links[digest] = known
        return links


_Made = dict[tuple[str, ...], tuple[Any, Any]]
"""Parts, and what was made of them."""


class _Once:
    """What is made of the same part of a pico is the same thing as the last time, so that it is not looked at
    again. Only what was made this time is kept for the next."""

    def __init__(self, before: _Made) -> None:
        self._before = before
        self.made: _Made = {}

    def sorted(self, things: Mapping[Any, Any], *key: str) -> Mapping[str, Any]:
        return self.make(things, _by_name, *key)  # type: ignore[no-any-return]

    def make(self, part: Any, make: Callable[[Any], Any], *key: str) -> Any:
        known = self._before.get(key)
        if known is None or known[0] is not part:
            known = part, make(part)
        self.made[key] = known
        return known[1]


def _parts(pico: Pico, once: _Once) -> Mapping[str, Any]:
    """What `pack_pico` says of a pico, with the things in it not packed yet."""
    return {
        "own": _own(pico),
        "children": pico.children,
        "channels": once.sorted(pico.channels, "channels"),
        "rulesets": pico.rulesets,
        "entities": {rid: once.sorted(pico.entities[rid], "entities", rid) for rid in sorted(pico.entities)},
        "patterns": {rid: once.sorted(pico.patterns[rid], "patterns", rid) for rid in sorted(pico.patterns)},
        "timers": pico.timers,
        "wills": once.make(pico.wills, lambda _: wills_of(pico), "wills"),
        "relations": once.sorted(pico.relations, "relations"),
        "invitations": once.sorted(pico.invitations, "invitations"),
        "asked": once.sorted(pico.asked, "asked"),
    }


def _by_name(things: Mapping[Any, Any]) -> dict[Any, Any]:
    return {name: things[name] for name in sorted(things)}


def _own(pico: Pico) -> Plain:
    """What `pack_pico` says but for the parts that may be large."""
    small = replace(
        pico,
        children=(),
        channels=EMPTY,
        rulesets=(),
        entities=EMPTY,
        patterns=EMPTY,
        timers=EMPTY,
        wills=EMPTY,
        relations=EMPTY,
        invitations=EMPTY,
        asked=EMPTY,
    )
    return {name: part for name, part in pack_pico(small).items() if name not in _LARGE}


_LARGE = {
    *("children", "channels", "rulesets", "entities", "patterns", "timers"),
    *("wills", "relations", "invitations", "asked"),
}
_PARTS = {"own", "beside", *_LARGE}
_LISTS_OF_VALUES = ("channels", "timers", "relations", "invitations", "asked")
"""Lists for the codec, which are maps here: an entry is then found by its name."""
_PACKS: Mapping[type, Pack] = {
    Asked: pack_asked,
    Channel: pack_channel,
    Child: pack_child,
    InstalledRuleset: pack_ruleset,
    Invitation: pack_invitation,
    Relation: pack_relation,
    Timer: pack_timer,
    Will: pack_will,
}


def texts_of(pico: Pico) -> list[RulesetHash]:
    """The texts that it takes to run a pico, and to roll its rulesets back."""
    former = (one.hash for ruleset in pico.rulesets for one in ruleset.former)
    return sorted({*(ruleset.hash for ruleset in pico.rulesets), *former})


def read_state(
    root: Cid, most: int, known: Known | None = None, find_text: FindText = not_known
) -> Walk[State]:
    """All of a state; `most` bytes of it are read, but for what is `known` of one that was read before, and
    texts that are found by their hash. Raises `BlockError`."""
    chain, slots, links, listed = yield from _read_root(root)
    reader = ValueReader(most, known)
    parts = {}
    for name, slot in slots.items():
        parts[name] = yield from reader.read(slot)
    beside = parts.pop("beside")
    if not isinstance(beside, dict):
        raise NotATree("a state with what is no map beside its pico")
    texts = {}
    for digest, link in links.items():
        text: Plain = find_text(digest)
        text = (yield from reader.read(link)) if text is None else text
        texts[RulesetHash(digest)] = _checked_text(digest, text)
    deposits = () if listed is None else (yield from read_deposits(listed))
    return State(Head(_unpack(parts), chain), beside, texts, deposits)


def _checked_text(digest: str, text: Plain) -> str:
    if not isinstance(text, str) or sha256(utf8(text)).hexdigest() != digest:
        raise NotATree(f"the text kept as {digest} is another one")
    return text


_Root = tuple[str, Mapping[str, Slot], Mapping[str, Slot], Link | None]


def _read_root(root: Cid) -> Walk[_Root]:
    found = yield (root,)
    node: Node = found[root]
    if not isinstance(node, dict) or node.get("kind") != KIND:
        raise NotATree("a block that is not the root of a state")
    if (version := node.get("format")) not in READERS:
        raise NewerFormat("a state", version, READERS)
    match node:
        case {"chain": str(chain), "parts": dict(slots), "texts": dict(texts)} if slots.keys() == _PARTS:
            listed = node.get("deposits")
            if len(node) == 5 + ("deposits" in node) and isinstance(listed, Link | None):
                return chain, slots, texts, listed
    raise NotATree(f"the root of a state that is not what format {FORMAT} looks like")


READERS = (FORMAT,)
"""Every format that was ever written."""


def _unpack(parts: Mapping[str, Plain]) -> Pico:
    for name in ("entities", "patterns"):
        by_rid = parts[name]
        if not isinstance(by_rid, dict) or not all(isinstance(names, dict) for names in by_rid.values()):
            raise NotATree(f"a state in which {name} are no maps")
    try:
        own = {**parts["own"]}
        for name in _LARGE:
            own[name] = list(parts[name].values()) if name in _LISTS_OF_VALUES else parts[name]
        return unpack_pico(own)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as problem:
        raise NotATree(f"a state that is not what format {FORMAT} looks like: {problem!r}") from None
