"""`picomesh credential`: credentials issued, verified, revoked and listed.

The commands work on the home's files whether or not its engine runs, and ask nobody anything: what a
credential of somebody else's needs to be verified is given along.
"""

from __future__ import annotations

import click

from engine.commands.credential_issue import issue_command
from engine.commands.credential_verify import verify_command
from engine.commands.credentials_kept import list_command, revoke_command, status_command


@click.group()
def credential() -> None:
    """Vouch for others, and check who does."""


for command in (issue_command, verify_command, revoke_command, status_command, list_command):
    credential.add_command(command)
