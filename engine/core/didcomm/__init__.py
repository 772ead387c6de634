"""Plaintext DIDComm messages: what they look like, what is required of them and how much of it is taken.

Envelopes, and the keys they take, are in `engine.adapters.didcomm`; what messages mean to each other is in
`engine.core.protocols`. Both speak in these.
"""
