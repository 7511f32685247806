"""A tenant's own colour, logo and language on its pages."""

from base64 import b64decode

from airside.console import Brand
from tests.console.site import SIGNIN, Site, application, browser

PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
ACME = Brand("Acme", "#aa2200", PNG, "de")


async def test_a_tenants_colour_is_a_style_sheet_of_its_own(site: Site) -> None:
    """N39: the pages' policy forbids inline style."""
    async with browser(application(site, ACME)) as tab:
        page = (await tab.get(SIGNIN)).text
        address = f"/t/acme/style.css?v={ACME.style_version}"
        assert f'<link rel="stylesheet" href="{address}">' in page
        answer = await tab.get(address)
        assert answer.headers["content-type"] == "text/css; charset=utf-8"
        assert "immutable" in answer.headers["cache-control"]
        assert "--accent: #aa2200;" in answer.text
        assert (await tab.get("/t/acme/style.css?v=old")).headers["cache-control"] == "no-cache"


async def test_a_tenants_logo_is_a_png_and_nothing_else(site: Site) -> None:
    async with browser(application(site, ACME)) as tab:
        page = (await tab.get(SIGNIN)).text
        address = f"/t/acme/logo?v={ACME.logo_version}"
        assert f'<img class="logo" src="{address}" alt="">' in page
        answer = await tab.get(address)
    assert answer.headers["content-type"] == "image/png"
    assert answer.content == PNG


async def test_without_a_colour_and_a_logo_there_are_none(site: Site) -> None:
    async with browser(application(site)) as tab:
        page = (await tab.get(SIGNIN)).text
        assert "style.css" not in page
        assert "/logo" not in page
        for path in ("style.css", "logo"):
            assert (await tab.get(f"/t/acme/{path}")).status_code == 404


async def test_a_tenants_language_is_spoken_where_the_browser_asks_for_none_of_ours(site: Site) -> None:
    async with browser(application(site, ACME)) as tab:
        assert '<html lang="de">' in (await tab.get(SIGNIN)).text
        assert '<html lang="en">' in (await tab.get(SIGNIN, **{"accept-language": "en"})).text
