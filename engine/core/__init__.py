"""The pure kernel: what a pico is and how it reacts. No IO, no clock, no randomness, no async."""
