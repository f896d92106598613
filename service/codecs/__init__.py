"""Bytes to rows and rows to bytes, one file a format.

A decoder takes a body and a `Signature` and returns rows as an array [n, *tensor.shape], of any
real dtype; `checks` then holds what must be true of them whatever the format. Decoders raise
MalformedBody, InvalidInput, UnsupportedMediaType or TooLarge, and nothing else.
"""
