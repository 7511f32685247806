"""Access: from a request to a RequestContext, and from a refusal to an answer.

Owns which credential a request carries and whose it is (`credentials.py`), the making of the context
(`context.py`), the question whether the caller may (`authorise.py`, asked of our own engine), and the one table from
refusals to HTTP problems (`problems.py`). Does not own the credentials themselves (`tokens`, `identity`) nor
the rules of who may what (`tenancy`'s system model).
"""

from airside.access.authorise import Authorise, Right
from airside.access.context import Contexts
from airside.access.credentials import Credentials
from airside.access.issuers import Issuers
from airside.access.problems import problem_of

__all__ = ["Authorise", "Contexts", "Credentials", "Issuers", "Right", "problem_of"]
