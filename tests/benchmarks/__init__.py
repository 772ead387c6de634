"""How fast it is on this machine: `python -m tests.benchmarks`.

Every figure stands beside a yardstick measured in the same run (a bare Starlette no-op, plain Python),
since only the ratio means something elsewhere. These are no tests: nothing here asserts a time.
"""
