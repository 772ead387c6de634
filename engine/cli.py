"""The `picomesh` command: a group of the commands in `engine.commands`."""

from __future__ import annotations

import click

from engine.commands.backup import backup, restore_home
from engine.commands.bring import import_, restore
from engine.commands.check import check
from engine.commands.completion import completion
from engine.commands.credential import credential
from engine.commands.demo import demo
from engine.commands.dev import dev
from engine.commands.did import did
from engine.commands.doctor import doctor
from engine.commands.drain import drain
from engine.commands.engines import engines
from engine.commands.export import export
from engine.commands.failure import EXIT_CODES
from engine.commands.fmt import fmt
from engine.commands.fork import fork
from engine.commands.group import Commands
from engine.commands.guardian import guardian
from engine.commands.install import install
from engine.commands.introductions import connect, invite
from engine.commands.ipfs import ipfs
from engine.commands.log import log
from engine.commands.login import login, token
from engine.commands.logs import logs
from engine.commands.lsp import lsp
from engine.commands.mcp import mcp
from engine.commands.modules import grant, modules, revoke
from engine.commands.move import move, moves, where
from engine.commands.new import new
from engine.commands.owners import owners
from engine.commands.passphrase import passphrase
from engine.commands.pipe import pipe
from engine.commands.query import query
from engine.commands.repl import repl
from engine.commands.replay import replay
from engine.commands.rulesets import rulesets
from engine.commands.seal import history, seal
from engine.commands.send import send
from engine.commands.serve import serve
from engine.commands.service import service
from engine.commands.settings import settings
from engine.commands.sign import key, sign
from engine.commands.state import state
from engine.commands.stores import gc, stores
from engine.commands.test import test
from engine.commands.top import top
from engine.commands.tree import tree
from engine.commands.upgrade import rollback, upgrade
from engine.commands.verify import verify
from engine.commands.version import version
from engine.commands.why import why
from engine.commands.why_here import why_here


@click.group(
    cls=Commands,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def main() -> None:
    """A durable engine for picos: small agents with their own identity, state and rules.

    \b
    Begin with:
      picomesh demo       watch an engine lose nothing when it is killed
      picomesh serve      run one, then talk to it from another terminal
      picomesh new NAME   begin a ruleset of your own
    """


COMMANDS = (
    *(serve, demo),
    *(send, pipe, query, install, upgrade, rollback, rulesets, tree),
    *(modules, grant, revoke),
    *(top, logs),
    *(log, why, why_here, state, replay, fork),
    *(new, dev, check, fmt, test, repl, sign, key, lsp),
    mcp,
    credential,
    *(did, guardian, invite, connect, passphrase),
    *(login, token),
    *(engines, drain),
    *(move, moves, where),
    *(export, import_, restore, verify, backup, restore_home),
    *(seal, owners, history, stores, gc),
    *(ipfs, service, doctor, settings, completion, version),
)

for command in COMMANDS:
    main.add_command(command)
