"""How a pico moves from one engine to another, as two tables: the side it leaves and the side it comes to.

No IO, no clock, no chance. What the messages look like on the wire is in `engine.core.protocols.migration`,
what both sides have to keep and to repeat in the README of the protocols.
"""

from engine.core.migration.seats import Footing, Seat, acts, forwards_to, is_settled, react

__all__ = ["Footing", "Seat", "acts", "forwards_to", "is_settled", "react"]
