"""Console: the same verbs as web pages, rendered on the server, working without scripts.

Owns the hosted pages' addresses, their HTML and style, their forms and the cookies they set. Does not own any verb
(`signin`, `identity`, `admin`), nor the headers around a page (`shield`), nor how a request finds its tenant: a
`Context` is handed in.
"""

from airside.console.context import Context, TenantName
from airside.console.routes import routes

__all__ = ["Context", "TenantName", "routes"]
