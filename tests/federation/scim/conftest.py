"""A directory and the tenant it provisions."""

from collections.abc import AsyncIterator

import pytest

from tests.federation.scim.directory import Directory, directory
from tests.running import Place


@pytest.fixture
async def entra(place: Place) -> AsyncIterator[Directory]:
    """A directory of the tenant."""
    async with directory(place) as opened:
        yield opened
