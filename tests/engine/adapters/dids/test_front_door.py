"""What the rest of the engine may use, and that all of it is told of in the README."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from engine.adapters import dids
from engine.adapters.dids.refused import Problem
from tests.engine.adapters.dids.people import NOW_S, X25519, signer

README = Path(dids.__file__).with_name("README.md").read_text("utf-8")


def test_the_front_door_is_narrow() -> None:
    """Everything else is ours to change."""
    names = """
    Approval CannotWrite Changes DidRefused DidResolver Document Endpoint Entry Guardian Guardians
    Lifetimes NOWHERE Parameters PublicKey SeedSigner Signer UNBORN_NAME VerifiedLog Version WitnessRule
    approvals_from_json approvals_to_json approve create_log deactivate_log did_of_key didcomm_endpoints
    hash_key keeps_guardians key_of log_from_jsonl log_to_jsonl make_did_key make_did_peer_2
    make_did_peer_4 move_state normalise pico_name read_multikey recovery_guardian resolve_did_key
    resolve_did_peer_2 resolve_long_form resolve_short_form short_form to_multikey unborn_did update_log
    verify_log
    """
    assert sorted(dids.__all__) == sorted(names.split())


def test_every_name_is_documented() -> None:
    """Where somebody who wants to use it would look."""
    assert [name for name in dids.__all__ if f"`{name}`" not in README] == []


def test_every_module_is_documented() -> None:
    """The table of modules has a row for each."""
    modules = {path.stem for path in Path(dids.__file__).parent.glob("*.py")} - {"__init__"}
    assert [name for name in sorted(modules) if f"| `{name}` |" not in README] == []


def test_every_problem_is_documented() -> None:
    """The table of refusals has a row for each."""
    assert [problem for problem in get_args(Problem) if f"| `{problem}` |" not in README] == []


def test_the_example_of_a_log_runs() -> None:
    """As it stands in the README."""
    (example,) = (block for block in README.split("```python\n")[1:] if "create_log" in block)
    names: dict[str, Any] = {
        **vars(dids),
        "keys_and_services": {
            "keyAgreement": [{"id": "#k", "type": "Multikey", "publicKeyMultibase": X25519}]
        },
        "key_1": signer(1),
        "key_2": signer(2),
        "key_of_elsewhere": signer(3).multikey,
        "hash_of_a_key_in_a_drawer": dids.hash_key(signer(4).multikey),
        "now_s": NOW_S,
        "approvals": (),
    }
    exec(example.partition("```")[0], names)
    assert names["log"].epoch == 2
    assert names["log"].did.endswith(":elsewhere.example:p")
