"""Reading what a ruleset says about events: names, attributes, options to send one.

Pure functions from language values to the parts of an event; a mistake is a fault of the ruleset
with a sentence that says what was expected.
"""

from __future__ import annotations

from collections.abc import Mapping

from pico_lang.coercion import to_string
from pico_lang.errors import RuntimeFault
from pico_lang.meter import Meter
from pico_lang.values import Value, to_stored


def read_event_name(domain: str | None, event: Value) -> tuple[str, str]:
    """Domain and name of a raised event; without a domain, `event` is "domain:name"."""
    if domain is not None:
        return domain, read_name(event, "name")
    text = "".join(to_string(event).split())
    domain, colon, name = text.partition(":")
    if not colon:
        raise RuntimeFault("R606", f'missing event.name: "{text}" is not of the form "domain:name"')
    return read_name(domain, "domain"), read_name(name, "name")


def read_name(value: Value, part: str) -> str:
    """A domain or name, which cannot be blank."""
    return read_word(value, f"event.{part}")


def read_word(value: Value, what: str) -> str:
    """Any name that cannot be blank."""
    word = "" if value is None else to_string(value).strip()
    if not word:
        raise RuntimeFault("R606", f"missing {what}")
    return word


def read_attributes(meter: Meter, value: Value) -> dict[str, Value]:
    """The attributes of an event as they will be kept; null stands for none."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RuntimeFault("R606", "Expected a JSON map for event.data.attrs")
    kept: dict[str, Value] = to_stored(value, meter)
    return kept


def read_target(options: Mapping[str, Value]) -> str:
    """Where an event goes, as the map says that a ruleset gives: `eci`, which may be a DID, or else `did`."""
    eci, did = options.get("eci"), options.get("did")
    if eci is None and did is not None and not (isinstance(did, str) and did.strip().startswith("did:")):
        raise RuntimeFault("R606", f"a did begins with did: and a method, unlike {to_string(did)}")
    return read_eci(did if eci is None else eci)


def read_eci(value: Value) -> str:
    """The channel an event is to be sent to."""
    if not isinstance(value, str) or not value.strip():
        raise RuntimeFault("R606", f"an eci is a string, not {to_string(value)}")
    return value.strip()
