"""An event with a query, as one pico has another run it: a key is run once, whatever happens between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.births import new_pico
from engine.core.model import Channel, Eci, PicoId, Policy
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shell import ROOT, ROOT_ID, Shell, born, prepared_disk, start_shell
from tests.fakes.memory_journal import Disk
from tests.fakes.tally_kernel import DOMAIN

NOTHING = Policy(())


def disk_with_ann() -> Disk:
    """Ann has a channel that is open and one that lets nothing in."""
    disk = prepared_disk()
    channels = [Channel(Eci("open"), ()), Channel(Eci("shut"), (), NOTHING, NOTHING)]
    for write in born(new_pico(PicoId("ann"), None, channels)):
        disk.write(write)
    return disk


async def ask(shell: Shell, eci: str, key: str) -> Mapping[str, Any]:
    """Have the root ask Ann to count one, and how far she is."""
    content = {
        "eci": eci,
        "domain": DOMAIN,
        "name": "add",
        "attrs": {},
        "rid": DOMAIN,
        "query": "total",
        "args": {},
        "key": key,
        "via": [ROOT_ID],
    }
    return await shell.answers.kinds["event_query"](ROOT_ID, content)


@in_loop
async def test_a_key_is_run_once() -> None:
    """Asked again it is answered from the record, after a restart too; another key is another deed."""
    disk = disk_with_ann()
    shell = await start_shell(disk)
    first = await ask(shell, "open", "k")
    assert first == {"value": 1.0}
    assert await ask(shell, "open", "k") == first
    again = await start_shell(disk)
    assert await ask(again, "open", "k") == first
    assert await again.total("open") == 1.0
    await ask(again, "open", "l")
    assert await again.total("open") == 2.0


@in_loop
async def test_what_was_done_is_not_refused_afterwards() -> None:
    """The answer is in the record, although the policy would not let the question in any more."""
    shell = await start_shell(disk_with_ann())
    assert (await ask(shell, "shut", "k"))["code"] == "R607"
    first = await ask(shell, "open", "k")
    assert await ask(shell, "shut", "k") == first


@in_loop
async def test_a_key_of_something_else_is_an_error() -> None:
    """Somebody has sent an event of that id; there is no answer to give."""
    shell = await start_shell(disk_with_ann())
    await shell.add("open", "k")
    assert "without a query" in (await ask(shell, "open", "k"))["error"]
    assert await shell.total("open") == 1.0
    assert await shell.add(ROOT) == 1.0
