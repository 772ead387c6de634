"""The pieces of `pico_lang.formatter`: layouts, comments, and how each kind of node is laid out."""
