"""Installing, replacing and uninstalling rulesets on the pico of a run.

All of it happens in the draft of the turn: a global block that fails is a fault of the turn, which
takes the installation back with everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.core.did_keys import DidKey
from engine.core.model import Inputs, InstalledRuleset, Quarantine, Rid, RulesetHash
from engine.core.opening import Memory, Opening, program_of, readable_program
from engine.core.programs import Awake
from engine.core.quarantine import FAILINGS, cannot_wake, quarantined
from engine.core.run import Run
from engine.core.upgrading import remember, upgrade
from engine.core.wills import speak
from pico_lang.errors import RuntimeFault
from pico_lang.program import Instance, Program
from pico_lang.values import Value


def install(run: Run, url: str, config: Mapping[str, Value]) -> Rid:
    """Install the ruleset behind a URL, or put its text of now in the place of the old one."""
    return _install_found(run, _find(run, url), config)


def flush(run: Run, url: str) -> Rid:
    """Read a URL anew, and where this pico has its ruleset from there, put the text in its place.

    Other picos are not touched: which text they run is for them, or for the engine's owner, to say.
    """
    found = _find(run, url)
    for held in [one for one in run.draft.rulesets if one.url == found.url]:
        if held.rid != found.rid:
            raise RuntimeFault("R608", f"{url} is the ruleset {found.rid} now, and no longer {held.rid}")
        if held.hash != found.hash or held.quarantine is not None:
            _install_found(run, found, held.config)
    return found.rid


@dataclass(frozen=True, slots=True)
class Found:
    """A ruleset as it is behind its URL now."""

    rid: Rid
    url: str
    hash: RulesetHash
    signed_by: tuple[DidKey, ...] = ()
    keeps: int = 0
    """How many former texts of a ruleset the engine has its picos remember. Histories from before they
    did say nothing of it."""


def _find(run: Run, url: str) -> Found:
    answer = run.learned.ask_ruleset(url)
    if "error" in answer:
        raise RuntimeFault(answer.get("code", "R608"), f"cannot install {url}: {answer['error']}")
    signed_by = tuple(answer.get("signedBy", ()))
    return Found(
        Rid(answer["rid"]),
        answer.get("url", url),
        RulesetHash(answer["hash"]),
        signed_by,
        answer.get("keeps", 0),
    )


def _install_found(run: Run, found: Found, config: Mapping[str, Value]) -> Rid:
    old = run.draft.ruleset(found.rid)
    inputs = Inputs(run.learned.time_ms, "")
    ruleset = InstalledRuleset(found.rid, found.url, found.hash, config, inputs, found.signed_by)
    if old is not None:
        upgraded = upgrade(run, old, ruleset)
        ruleset = replace(ruleset, former=remember(run, old, ruleset, upgraded, found.keeps))
    put_in_force(run, ruleset)
    return ruleset.rid


def put_in_force(run: Run, ruleset: InstalledRuleset) -> None:
    """Open a ruleset with the text it has now, and once more whatever uses it."""
    program = program_of(run, ruleset)
    _forget_gone_rules(run, ruleset, program)
    _open_anew(run, ruleset, program)
    users = list(_users_of(run, ruleset.rid))
    for user in users:
        if user.quarantine is None:
            _open_anew(run, user, program_of(run, user))
    _outdate_quarantined(run)
    _mend(run, [user.rid for user in users if user.quarantine is not None])


def uninstall(run: Run, rid: str) -> None:
    """Take a ruleset off the pico with its entity variables, half-matched events and timers. Its wills
    are sent."""
    if run.draft.ruleset(rid) is None:
        raise RuntimeFault("R605", f"Pico doesn't have {rid} installed.")
    user = next(_users_of(run, rid), None)
    if user is not None:
        raise RuntimeFault("R607", f"Cannot uninstall {rid} because {user.rid} depends on it")
    speak(run, rid)
    run.draft.remove_ruleset(Rid(rid))
    run.gone.add(rid)


def _open_anew(run: Run, ruleset: InstalledRuleset, program: Program) -> None:
    """Run the global block and install the ruleset with a note of everything it saw."""
    memory = Memory()
    opening = Opening(run, memory)
    instance = opening.open(ruleset, program)
    inputs = Inputs(run.learned.time_ms, "", tuple(memory.notes))
    _put_open(run, replace(ruleset, inputs=inputs), opening, instance)


def _put_open(run: Run, ruleset: InstalledRuleset, opening: Opening, instance: Instance) -> None:
    """Have a ruleset that was just opened on the pico."""
    opening.worlds[0].ruleset = ruleset
    run.draft.put_ruleset(ruleset)
    run.instances.put(Awake(ruleset, instance, opening.worlds))
    run.gone.discard(ruleset.rid)


def _users_of(run: Run, rid: str) -> Iterator[InstalledRuleset]:
    """Installed rulesets that use this one as a module, directly or through others."""
    used = {one.rid: _modules_of(run, one) for one in run.draft.rulesets}
    for ruleset in run.draft.rulesets:
        reached: set[str] = set()
        waiting = list(used[ruleset.rid])
        while waiting:
            module = waiting.pop()
            if module not in reached:
                reached.add(module)
                waiting.extend(used.get(Rid(module), ()))
        if rid in reached:
            yield ruleset


def _modules_of(run: Run, ruleset: InstalledRuleset) -> tuple[str, ...]:
    """What a ruleset uses. Of one that is set aside no more is known than what is recorded: whether its
    text can be read depends on who asks."""
    if ruleset.quarantine is not None:
        return () if ruleset.quarantine.module is None else (ruleset.quarantine.module,)
    return tuple(use.rid for use in readable_program(run, ruleset).uses)


def _forget_gone_rules(run: Run, ruleset: InstalledRuleset, program: Program) -> None:
    """Half-matched events of rules that the new text does not have. Those of the others stay: a state
    says which event expression it belongs to, and one that has changed starts anew by itself."""
    names = {rule.name for rule in program.rules}
    for rule in [one for one in run.draft.patterns.get(ruleset.rid, ()) if one not in names]:
        run.draft.set_pattern(ruleset.rid, rule, None)


# --- rulesets that are set aside -------------------------------------------------------------------


def release(run: Run) -> None:
    """Let those rulesets run again that now can. What they remember is what it was."""
    _mend(run, [ruleset.rid for ruleset in quarantined(run.draft.rulesets)])


def _mend(run: Run, rids: Sequence[Rid]) -> None:
    """Again and again, because one may have waited for another."""
    waiting = list(rids)
    while mended := {rid for rid in waiting if _is_mended(run, rid)}:
        waiting = [rid for rid in waiting if rid not in mended]


def _is_mended(run: Run, rid: Rid) -> bool:
    """Whether a ruleset that is set aside could be opened after all."""
    ruleset = run.draft.ruleset(rid)
    if ruleset is None or ruleset.quarantine is None:
        return False
    # Whether this engine can run the text is no function of the pico, so the record has to say it.
    answer = run.learned.ask("program", {"rid": rid, "hash": ruleset.hash})
    if "error" in answer:
        _keep_aside(run, ruleset, ruleset.quarantine, Quarantine(0, "R609", answer["error"]))
        return False
    return _is_opened(run, ruleset, ruleset.quarantine)


def _is_opened(run: Run, ruleset: InstalledRuleset, quarantine: Quarantine) -> bool:
    """Open it as it was, or anew where that may have changed what it sees."""
    memory = Memory() if quarantine.is_outdated else Memory(ruleset.inputs.answers)
    opening = Opening(run, memory)
    try:
        instance = opening.open(ruleset, program_of(run, ruleset))
    except FAILINGS as failure:
        found = cannot_wake(ruleset, failure, opening.to_blame).unable[0]
        if found.is_limit:
            raise  # nothing is left to go on with, and the turn may have more in another process
        # Not in the words of the fault: those may be better ones some day, and this is part of the state.
        reason = f"opening it again failed with {found.code}; installing it once more says where"
        _keep_aside(run, ruleset, quarantine, Quarantine(0, found.code, reason, found.module))
        return False
    inputs = ruleset.inputs
    if quarantine.is_outdated:
        inputs = Inputs(run.learned.time_ms, "", tuple(memory.notes))
    _put_open(run, replace(ruleset, inputs=inputs, quarantine=None), opening, instance)
    run.write_log("info", ruleset.rid, f"ruleset {ruleset.rid} is quarantined no more")
    return True


def _keep_aside(run: Run, ruleset: InstalledRuleset, old: Quarantine, found: Quarantine) -> None:
    """It stays where it is; if it is for another reason now, that is put down."""
    if (old.code, old.module) != (found.code, found.module):
        found = replace(found, since_ms=old.since_ms, is_outdated=old.is_outdated)
        run.draft.put_ruleset(replace(ruleset, quarantine=found))


def _outdate_quarantined(run: Run) -> None:
    """Another ruleset is not what it was. Whether those that are set aside use it is not known."""
    for ruleset in list(quarantined(run.draft.rulesets)):
        quarantine = ruleset.quarantine
        if quarantine is not None and not quarantine.is_outdated:
            run.draft.put_ruleset(replace(ruleset, quarantine=replace(quarantine, is_outdated=True)))
