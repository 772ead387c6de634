"""The engine: hosts picos, keeps them durably, and lets the world talk to them."""
