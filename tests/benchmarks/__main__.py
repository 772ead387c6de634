"""Measures everything and prints it; takes about a minute."""

from __future__ import annotations

from rich.console import Console

from tests.benchmarks.events import report_events
from tests.benchmarks.language import report_language


def main() -> None:
    console = Console()
    for report in (report_language, report_events):
        for part in report():
            console.print(part)


if __name__ == "__main__":
    main()
