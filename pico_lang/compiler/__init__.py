"""From a checked tree to Python code objects: the front door, and the list of what has to be there.

Compilers for the kinds of expression register themselves in `dispatch`; importing them here is what
makes the table complete.
"""

from pico_lang.compiler import calls, expressions, functions
from pico_lang.compiler.rulesets import CompiledCode, compile_expression_code, compile_ruleset_code

__all__ = [
    "CompiledCode",
    "calls",
    "compile_expression_code",
    "compile_ruleset_code",
    "expressions",
    "functions",
]
