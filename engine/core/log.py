"""A pico's log as its rulesets read it: a map for each event it handled, made from the record."""

from __future__ import annotations

from engine.core.messages import LogLine
from engine.core.records import Record
from engine.core.timekeeping import to_iso
from pico_lang.values import Value


def show_record(record: Record) -> dict[str, Value]:
    """One event, when it was handled, how that ended, and what its rules wrote."""
    event = record.turn.event
    return {
        "time": to_iso(record.turn.inputs.time_ms),
        "eid": event.eid,
        "eci": event.eci,
        "domain": event.domain,
        "name": event.name,
        "error": None if record.fault is None else record.fault.message,
        "lines": [_show_line(line) for line in record.log],
    }


def _show_line(line: LogLine) -> dict[str, Value]:
    return {
        "level": line.level,
        "rid": line.rid,
        "rule": line.rule,
        "message": line.message,
        "value": line.value,
    }
