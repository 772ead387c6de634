"""From a checked tree to Python code objects: the front door, and the list of what has to be there.

Compilers for the kinds of expression register themselves in `dispatch`; importing them here is what
makes the table complete.
"""

from pico_lang.compiler import calls, expressions, functions
from pico_lang.compiler.rulesets import CompiledCode, compile_ruleset_code, compile_snippet_code

__all__ = [
    "CompiledCode",
    "calls",
    "compile_ruleset_code",
    "compile_snippet_code",
    "expressions",
    "functions",
]
