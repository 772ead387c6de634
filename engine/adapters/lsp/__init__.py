"""The language server protocol: `pico_lang.language_server` for editors, over standard input and output.

`server` needs pygls, which is an extra; nothing imports it before somebody starts it.
"""
