"""What others may use of the package, and that its README says all of it."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from engine.adapters import credentials
from engine.adapters.credentials.refusals import Code

README = Path(credentials.__file__).with_name("README.md").read_text("utf-8")

NAMES = """
ANYTHING CannotIssue Credential CredentialStore Didkit DidkitMissing Documents Expected Form HOME Held Issued
Issuer OwnLists PicoCredentials Place PresentationChecks Presented Refused STORE_FILE Signer StatusLists
StoreUnusable Verified Verifier check_statement issue issue_statement key_signer open_store present
read_unproven sign_list signer_of to_date to_list to_printable verify_presentation
"""


def test_the_front_door_is_narrow() -> None:
    """Everything else is the package's own to change."""
    assert sorted(credentials.__all__) == sorted(NAMES.split())


def test_every_name_is_documented() -> None:
    """In the README's table."""
    assert [name for name in credentials.__all__ if f"`{name}`" not in README] == []


def test_every_code_is_documented() -> None:
    """With what it means."""
    assert [code for code in get_args(Code) if f"| `{code}` |" not in README] == []
