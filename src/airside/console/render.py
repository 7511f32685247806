"""Templates → pages. Autoescape is on for every template, and an undefined name is an error."""

from binascii import b2a_base64
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from airside.console import times
from airside.console.agents import describe
from airside.console.assets import ASSETS
from airside.console.brand import Brand
from airside.console.language import Language
from airside.shield.cookies import HostCookie
from airside.shield.csrf import FIELD


def svg_image(svg: str) -> str:
    """`svg` as the address of an image: what is in it can't run, whatever it is."""
    return "data:image/svg+xml;base64," + b2a_base64(svg.encode(), newline=False).decode()


def grouped(secret: str) -> str:
    """`secret` in fours, so that eyes keep their place; apps take it with the spaces."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("airside.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_HELPERS: Final[dict[str, Any]] = {
    "stylesheet": ASSETS["airside.css"].address,
    "icon": ASSETS["airside.svg"].address,
    "form_post_script": ASSETS["form-post.js"].address,
    "passkey_script": ASSETS["passkey.js"].address,
    "csrf_field": FIELD,
    "svg_image": svg_image,
    "grouped": grouped,
}


def page(
    template: str,
    language: Language,
    *,
    brand: Brand,
    slug: str = "",
    status: int = 200,
    cookies: Sequence[HostCookie] = (),
    headers: dict[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """The page that `template` makes of `values`, in `language`. Never cached: pages speak to one person at one
    moment."""
    html = _ENVIRONMENT.get_template(template, globals=_HELPERS).render(
        t=language,
        ago=partial(times.ago, language),
        at=partial(times.at, language),
        wait=partial(times.wait, language),
        device=partial(describe, language),
        brand=brand,
        slug=slug,
        **values,
    )
    response = HTMLResponse(html, status, {"cache-control": "no-store", **(headers or {})})
    for cookie in cookies:
        response.headers.append("set-cookie", cookie.render())
    return response
