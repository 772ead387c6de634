"""The HTTP face of an engine: pico-engine's routes, errors as problem+json, a few routes of our own."""

from engine.adapters.http.app import all_routes, make_app
from engine.adapters.http.assistants import Desk
from engine.adapters.http.duplex import DuplexLimits
from engine.adapters.http.gate import GateRules
from engine.adapters.http.rates import RateLimit
from engine.adapters.http.requests import Limits
from engine.adapters.http.run_file import RunFile, read_run_file, remove_run_file, write_run_file
from engine.adapters.http.server import CannotListen, is_loopback, listen, serve_until_stopped, url_of
from engine.adapters.http.virtual_time import follow_time
from engine.adapters.http.withholding import WITHHELD

__all__ = [
    "WITHHELD",
    "CannotListen",
    "Desk",
    "DuplexLimits",
    "GateRules",
    "Limits",
    "RateLimit",
    "RunFile",
    "all_routes",
    "follow_time",
    "is_loopback",
    "listen",
    "make_app",
    "read_run_file",
    "remove_run_file",
    "serve_until_stopped",
    "url_of",
    "write_run_file",
]
