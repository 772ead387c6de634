"""Picos with three guardians, two of whom have to approve."""

from __future__ import annotations

from dataclasses import replace

from engine.adapters.dids import Changes, Guardians, SeedSigner, did_of_key
from tests.engine.adapters.dids.people import Diary, signer

HOST = [signer(number) for number in range(1, 6)]
"""The host's keys, one for each entry."""
DESK = [signer(number) for number in (31, 32)]
"""Those with which the host approves, where it may act alone."""
MEMBERS = [signer(number) for number in (11, 12, 13)]
GUARDIANS = Guardians(2, tuple(did_of_key(one.multikey) for one in MEMBERS))


def keeping(next_host: SeedSigner, guardians: Guardians = GUARDIANS) -> Changes:
    """What every entry promises: the host's next key, and the guardians'."""
    return Changes(next_keys=(next_host.multikey,), next_key_hashes=guardians.promises)


def desk(keys: list[SeedSigner]) -> list[str]:
    return [did_of_key(one.multikey) for one in keys]


def alone() -> Diary:
    """A pico whose host needs nobody for the entries of every day."""
    witness = GUARDIANS.rule([desk(DESK)])
    diary = Diary.begin(HOST[0], replace(keeping(HOST[1]), witness=witness), witnesses=DESK)
    diary.write(HOST[1], keeping(HOST[2]), witnesses=DESK)
    return diary


def watched() -> Diary:
    """A pico whose guardians approve every entry."""
    changes = replace(keeping(HOST[1]), witness=GUARDIANS.rule())
    return Diary.begin(HOST[0], changes, witnesses=MEMBERS[:2])
