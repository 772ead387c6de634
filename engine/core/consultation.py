"""What a ruleset asks of a module that has to look outside, as the content of a question, and what it gets.

Nothing is asked from here. A question of kind `module` says `module`, `name` and `arguments`, and has a `key`
when answering it does something. Its answer is `{"value"}` or `{"error", "code"}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pico_lang.errors import RuntimeFault
from pico_lang.meter import Meter
from pico_lang.values import Value, to_stored

MODULE = "module"
"""The kind of such questions."""


def make_content(module: str, name: str, arguments: Mapping[str, Value], key: str | None) -> dict[str, Any]:
    """The content of a question to a member of a module."""
    content = {"module": module, "name": name, "arguments": arguments}
    return content if key is None else {**content, "key": key}


def read_value(meter: Meter, answer: Mapping[str, Any]) -> Value:
    """What the ruleset gets; not to have been answered is a fault."""
    if "error" in answer:
        raise RuntimeFault(answer.get("code", "R608"), answer["error"])
    return to_stored(answer["value"], meter)
