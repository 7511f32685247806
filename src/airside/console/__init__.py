"""Console: the same verbs as web pages, rendered on the server, working without scripts.

Owns the hosted pages' addresses, their HTML and style, their forms and the cookies they set. Does not own any verb
(`signin`, `identity`, `admin`), nor the headers around a page (`shield`), nor how a request finds its tenant: a
`Context` is handed in.
"""

from airside.console.agents import describe
from airside.console.brand import Brand, TenantBrands
from airside.console.context import Brands, Context, Verbs
from airside.console.language import choose
from airside.console.routes import routes

__all__ = ["Brand", "Brands", "Context", "TenantBrands", "Verbs", "choose", "describe", "routes"]
