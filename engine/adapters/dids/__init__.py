"""DIDs: reading what names say, making names, and the log in which a pico keeps its own."""

from engine.adapters.dids.did_key import make_did_key, resolve_did_key
from engine.adapters.dids.did_peer_2 import make_did_peer_2, resolve_did_peer_2
from engine.adapters.dids.did_peer_4 import make_did_peer_4, resolve_long_form, resolve_short_form, short_form
from engine.adapters.dids.documents import Document, Endpoint, didcomm_endpoints, normalise
from engine.adapters.dids.guardians import (
    Guardians,
    guardian_of,
    guardians_of,
    keeps_guardians,
    parties_alone,
)
from engine.adapters.dids.locations import NOWHERE, pico_name
from engine.adapters.dids.log_entries import Entry, hash_key, log_from_jsonl, log_to_jsonl
from engine.adapters.dids.log_parameters import Parameters, WitnessRule
from engine.adapters.dids.log_requests import (
    Assent,
    LogRequest,
    add_assents,
    assent,
    assent_from_json,
    assent_to_json,
    make_request,
    request_from_json,
    request_to_json,
    why_not_yet,
)
from engine.adapters.dids.log_verification import VerifiedLog, Version, verify_log
from engine.adapters.dids.log_writing import (
    UNBORN_NAME,
    CannotWrite,
    Changes,
    create_log,
    deactivate_log,
    draft_entry,
    move_state,
    unborn_did,
    update_log,
)
from engine.adapters.dids.multikeys import PublicKey, key_of, read_multikey, to_multikey
from engine.adapters.dids.proofs import SeedSigner, Signer, did_of_key
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.resolver import DidResolver, Lifetimes
from engine.adapters.dids.witnesses import Approval, approvals_from_json, approvals_to_json, approve

__all__ = [
    "NOWHERE",
    "UNBORN_NAME",
    "Approval",
    "Assent",
    "CannotWrite",
    "Changes",
    "DidRefused",
    "DidResolver",
    "Document",
    "Endpoint",
    "Entry",
    "Guardians",
    "Lifetimes",
    "LogRequest",
    "Parameters",
    "PublicKey",
    "SeedSigner",
    "Signer",
    "VerifiedLog",
    "Version",
    "WitnessRule",
    "add_assents",
    "approvals_from_json",
    "approvals_to_json",
    "approve",
    "assent",
    "assent_from_json",
    "assent_to_json",
    "create_log",
    "deactivate_log",
    "did_of_key",
    "didcomm_endpoints",
    "draft_entry",
    "guardian_of",
    "guardians_of",
    "hash_key",
    "keeps_guardians",
    "key_of",
    "log_from_jsonl",
    "log_to_jsonl",
    "make_did_key",
    "make_did_peer_2",
    "make_did_peer_4",
    "make_request",
    "move_state",
    "normalise",
    "parties_alone",
    "pico_name",
    "read_multikey",
    "request_from_json",
    "request_to_json",
    "resolve_did_key",
    "resolve_did_peer_2",
    "resolve_long_form",
    "resolve_short_form",
    "short_form",
    "to_multikey",
    "unborn_did",
    "update_log",
    "verify_log",
    "why_not_yet",
]
