"""The page of a request that can't be trusted: constant, and dressed as the hosted pages are."""

import re

from airside.api.routes.oauth import PAGE
from airside.console.assets import ASSETS


def test_page_of_an_untrusted_request_uses_files_that_are_served() -> None:
    named = re.findall(r'href="/static/([^"]+)"', PAGE)
    assert set(named) <= ASSETS.keys()
    assert named
    assert set(re.findall(r'href="([^"]+)"', PAGE)) == {f"/static/{name}" for name in named}


def test_page_of_an_untrusted_request_fits_the_content_security_policy() -> None:
    """N39: neither inline style nor script, and nothing of the request."""
    assert re.search(r"<script|<style|\sstyle=|\son\w+=|[{}]", PAGE) is None
