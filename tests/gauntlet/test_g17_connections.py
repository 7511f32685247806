"""G17 at the connections to the database: a tenant whose requests all wait for something there has its share of them
and no more, and another's are answered as ever.

All of the loud one's change the same person, whose row is locked from elsewhere: nothing of it depends on how fast the
machine is.
"""

import asyncio
from collections import Counter

import psycopg
import pytest

from airside.core.ids import USER, format_id
from tests.makers import Database
from tests.running import Place, Running
from tests.surface import administrator_token

STUCK = 60
"""Changes to one person, whose row somebody has locked: three for each connection of the pool."""
AT_ONCE = 4
"""Requests of the other tenant's."""


@pytest.mark.gauntlet
async def test_tenant_that_waits_in_the_database_refuses_nobody_elsewhere(
    server: Running, place: Place, database: Database
) -> None:
    loud = await server.tenant()
    user = await loud.user()
    bearers = {at.slug: {"authorization": f"Bearer {await administrator_token(at)}"} for at in (loud, place)}
    line = f"/t/{loud.slug}/api/v1/users/{format_id(USER, user.id)}"
    lender, answers = server.services.engine.lender, Counter[int]()
    async with server.client() as stuck, server.client() as other:

        async def change() -> int:
            return (await stuck.patch(line, json={"state": "active"}, headers=bearers[loud.slug])).status_code

        async def ask() -> None:
            """Until all of the first's are refused that the whole pool had no room for."""
            while sum(task.done() for task in changes) < STUCK - lender.state().most:
                answer = await other.get(f"/t/{place.slug}/api/v1/users", headers=bearers[place.slug])
                answers[answer.status_code] += 1

        async with await psycopg.AsyncConnection.connect(database.superuser) as lock:
            await lock.execute("select from airside.user_account where user_id = %s for update", (user.id,))
            changes = [asyncio.create_task(change()) for _ in range(STUCK)]
            async with asyncio.timeout(10):
                while not lender.state().waiting:  # noqa: ASYNC110 - the pool tells no event
                    await asyncio.sleep(0.01)
            await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
        changed = Counter(await asyncio.gather(*changes))
    print(
        f"\nG17: while {STUCK} requests of one tenant waited for one row, {dict(answers)} to another's; then, with the"
        f" row free, {dict(changed)} to the first's"
    )
    assert set(answers) == {200}
    assert set(changed) == {200, 503}
