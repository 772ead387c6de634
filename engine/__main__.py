"""`python -m engine` is `picomesh`."""

from engine.cli import main

main()
