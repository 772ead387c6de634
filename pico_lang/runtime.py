"""What the operators of the language need of the running ruleset: its meter and its way out.

One per ruleset instance; compiled code and every standard operator take it as first argument.
"""

from __future__ import annotations

from dataclasses import dataclass

from pico_lang.host import Host
from pico_lang.meter import Meter


@dataclass(slots=True, eq=False)
class Runtime:
    """The surroundings of one ruleset instance."""

    meter: Meter
    host: Host
