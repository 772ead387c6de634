"""A pico's state as a tree of blocks that can outlive its engine. See the README beside this file."""
