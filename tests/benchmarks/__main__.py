"""Measures and prints: everything, or what is named (`python -m tests.benchmarks events scale`)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping

from rich.console import Console
from rich.table import Table

from tests.benchmarks.blocks import report_blocks
from tests.benchmarks.didcomm import report_didcomm
from tests.benchmarks.dids import report_dids
from tests.benchmarks.events import report_events
from tests.benchmarks.ipfs import report_ipfs
from tests.benchmarks.language import report_language
from tests.benchmarks.mail import report_mail
from tests.benchmarks.messages import report_messages
from tests.benchmarks.moving import report_moving
from tests.benchmarks.neighbours import report_neighbours
from tests.benchmarks.scale import report_scale
from tests.benchmarks.sealing import report_sealing
from tests.benchmarks.stores import report_stores
from tests.benchmarks.ui import report_ui

REPORTS: Mapping[str, Callable[[], Iterator[Table | str]]] = {
    "language": report_language,
    "events": report_events,
    "scale": report_scale,
    "neighbours": report_neighbours,
    "didcomm": report_didcomm,
    "dids": report_dids,
    "messages": report_messages,
    "mail": report_mail,
    "ipfs": report_ipfs,
    "blocks": report_blocks,
    "stores": report_stores,
    "sealing": report_sealing,
    "moving": report_moving,
    "ui": report_ui,
}


def main(names: list[str]) -> None:
    if unknown := [name for name in names if name not in REPORTS]:
        sys.exit(f"there is no benchmark {unknown[0]!r}; there are {', '.join(REPORTS)}")
    console = Console()
    for name in names or REPORTS:
        for part in REPORTS[name]():
            console.print(part)


if __name__ == "__main__":
    main(sys.argv[1:])
