"""The HTTP face of an engine: pico-engine's routes, errors as problem+json, a few routes of our own."""

from engine.adapters.http.app import make_app
from engine.adapters.http.requests import Limits

__all__ = ["Limits", "make_app"]
