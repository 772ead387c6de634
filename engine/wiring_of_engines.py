"""The part of an engine's wiring by which it knows other engines, and says what it is itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files

from engine.adapters.signing.ed25519 import sign, verify
from engine.config import BadSetting, Settings
from engine.core import records
from engine.core.blocks import state as blocks_of_state
from engine.core.cids import to_cid
from engine.core.mesh.adverts import Advert, engine_of, is_name, short_name
from engine.core.model import RulesetHash
from engine.ports import Envelopes
from engine.runtime.correspondents import Correspondents
from engine.runtime.desks import Desk
from engine.runtime.equipment import Equipment
from engine.runtime.identities import SIGNING, Identities
from engine.runtime.letters import Letters
from engine.runtime.mesh.accepting import Accepting
from engine.runtime.mesh.acquaintances import Acquaintances
from engine.runtime.mesh.desk import EnginesDesk
from engine.runtime.mesh.engines import Engines
from engine.runtime.mesh.exchanges import Exchanges
from engine.runtime.mesh.gossip import Gossip
from engine.runtime.mesh.invitations import Invitations
from engine.runtime.mesh.meeting import Meeting
from engine.runtime.mesh.own_advert import OwnAdvert
from engine.runtime.mesh.survey import Survey, life_s, round_ms
from engine.runtime.whereabouts import Whereabouts
from engine.version import VERSION

FORMATS = {"record": records.FORMAT, "state": blocks_of_state.FORMAT}
"""Of what is stored: the newest versions that are read here."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """What an engine has, so that it knows others."""

    engines: Engines
    exchanges: Exchanges
    desks: tuple[Desk, ...]


def give_engines(
    equipment: Equipment,
    identities: Identities,
    envelopes: Envelopes,
    letters: Letters,
    correspondents: Correspondents,
    whereabouts: Whereabouts,
    settings: Settings,
) -> Mesh:
    clock, journal, entropy = equipment.clock, equipment.journal, equipment.entropy
    every_ms = int(settings.engines_every_s * 1000)
    acquaintances = Acquaintances(journal, engine_of(identities.engine) or "", verify, clock.now_ms)
    accepting = Accepting(journal, acquaintances, verify, lambda cid: cid in own_rulesets())
    name = name_of(settings, identities)
    features = features_of(equipment, settings)

    def draft() -> Advert:
        said = draft_advert(identities, accepting, settings, features, name)
        load = engines.load()
        return said if load is None else replace(said, load=min(max(round(load * 100), 0), 100))

    def life() -> int:
        return life_s(round_ms(every_ms, len(acquaintances.met())))

    own = OwnAdvert(journal, draft, partial(sign_as_engine, identities), clock.now_ms, life)

    async def moved(advert: Advert) -> None:
        await whereabouts.signed(advert.did, advert.issued_s)

    gossip = Gossip(acquaintances, own, clock.now_ms, moved)
    exchanges = Exchanges(letters, envelopes, clock)
    invitations = Invitations(journal, clock.now_ms)
    survey = Survey(acquaintances, gossip, exchanges, identities, clock, entropy, every_ms)
    meeting = Meeting(acquaintances, invitations, own, exchanges, identities, clock, entropy, verify)
    engines = Engines(acquaintances, meeting, own, gossip, survey, accepting, clock.now_ms)
    desk = EnginesDesk(
        acquaintances, invitations, own, gossip, exchanges, correspondents, verify, survey.look_now
    )
    return Mesh(engines, exchanges, (desk, exchanges))


def sign_as_engine(identities: Identities, data: bytes) -> bytes:
    found = identities.secret(f"{identities.engine}#{SIGNING}")
    assert found is not None, "an engine has the keys of its own DID"
    return sign(found[1], data)


def name_of(settings: Settings, identities: Identities) -> str:
    """What it calls itself. Raises `BadSetting`."""
    name = settings.engine_name or f"engine-{short_name(engine_of(identities.engine) or '')}"
    if not is_name(name):
        raise BadSetting(
            f"'engine_name' cannot be {name[:80]!r}: a name has at most 64 letters, digits, spaces, "
            "'.', '-' or '_'"
        )
    return name


def draft_advert(
    identities: Identities,
    accepting: Accepting,
    settings: Settings,
    features: tuple[str, ...],
    name: str,
) -> Advert:
    """What there is to say now, without number and times."""
    return Advert(
        identities.engine,
        0,
        0,
        0,
        name,
        endpoints=endpoints_of(identities, settings),
        features=features,
        price=accepting.policy.price,
        free=accepting.room(),
        software=f"picomesh/{VERSION}",
        formats=FORMATS,
        fault_domain=settings.fault_domain[:128],
        spreads=settings.advert_spreads,
    )


def endpoints_of(identities: Identities, settings: Settings) -> tuple[str, ...]:
    """Where others post what is for it. Its DID says the same; this is for people."""
    if settings.mediator:
        return (settings.mediator,)
    page = identities.page
    return () if page is None else (f"{page.removesuffix('/invitation')}/didcomm",)


def features_of(equipment: Equipment, settings: Settings) -> tuple[str, ...]:
    modules = (f"module:{one.name}" for one in equipment.plugins.plugins)
    others = {
        "ipfs": bool(settings.ipfs_api.addresses),
        "mediator": str(settings.mediator_for) != "false",
        "seal": settings.seal == "on",
        "workers": settings.workers > 0,
    }
    return tuple(sorted((*modules, *(name for name, has in others.items() if has))))


@cache
def own_rulesets() -> frozenset[str]:
    """The CIDs of those that come with this engine."""
    texts = (one.read_bytes() for one in files("ruleset_library").iterdir() if one.name.endswith(".krl"))
    return frozenset(to_cid(RulesetHash(sha256(text).hexdigest())) for text in texts)
