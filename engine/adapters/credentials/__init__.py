"""Verifiable credentials: issued, held, verified, revoked. See the README beside this file."""

from engine.adapters.credentials.checking import PresentationChecks
from engine.adapters.credentials.didkit_process import Didkit
from engine.adapters.credentials.documents import Credential, Place
from engine.adapters.credentials.home_credentials import PicoCredentials, check_statement, issue_statement
from engine.adapters.credentials.issuers import HOME, Issuer, signer_of
from engine.adapters.credentials.issuing import Form, issue
from engine.adapters.credentials.keys import Documents, Signer, key_signer
from engine.adapters.credentials.own_lists import OwnLists, sign_list
from engine.adapters.credentials.presenting import Presented, present, verify_presentation
from engine.adapters.credentials.reading import read_unproven
from engine.adapters.credentials.refusals import CannotIssue, DidkitMissing, Refused, to_printable
from engine.adapters.credentials.status_lists import to_list
from engine.adapters.credentials.store import FILE as STORE_FILE
from engine.adapters.credentials.store import CredentialStore, Held, Issued, StoreUnusable, open_store
from engine.adapters.credentials.times import to_date
from engine.adapters.credentials.verifying import ANYTHING, Expected, StatusLists, Verified, Verifier

__all__ = [
    "ANYTHING",
    "HOME",
    "STORE_FILE",
    "CannotIssue",
    "Credential",
    "CredentialStore",
    "Didkit",
    "DidkitMissing",
    "Documents",
    "Expected",
    "Form",
    "Held",
    "Issued",
    "Issuer",
    "OwnLists",
    "PicoCredentials",
    "Place",
    "PresentationChecks",
    "Presented",
    "Refused",
    "Signer",
    "StatusLists",
    "StoreUnusable",
    "Verified",
    "Verifier",
    "check_statement",
    "issue",
    "issue_statement",
    "key_signer",
    "open_store",
    "present",
    "read_unproven",
    "sign_list",
    "signer_of",
    "to_date",
    "to_list",
    "to_printable",
    "verify_presentation",
]
