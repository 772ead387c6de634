"""`python -m tests.histories.record [--anew]`: plays the scenes and keeps the histories of this version."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.core.model import PicoId, RulesetHash
from engine.core.records import fold, state_id
from engine.runtime.past import Past
from engine.version import VERSION
from tests.compatibility.engine import Engine
from tests.fakes.memory_journal import MemoryJournal
from tests.histories.scenes import SCENES, make_site
from tests.histories.stored import FOLDER, History, write


def record(folder: Path) -> None:
    """Write every history, and the texts that they need."""
    texts: dict[RulesetHash, str] = {}
    (folder / "rulesets").mkdir(parents=True)
    for play in SCENES:
        engine = Engine(web=make_site())
        played = play(engine)
        for history in _histories(engine, played):
            write(folder, history)
        texts |= engine.disk.texts
        engine.close()
    for digest, text in texts.items():
        (folder / "rulesets" / f"{digest}.krl").write_bytes(text.encode("utf-8"))


def _histories(engine: Engine, played: Mapping[str, str]) -> Iterator[History]:
    past = Past(MemoryJournal(engine.disk))
    for name, eci in played.items():
        pico = past.resolve(eci)
        assert pico is not None
        yield engine.run(_read(past, name, pico))


async def _read(past: Past, name: str, pico: PicoId) -> History:
    start, span = await past.beginning(pico), past.span(pico)
    assert start is not None
    assert span is not None
    head, bodies, states = start, [], []
    async for body in past.records(pico, 1, span.last):
        head = fold(head, [body])
        bodies.append(body)
        states.append(state_id(head.pico))
    return History(name, start, bodies, states, head.chain)


def main() -> None:
    folder = FOLDER / VERSION
    if folder.exists():
        if sys.argv[1:] != ["--anew"]:
            sys.exit(f"{folder} is there, and what a released version left stays as it is; see the README")
        shutil.rmtree(folder)
    record(folder)


if __name__ == "__main__":
    main()
