"""Static files: fixed names, addressed by content."""

import re

from airside.console.assets import ASSETS
from tests.console.site import SIGNIN, Site, application, browser


async def test_what_a_page_links_is_served_and_kept_for_long(site: Site) -> None:
    async with browser(application(site)) as tab:
        links = re.findall(r'href="(/static/[^"]+)"', (await tab.get(SIGNIN)).text)
        assert len(links) == 2
        for link in links:
            answer = await tab.get(link)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["content-type"] in ("text/css; charset=utf-8", "image/svg+xml")
            fresh = await tab.get(link, **{"if-none-match": answer.headers["etag"]})
            assert (fresh.status_code, fresh.content) == (304, b"")


async def test_script_is_served_as_one(site: Site) -> None:
    """N39: `nosniff` lets no browser run it as anything else."""
    async with browser(application(site)) as tab:
        answer = await tab.get(ASSETS["passkey.js"].address)
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"


async def test_another_version_is_not_kept(site: Site) -> None:
    async with browser(application(site)) as tab:
        for address in ("/static/airside.css", "/static/airside.css?v=old"):
            assert (await tab.get(address)).headers["cache-control"] == "no-cache"


async def test_nothing_else_is_reached_through_static(site: Site) -> None:
    """N41: path traversal."""
    async with browser(application(site)) as tab:
        for path in ("/static/../render.py", "/static/%2e%2e/render.py", "/static/", "/static/..%2frender.py"):
            assert (await tab.get(path)).status_code == 404
