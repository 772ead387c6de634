"""`--show` and `--status-list`: credentials of one's own, shown in the message that is sent.

Whether somebody asked for them, and takes them, is found out by sending it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click

from engine.adapters.credentials import CannotIssue, Didkit, Refused, Signer, present, read_unproven
from engine.commands.credential_desk import read_text
from engine.commands.failure import Failure
from engine.core.didcomm.attachments import Attachment, AttachmentData
from engine.core.didcomm.base64url import encode
from engine.core.dids import Did, show_did
from engine.core.protocols.picomesh import PRESENTATION, STATUS_LIST

show_option = click.option(
    "--show", "shown", multiple=True, metavar="FILE", help="With a DID: a credential about you to show."
)
status_list_option = click.option(
    "--status-list",
    "lists",
    multiple=True,
    metavar="FILE",
    help="With --show: its issuer's status list.",
)


@dataclass(frozen=True, slots=True)
class Showing:
    """What is to be shown. Without credentials nothing is attached."""

    credentials: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()

    def attachments(self, signer: Signer, message_id: str, to: Did) -> tuple[Attachment, ...]:
        """Good in this message alone."""
        if not self.credentials:
            return ()
        try:
            presentation = present(self.credentials, signer, message_id, to, Didkit())
        except CannotIssue as problem:
            raise Failure(str(problem)) from None
        return (_attach(presentation, PRESENTATION), *(_attach(one, STATUS_LIST) for one in self.lists))


NOTHING = Showing()


def read_showing(me: Did, shown: Sequence[str], lists: Sequence[str]) -> Showing:
    """From files, if there are any. Raises `Failure` for what could never be taken."""
    if lists and not shown:
        raise Failure("--status-list is about a credential that is shown", "name that with --show FILE")
    return Showing(tuple(_read_credential(me, file) for file in shown), tuple(map(read_text, lists)))


def refuse_showing(shown: Sequence[str], lists: Sequence[str]) -> None:
    """To an ECI, over HTTP, nobody proves who he is."""
    if shown or lists:
        raise Failure(
            "a credential is shown in a message, and this goes to an ECI",
            "write to the DID of the channel: `picomesh did show ECI` prints it",
        )


def _read_credential(me: Did, file: str) -> str:
    text = read_text(file)
    said = read_unproven(text)
    if isinstance(said, Refused):
        raise Failure(f"{file} is no credential: {said.reason}")
    if said.subject != me:
        raise Failure(
            f"{file} is about {show_did(said.subject)}, and only that one can show it",
            "`picomesh did show --me` is your DID; ask its issuer for one about that",
        )
    return text


def _attach(text: str, format: str) -> Attachment:
    return Attachment(AttachmentData(base64=encode(text.strip().encode())), format=format)
