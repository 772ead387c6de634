"""How picos move between engines: the tables of `engine.core.migration` with real messages and disks."""
