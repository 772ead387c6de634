"""The module `ipfs`: values as blocks that anybody can fetch who knows their CID.

A CID is computed from the value, so a rule has it at once, and what is put leaves the engine after the commit
like any other effect: putting a block twice is putting it once. Getting is a question, whose answer is
recorded. What is put here is in the open, unlike a pico's own state; so a pico has to be granted the module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.core.autosend import ask_later
from engine.core.cids import Cid, NotACid, cid_of, cid_text, codec_of, read_cid
from engine.core.consultation import MODULE, make_content, read_value
from engine.core.ipld_values import NoSuchValue, to_block
from engine.core.later import send_off
from engine.core.messages import Question
from engine.core.world import World
from pico_lang.coercion import to_string, truthy
from pico_lang.errors import TypeFault
from pico_lang.host import Member
from pico_lang.values import Value, is_null, to_stored

NAME = "ipfs"
STEPS_OF_A_QUESTION = 1_000
"""As many as a question to a plugin costs."""
BYTES_OF_A_STEP = 64
"""That are written into a block, or hashed, in about the time of a step."""

FORMS = ("bytes", "text")
"""In which a block of raw bytes is given."""


def _get(world: World, cid: Value, form: Value) -> Value:
    """What a block says."""
    named = _read_cid("get", cid)
    chosen = None if is_null(form) else to_string(form)
    if chosen is not None and (chosen not in FORMS or codec_of(named) != "raw"):
        raise TypeFault(
            f'ipfs:get gives a block of raw bytes as "bytes" or as "text", and a block of DAG-CBOR as the '
            f"value that it is; {cid_text(named)} as {chosen!r} is neither"
        )
    return _ask(world, "get", {"cid": cid_text(named), "form": chosen})


def _cid(world: World, value: Value) -> Value:
    """The CID that a value has, whether it is put anywhere or not."""
    return _write(world, "cid", value)[1]


def _put(world: World, value: Value, autosend: Value) -> Value:
    """The CID at once; the block leaves with the commit."""
    kept, cid = _write(world, "put", value)
    _do(world, "put", {"value": kept, "cid": cid}, autosend)
    return cid


def _drop(world: World, cid: Value, autosend: Value) -> Value:
    """What the pico has put is not kept for it any more."""
    _do(world, "drop", {"cid": cid_text(_read_cid("drop", cid))}, autosend)
    return None


def _kept(world: World) -> Value:
    """What the pico has put and not dropped: CID → bytes, as they count."""
    return _ask(world, "kept", {})


def _ask(world: World, name: str, arguments: Mapping[str, Value]) -> Value:
    run = world.run
    run.meter.charge(STEPS_OF_A_QUESTION)
    return read_value(run.meter, run.learned.ask(MODULE, make_content(NAME, name, arguments, None)))


def _do(world: World, name: str, arguments: Mapping[str, Value], autosend: Value) -> None:
    world.run.meter.charge(STEPS_OF_A_QUESTION)
    question = Question(MODULE, make_content(NAME, name, arguments, world.run.next_key()))
    if truthy(autosend):
        ask_later(world, question, autosend)
    else:
        send_off(world, question)


def _write(world: World, member: str, value: Value) -> tuple[Value, str]:
    """A value as it is put, and its CID."""
    kept = to_stored(value, world.run.meter)
    try:
        block = to_block(kept)
    except NoSuchValue as problem:
        raise TypeFault(f"ipfs:{member}: the value cannot be a block: {problem}") from None
    world.run.meter.charge(len(block) // BYTES_OF_A_STEP)
    return kept, cid_text(cid_of(block))


def _read_cid(member: str, given: Value) -> Cid:
    """From a CID, `ipfs://CID`, or the link that another block has."""
    text = given.get("/") if isinstance(given, dict) and len(given) == 1 else given
    if not isinstance(text, str):
        raise TypeFault(f"ipfs:{member} needs a CID, not {to_string(given)}")
    try:
        return read_cid(text.strip().removeprefix("ipfs:").removeprefix("//"))
    except NotACid as problem:
        raise TypeFault(f"ipfs:{member}: {problem}") from None


CALLS: Mapping[str, Callable[..., Value]] = {
    "get": _get,
    "cid": _cid,
    "put": _put,
    "drop": _drop,
    "kept": _kept,
}

MEMBERS: Mapping[str, Member] = {
    "get": Member("both", ("cid", "form")),
    "cid": Member("function", ("value",)),
    "put": Member("action", ("value", "autosend")),
    "drop": Member("action", ("cid", "autosend")),
    "kept": Member("both"),
}
