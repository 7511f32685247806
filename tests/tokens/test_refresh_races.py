"""N07: a successor's first use and its predecessor's replay, at the same moment."""

import asyncio

import pytest

from airside.tokens import RefreshRefused, RefreshReused, RefreshRevoked
from tests.tokens.kit import Kit

ROUNDS = 20


@pytest.mark.parametrize("public", [True, False])
async def test_predecessor_racing_its_successor_never_opens_a_second_line(kit: Kit, public: bool) -> None:
    """Whoever comes first: the replay hears the very successor, or ends the family; there is no third token, and from
    then on the predecessor is poison."""
    for _ in range(ROUNDS):
        first = await kit.family()
        second = await kit.rotate(first, 1, public=public)
        used, replayed = await asyncio.gather(
            kit.rotate(second, 2, public=public), kit.rotate(first, 2, public=public), return_exceptions=True
        )
        if isinstance(replayed, BaseException):
            assert isinstance(replayed, RefreshReused)
        else:
            assert replayed == second
        if isinstance(used, BaseException):
            assert isinstance(used, RefreshRevoked)
            assert isinstance(replayed, RefreshReused)
        with pytest.raises(RefreshRefused):
            await kit.rotate(first, 2, public=public)
        with pytest.raises(RefreshRevoked):
            await kit.rotate(second if isinstance(used, BaseException) else used, 2, public=public)
