"""Testing: what an application tries itself with, before strangers do.

Owns attacking an application across its tenants, route by route, by its own OpenAPI description. It does not own
serving, and asserts nothing: it reports what it found.
"""

from airside.testing.asgi import asgi_sender
from airside.testing.attack import Answer, Caller, Finding, Report, Send, attack
from airside.testing.operations import Operation, operations

__all__ = ["Answer", "Caller", "Finding", "Operation", "Report", "Send", "asgi_sender", "attack", "operations"]
