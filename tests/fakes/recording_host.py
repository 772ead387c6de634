"""A host that keeps entity variables in a dict and writes down everything else it is asked to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pico_lang import paths
from pico_lang.host import Member, Modules
from pico_lang.meter import Budget, Meter
from pico_lang.values import Value

MODULES: Modules = {
    "event": {
        "attrs": Member("property"),
        "attr": Member("function", ("name",)),
        "name": Member("property"),
    },
    "meta": {"rid": Member("property")},
    "math": {"double": Member("function", ("n",)), "minus": Member("function", ("left", "right"))},
    "door": {
        "open": Member("action", ("name", "wide")),
        "both": Member("both", ("name",)),
    },
}
"""A world just large enough to have a member of every kind."""


class RecordingHost:
    """Obeys `pico_lang.host.Host`."""

    def __init__(self, attrs: Mapping[str, Value] | None = None) -> None:
        self.entities: dict[str, Value] = {}
        self.attrs = dict(attrs or {})
        self.done: list[tuple[Any, ...]] = []
        self.sample = 0
        self.meter = Meter(Budget())

    def get_entity(self, name: str) -> Value:
        return self.entities.get(name)

    def set_entity(self, name: str, value: Value) -> None:
        self.entities[name] = value

    def set_entity_path(self, name: str, path: Value, value: Value) -> None:
        keys = paths.to_path(self.meter, path)
        now = self.entities.get(name)
        root = now if paths.is_collection(now) else {}
        self.entities[name] = paths.write(self.meter, root, keys, value, "set")

    def clear_entity(self, name: str) -> None:
        self.entities.pop(name, None)

    def clear_entity_path(self, name: str, path: Value) -> None:
        keys = paths.to_path(self.meter, path)
        self.entities[name] = paths.delete(self.meter, self.entities.get(name), keys)

    def read_property(self, domain: str, name: str) -> Value:
        return {"attrs": self.attrs, "name": "tick", "rid": "test.ruleset"}[name]

    def call_function(self, domain: str, name: str, arguments: Sequence[Value]) -> Value:
        match name:
            case "double" if isinstance(arguments[0], float):
                return arguments[0] * 2
            case "minus" if isinstance(arguments[0], float) and isinstance(arguments[1], float):
                return arguments[0] - arguments[1]
            case "double" | "minus":
                return list(arguments)
            case "attr":
                return self.attrs.get(arguments[0])
            case _:
                return f"{domain}:{name} of {arguments[0]}"

    def run_action(self, domain: str, name: str, arguments: Sequence[Value]) -> Value:
        self.done.append(("action", f"{domain}:{name}", *arguments))
        return f"did {name}"

    def send_directive(self, name: Value, options: Value) -> Value:
        self.done.append(("directive", name, options))
        return {"name": name}

    def raise_event(self, domain: str | None, event: Value, for_rid: Value, attributes: Value) -> None:
        self.done.append(("raise", domain, event, for_rid, attributes))

    def schedule(
        self, domain: str | None, event: Value, kind: str, timing: Value, attributes: Value
    ) -> Value:
        self.done.append(("schedule", domain, event, kind, timing, attributes))
        return {"id": "timer"}

    def log(self, level: str, message: Value, value: Value) -> None:
        self.done.append(("log", level, message))

    def raise_error(self, level: str, value: Value) -> None:
        self.done.append(("error", level, value))

    def choose_sample(self, count: int) -> int:
        return self.sample % count

    def fired(self) -> None:
        self.done.append(("fired",))
