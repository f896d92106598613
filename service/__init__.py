"""The HTTP service: it loads prepared model versions and answers predictions, evaluations and summaries.

Imports point one way: ``errors <- batching, codecs, dialects, engine <- repository <- lane, routes <- app``.
"""
