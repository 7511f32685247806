"""Access: from a request to a RequestContext, and from a refusal to an answer.

Owns whose request it is by its looks, and whether that tenant asks too often (`door.py`), which credential a request
carries and whose it is (`credentials.py`), the making of the context
(`context.py`), the question whether the caller may (`authorise.py`, asked of our own engine), and the one table from
refusals to HTTP problems (`problems.py`). Does not own the credentials themselves (`tokens`, `identity`) nor
the rules of who may what (`tenancy`'s system model).
"""

from airside.access.authorise import Authorise, Right
from airside.access.context import Contexts
from airside.access.credentials import Credentials, Presented, SenderUnproven, presented_token
from airside.access.door import TenantDoor
from airside.access.issuers import Issuers
from airside.access.problems import problem_of
from airside.access.senders import CLIENT_CERTIFICATE, Sender, sender_of

__all__ = [
    "CLIENT_CERTIFICATE",
    "Authorise",
    "Contexts",
    "Credentials",
    "Issuers",
    "Presented",
    "Right",
    "Sender",
    "SenderUnproven",
    "TenantDoor",
    "presented_token",
    "problem_of",
    "sender_of",
]
