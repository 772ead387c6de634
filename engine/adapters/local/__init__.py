"""An engine that needs no services: SQLite journal, system clock, operating system entropy."""
