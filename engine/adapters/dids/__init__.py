"""DIDs: reading what names say, making names, and the log in which a pico keeps its own."""

from engine.adapters.dids.did_key import make_did_key, resolve_did_key
from engine.adapters.dids.did_peer_2 import make_did_peer_2, resolve_did_peer_2
from engine.adapters.dids.did_peer_4 import make_did_peer_4, resolve_long_form, resolve_short_form, short_form
from engine.adapters.dids.documents import Document, Endpoint, didcomm_endpoints, normalise
from engine.adapters.dids.guardians import Guardian, Guardians, keeps_guardians, recovery_guardian
from engine.adapters.dids.locations import NOWHERE, pico_name
from engine.adapters.dids.log_entries import Entry, hash_key, log_from_jsonl, log_to_jsonl
from engine.adapters.dids.log_parameters import Parameters, WitnessRule
from engine.adapters.dids.log_verification import VerifiedLog, Version, verify_log
from engine.adapters.dids.log_writing import (
    UNBORN_NAME,
    CannotWrite,
    Changes,
    create_log,
    deactivate_log,
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
    "CannotWrite",
    "Changes",
    "DidRefused",
    "DidResolver",
    "Document",
    "Endpoint",
    "Entry",
    "Guardian",
    "Guardians",
    "Lifetimes",
    "Parameters",
    "PublicKey",
    "SeedSigner",
    "Signer",
    "VerifiedLog",
    "Version",
    "WitnessRule",
    "approvals_from_json",
    "approvals_to_json",
    "approve",
    "create_log",
    "deactivate_log",
    "did_of_key",
    "didcomm_endpoints",
    "hash_key",
    "keeps_guardians",
    "key_of",
    "log_from_jsonl",
    "log_to_jsonl",
    "make_did_key",
    "make_did_peer_2",
    "make_did_peer_4",
    "move_state",
    "normalise",
    "pico_name",
    "read_multikey",
    "recovery_guardian",
    "resolve_did_key",
    "resolve_did_peer_2",
    "resolve_long_form",
    "resolve_short_form",
    "short_form",
    "to_multikey",
    "unborn_did",
    "update_log",
    "verify_log",
]
