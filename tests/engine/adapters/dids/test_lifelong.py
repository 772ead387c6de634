"""The logs that an engine writes for its picos: what stands in them, and older ones that catch up."""

from __future__ import annotations

from engine.adapters.dids import log_from_jsonl, verify_log
from engine.adapters.dids.lifelong import LifelongLogs
from engine.adapters.keys import SeedKeys
from engine.core.dids import Did
from engine.ports import Rotate
from tests.engine.adapters.dids.people import NOW_S

HOST = Did("did:example:host")
LOGS = LifelongLogs(SeedKeys(b"\1" * 32))


def test_a_pico_has_a_key_to_vouch_with() -> None:
    """The one that proves who it is; the keys that write the log are others."""
    begun = LOGS.begin("p1", None, HOST, None, NOW_S)
    state = verify_log(log_from_jsonl(begun.lines), NOW_S).newest.entry.state
    assert state["assertionMethod"] == state["authentication"] == ["#key-1"]


def test_a_log_from_before_picos_vouched_gets_the_key_with_its_next_entry() -> None:
    """Which is written when somebody asks for the log; then it is as it should be."""
    begun = LOGS.begin("p1", None, HOST, None, NOW_S)
    state = dict(verify_log(log_from_jsonl(begun.lines), NOW_S).newest.entry.state)
    del state["assertionMethod"]
    old = LOGS.succession.change("p1", begun, Rotate(state), NOW_S)
    asked = LOGS.address("p1", old, None, HOST, NOW_S)
    log = verify_log(log_from_jsonl(asked.lines), NOW_S)
    assert (log.epoch, log.newest.entry.state["assertionMethod"]) == (3, ["#key-1"])
    assert LOGS.address("p1", asked, None, HOST, NOW_S) == asked
