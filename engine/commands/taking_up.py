"""What an owner's key file does when a pico is brought back: its log goes on, in the name of the new home.

Otherwise the pico would live there and could not be sealed, since its log names an engine that is gone.
"""

from __future__ import annotations

import time

from engine.adapters.dids import approvals_to_json, hash_key, log_to_jsonl, why_not_yet
from engine.adapters.dids.kept_logs import read_kept, signing_key
from engine.adapters.dids.lifelong import LifelongLogs
from engine.adapters.dids.log_verification import VerifiedLog
from engine.adapters.dids.own import make_own_did
from engine.adapters.keys import SeedKeys
from engine.commands.failure import Failure
from engine.commands.opening_keys import Opener
from engine.commands.recovery import OwnersFile, read_request, signed_by_owner
from engine.core.dids import Did
from engine.core.model import PicoId
from engine.ports import BadLog, KeptLog, OwnersKey, Recover
from engine.runtime.identities import CURVES, ENGINE
from engine.runtime.restoring import TakenUp, TakeUp

NOT_PROMISED = "its log does not promise this key"
ENGINES = (
    "this key is no owner's but that of the engine that the log names; a new home that has a copy of it as "
    "engine.key before the pico is brought back is that engine, and goes on with the log"
)


def taking_up(keys: SeedKeys, opener: Opener) -> TakeUp:
    """By whoever has the file that was named; `keys` are those of the home."""
    theirs = opener.keys
    owner = None if theirs is None or opener.file is None else OwnersFile(opener.file, theirs)

    def take_up(pico: PicoId, kept: KeptLog) -> TakenUp:
        log = read_kept(kept, time.time())
        is_named = _may_write(keys, pico, log)
        if theirs is None or owner is None:
            return TakenUp(is_named=is_named)
        if _may_write(theirs, pico, log):
            return TakenUp(why_not=None if is_named else ENGINES, is_named=is_named)
        number = owner.number_promised(log.newest.parameters.next_key_hashes)
        who = owner.owner(number or 1)
        if is_named:
            return TakenUp(owner=who, is_named=True)
        if number is None:
            return TakenUp(owner=who, why_not=NOT_PROMISED)
        try:
            return TakenUp(_go_on(keys, pico, kept, owner, number), who)
        except (BadLog, Failure) as problem:
            return TakenUp(owner=who, why_not=str(problem))

    return take_up


def _may_write(keys: SeedKeys, pico: PicoId, log: VerifiedLog) -> bool:
    """Whether the engine with these keys may write the next entry."""
    own = signing_key(keys, pico, log.epoch + 1)
    return hash_key(own.multikey) in log.newest.parameters.next_key_hashes


def _go_on(keys: SeedKeys, pico: PicoId, kept: KeptLog, owner: OwnersFile, number: int) -> KeptLog:
    """With an entry that the owner signs, which names this home and promises the owner's next key."""
    logs, now_s = LifelongLogs(keys), time.time()
    following = owner.known(number + 1)
    promised = OwnersKey(following["hash"], tuple(following["approving"]))
    change = Recover(None, _host(keys), owner.key(number).multikey, promised)
    request = signed_by_owner(read_request(logs.succession.ask(pico, kept, change, "", now_s)), owner, number)
    if (missing := why_not_yet(request)) is not None:
        raise BadLog(f"guardians have to approve it: {missing}")
    entries = log_to_jsonl([*request.log.entries, request.entry])
    return logs.extend(pico, kept, KeptLog(entries, approvals_to_json(request.approvals)), now_s)


def _host(keys: SeedKeys) -> Did:
    """The home's engine, which says where it is when it is started."""
    signing, agreeing = (keys.derive(f"{ENGINE}/{key}") for key in CURVES)
    return make_own_did(signing, agreeing, None)
