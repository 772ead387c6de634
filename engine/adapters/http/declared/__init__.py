"""What the routes take and give, as types: checked at the door, and told as OpenAPI. There is no other
list."""

from engine.adapters.http.declared.operations import Operation, operations_of
from engine.adapters.http.declared.table import OPERATIONS

__all__ = ["OPERATIONS", "Operation", "operations_of"]
