"""Logs: lines for people on a terminal, JSON objects elsewhere; one form for ours and the libraries'."""

from engine.adapters.logs.setup import configure_logs

__all__ = ["configure_logs"]
