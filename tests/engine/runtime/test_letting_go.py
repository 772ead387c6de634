"""A pico that is let go leaves nothing in memory, and finds everything again."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.commands.hints import counter_ruleset
from engine.config import Settings
from engine.runtime.host import Host
from engine.wiring import open_engine
from tests.engine.in_loop import in_loop
from tests.engine.runtime.test_engine import ask, install, send


@contextmanager
def circles_stay() -> Iterator[None]:
    """Meanwhile Python does not look for circles of objects that nobody needs."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def counting_function(host: Host) -> weakref.ref[object]:
    """A function of the root's counter, as long as that is open."""
    (root,) = host._residents.awake()
    (counter,) = [one for one in root.head.pico.rulesets if one.rid == "counter"]
    awake = root.instances.get(counter)
    assert awake is not None
    return weakref.ref(awake.instance.declared["count"])


@in_loop
async def test_its_rulesets_are_freed_at_once(tmp_path: Path) -> None:
    """They and the last turn refer to each other; a thousand that stayed took forty megabytes."""
    engine = await open_engine(Settings(home=tmp_path / "home", picos_in_memory=1))
    host = engine.host
    await install(host, tmp_path / "counter.krl", counter_ruleset().read_text("utf-8"))
    await send(host, "counter:increment")
    with circles_stay():
        function = counting_function(host)
        assert function() is not None
        (root,) = host._residents.awake()
        host._residents._leave(root)
        del root
        assert function() is None
    assert await ask(host, "counter/count") == 1
    await engine.close()
