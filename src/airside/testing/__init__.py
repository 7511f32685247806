"""Testing: what an application tries itself with, before strangers do.

Owns a real server in the process of a test (`server`, and `plugin` for pytest), where people, applications and
companies get what they get by the real flows; virtual passkeys and identity providers; and attacking an application
across its tenants, route by route, by its own OpenAPI description. It does not own any rule of the server, and asserts
nothing: it reports what it found. What brings the server is imported by its own name: the attacker needs none.
"""

from airside.testing.asgi import asgi_sender
from airside.testing.attack import Answer, Caller, Finding, Report, Send, attack
from airside.testing.operations import Operation, operations

__all__ = ["Answer", "Caller", "Finding", "Operation", "Report", "Send", "asgi_sender", "attack", "operations"]
