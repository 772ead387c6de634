"""What the rest of the engine may use, and that all of it is told of in the README."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from engine.adapters import dids
from engine.adapters.dids.refused import Problem
from tests.engine.adapters.dids.guarded import GUARDIANS, MEMBERS, alone, keeping
from tests.engine.adapters.dids.people import NOW_S, X25519, signer

README = Path(dids.__file__).with_name("README.md").read_text("utf-8")


def test_the_front_door_is_narrow() -> None:
    """Everything else is ours to change."""
    names = """
    Approval Assent CannotWrite Changes DidRefused DidResolver Document Endpoint Entry Guardians
    Lifetimes LogRequest NOWHERE Parameters PublicKey SeedSigner Signer UNBORN_NAME VerifiedLog Version
    WitnessRule add_assents approvals_from_json approvals_to_json approve assent assent_from_json
    assent_to_json create_log deactivate_log did_of_key didcomm_endpoints draft_entry guardian_of
    guardians_of hash_key keeps_guardians key_of log_from_jsonl log_to_jsonl make_did_key make_did_peer_2
    make_did_peer_4 make_request move_state normalise parties_alone pico_name read_multikey
    request_from_json request_to_json resolve_did_key resolve_did_peer_2 resolve_long_form
    resolve_short_form short_form to_multikey unborn_did update_log verify_log why_not_yet
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


def example_with(word: str) -> str:
    """The one that mentions it."""
    blocks = (rest.partition("```")[0] for rest in README.split("```python\n")[1:])
    (example,) = (block for block in blocks if word in block)
    return example


def test_the_example_of_a_request_to_guardians_runs() -> None:
    """As it stands in the README, on a log that has guardians."""
    diary = alone()
    names: dict[str, Any] = {
        **vars(dids),
        "log": diary.log,
        "approvals": diary.approvals,
        "guardians": GUARDIANS,
        "state": diary.log.newest.entry.state,
        "changes": keeping(signer(61)),
        "now_s": diary.now_s + 60,
        "guardians_key": MEMBERS[0],
    }
    before, after = example_with("make_request(").split("request = add_assents", 1)
    exec(before, names)
    names["another"] = dids.assent(names["request"], MEMBERS[2], diary.now_s + 60)
    exec(f"request = add_assents{after}", names)
    assert names["log"].epoch == 3


def test_the_example_of_a_log_runs() -> None:
    """As it stands in the README."""
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
    exec(example_with("create_log("), names)
    assert names["log"].epoch == 2
    assert names["log"].did.endswith(":elsewhere.example:p")
