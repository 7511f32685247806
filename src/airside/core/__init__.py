"""Core: the words every room speaks.

Owns the clock, identifiers, entropy, secrets that don't print, typed refusals, the Principal, strict JSON
and the pure rate-limit rule. Does no IO and knows no room above it.
"""
