"""Delivery: at least once, at most twice, never lost; nobody else waits for a mail server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from random import Random
from typing import Final
from uuid import UUID

import pytest
from psycopg import AsyncConnection
from structlog.testing import capture_logs

from airside.core.entropy import Entropy
from airside.core.ids import CONNECTION, FACTOR, SESSION, USER, format_id, uuid7
from airside.notify import KINDS, Letter, Mailbox, Receipt, Smtp, WayShut
from airside.notify.consumer import AGAIN, BATCH, LEASE
from airside.notify.delivery import BACK_OFF
from airside.transport import DevelopmentCertificates
from airside.vault import Vault
from tests.makers import Database
from tests.notify.kit import NOW, STRANGER, Office, Waiting, office
from tests.notify.server import post, trusting
from tests.running import free_port

SENDER: Final = "no-reply@id.example.com"
JOURNALLED: Final = (
    "select subject, person, details from airside.audit_record where tenant_id = %s and event = 'notify:mail:abandoned'"
)


class Script:
    """Implements `Mailer`: says what it is told to, and keeps what it took."""

    def __init__(self) -> None:
        self.says: Sequence[Receipt | None] = []
        self.taken: list[Letter] = []
        self.asked = 0

    async def send(self, letter: Letter) -> Receipt:
        """The next answer; None is a server that is away. Without any more, everything is taken."""
        self.asked += 1
        said = self.says[self.asked - 1] if self.asked <= len(self.says) else Receipt("taken")
        if said is None:
            raise WayShut("mail server")
        if said.outcome == "taken":
            self.taken.append(letter)
        return said


class Dying:
    """Implements `Mailer`: takes a letter and never comes back, as a process that is killed between the two."""

    def __init__(self, inner: Mailbox | Script | Smtp, *, before: bool = False) -> None:
        self._inner = inner
        self._before = before
        self.reached = asyncio.Event()

    async def send(self, letter: Letter) -> Receipt:
        if not self._before:
            await self._inner.send(letter)
        self.reached.set()
        await asyncio.Event().wait()
        raise AssertionError


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def desk(
    database: Database, vault: Vault, entropy: Entropy, tenant_id: UUID, script: Script
) -> AsyncIterator[Office]:
    async with office(database, vault, entropy, tenant_id, script) as opened:
        yield opened


async def _journalled(database: Database, tenant_id: UUID) -> list[tuple[str, str, str]]:
    async with await AsyncConnection.connect(database.superuser) as connection:
        return [tuple(row) for row in await (await connection.execute(JOURNALLED, (tenant_id,))).fetchall()]


async def test_letter_reaches_whom_it_is_for_and_leaves_the_outbox(desk: Office, script: Script) -> None:
    user = await desk.user()
    await desk.put("recovery", user.id, link=(link := desk.link()))
    assert await desk.deliver() == 1
    (letter,) = script.taken
    assert letter.to == "ada@example.com"
    assert "Hello Ada," in letter.text.reveal()
    assert f"https://id.example.com/t/acme/recovery/{desk.rooms.secret(_uuid(link))}" in letter.text.reveal()
    assert await desk.waiting() == []


async def test_letter_is_the_same_message_each_time(desk: Office, script: Script) -> None:
    script.says = [Receipt("deferred", 450)]
    item = await desk.put("invitation", link=desk.link())
    await desk.deliver()
    desk.clock.advance(1)
    await desk.deliver()
    assert [letter.id for letter in script.taken] == [item]


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_is_written_from_ids_alone_and_no_row_holds_an_address_or_a_secret(
    desk: Office, script: Script, database: Database, kind: str
) -> None:
    """N37: what lies in the table and its backups opens nothing and names nobody."""
    user = await desk.user()
    subject = None if kind in ("signup", "invitation") else user.id
    if KINDS[kind].leaving:
        await desk.leave(user, NOW + timedelta(days=30))
    ids = {"link": desk.link(), "code": format_id(FACTOR, uuid7(NOW, desk.entropy))}
    ids["connection"] = format_id(CONNECTION, uuid7(NOW, desk.entropy))
    about = {**ids, "to": "contact", "session": format_id(SESSION, uuid7(NOW, desk.entropy)), "factor": "totp"}
    await desk.put(kind, subject, **{name: about[name] for name in KINDS[kind].about})
    async with await AsyncConnection.connect(database.superuser) as connection:
        asked = await connection.execute("select t::text from airside.outbox t where tenant_id = %s", (desk.tenant_id,))
        ((row,),) = await asked.fetchall()
    await desk.deliver()
    (letter,) = script.taken
    assert letter.to == (STRANGER if subject is None else "ada@example.com")
    secrets = [desk.rooms.secret(_uuid(id)) for id in ids.values()]
    for canary in ("example.com", "example.org", "Ada", "Acme", *(secret[:8] for secret in secrets)):
        assert canary not in row
    if KINDS[kind].code or KINDS[kind].button == "link":
        assert any(secret[:8] in letter.text.reveal() for secret in secrets)


async def test_two_nodes_send_each_letter_once(
    database: Database, vault: Vault, entropy: Entropy, tenant_id: UUID, script: Script, desk: Office
) -> None:
    for _ in range(30):
        await desk.invite()
    async with office(database, vault, entropy, tenant_id, script) as other:
        await asyncio.gather(*(node.deliver() for node in (desk, other) for _ in range(3)))
    assert len(script.taken) == len({letter.id for letter in script.taken}) == 30
    assert await desk.waiting() == []


async def test_no_connection_is_held_while_a_letter_is_sent(
    database: Database, vault: Vault, entropy: Entropy, tenant_id: UUID, certificates: DevelopmentCertificates
) -> None:
    """The pool has one connection, and it is free while the mail server thinks: neither held nor locked."""
    async with post(certificates) as server:
        smtp = Smtp(server.at(), sender=SENDER, tls=trusting(certificates))
        async with office(database, vault, entropy, tenant_id, smtp, size=1) as desk:

            async def look() -> None:
                seen.append(await desk.waiting())
                async with desk.engine.begin(tenant_id) as ctx:
                    await ctx.tx.run(
                        "select 1 from airside.outbox where tenant_id = %s for update nowait", (tenant_id,)
                    )

            seen: list[list[Waiting]] = []
            server.on_data = look
            await desk.invite()
            await desk.deliver()
    assert seen == [[Waiting("invitation", 0, False)]]
    assert len(server.envelopes) == 1


async def test_killed_between_sending_and_settling_sends_it_twice_at_most(
    database: Database, vault: Vault, entropy: Entropy, tenant_id: UUID, certificates: DevelopmentCertificates
) -> None:
    """It was taken, but nobody wrote that down: the lease runs out, and the same message goes once more."""
    async with post(certificates) as server:
        smtp = Smtp(server.at(), sender=SENDER, tls=trusting(certificates))
        dying = Dying(smtp)
        async with office(database, vault, entropy, tenant_id, dying) as doomed:
            await doomed.invite()
            await _kill(doomed, dying)
        async with office(database, vault, entropy, tenant_id, smtp) as heir:
            assert await heir.deliver() == 0
            heir.clock.advance(LEASE.total_seconds())
            assert await heir.deliver() == 1
            assert await heir.waiting() == []
    first, second = server.messages()
    assert first["message-id"] == second["message-id"]


async def test_killed_before_sending_loses_nothing(
    database: Database, vault: Vault, entropy: Entropy, tenant_id: UUID, script: Script
) -> None:
    dying = Dying(script, before=True)
    async with office(database, vault, entropy, tenant_id, dying) as doomed:
        await doomed.invite()
        await _kill(doomed, dying)
    async with office(database, vault, entropy, tenant_id, script) as heir:
        heir.clock.advance(LEASE.total_seconds())
        await heir.deliver()
        assert (len(script.taken), await heir.waiting()) == (1, [])


async def test_letter_that_kills_every_sender_is_given_up(
    database: Database, vault: Vault, entropy: Entropy, tenant_id: UUID, script: Script
) -> None:
    """Each lease that ran out counts."""
    dying = Dying(script, before=True)
    async with office(database, vault, entropy, tenant_id, dying) as desk:
        await desk.invite()
        for _ in range(len(BACK_OFF) + 1):
            assert [row.dead for row in await desk.waiting()] == [False]
            await _kill(desk, dying)
            desk.clock.advance(LEASE.total_seconds())
        assert await desk.deliver() == 1
        assert [row.dead for row in await desk.waiting()] == [True]


async def test_mail_server_away_for_days_loses_nothing(
    database: Database, vault: Vault, entropy: Entropy, tenant_id: UUID, certificates: DevelopmentCertificates
) -> None:
    """G12: nobody answers, then somebody does; no attempt of any letter was counted."""
    port = free_port()
    async with post(certificates, "starttls", port) as before:
        smtp = Smtp(before.at(), sender=SENDER, tls=trusting(certificates))
    async with office(database, vault, entropy, tenant_id, smtp) as desk:
        for _ in range(BATCH * 2):
            await desk.invite()
        for _ in range(15):
            await desk.deliver()
            desk.clock.advance(4 * 3600)
        assert await desk.waiting() == [Waiting("invitation", 0, False)] * BATCH * 2
        async with post(certificates, "starttls", port) as server:
            await desk.deliver()
            assert len(server.envelopes) == BATCH * 2
        assert await desk.waiting() == []


async def test_recipient_that_the_server_refuses_for_good_is_given_up_at_once_and_journalled(
    desk: Office, script: Script, database: Database
) -> None:
    script.says = [Receipt("refused", 550)]
    user = await desk.user()
    await desk.put("password_changed", user.id)
    await desk.deliver()
    desk.clock.advance(10 * 24 * 3600)
    assert await desk.deliver() == 0
    assert await desk.waiting() == [Waiting("password_changed", 0, True)]
    ((subject, person, details),) = await _journalled(database, desk.tenant_id)
    assert subject.startswith("mai_")
    assert person == format_id(USER, user.id)
    assert details == '{"attempts":1,"kind":"password_changed","reply":550}'


async def test_letter_that_is_put_off_waits_longer_each_time_and_is_given_up_in_the_end(
    desk: Office, script: Script, database: Database
) -> None:
    script.says = [Receipt("deferred", 451)] * (len(BACK_OFF) + 1)
    await desk.invite()
    for pause in BACK_OFF:
        assert await desk.deliver() == 1
        desk.clock.advance(pause.total_seconds() - 0.001)
        assert await desk.deliver() == 0
        desk.clock.advance(0.001)
    assert [row.dead for row in await desk.waiting()] == [False]
    assert await desk.deliver() == 1
    assert [row.dead for row in await desk.waiting()] == [True]
    assert script.asked == len(BACK_OFF) + 1
    assert len(await _journalled(database, desk.tenant_id)) == 1
    assert list(BACK_OFF) == sorted(BACK_OFF)


async def test_fault_in_one_letter_holds_up_no_other(desk: Office, script: Script) -> None:
    bad = await desk.invite()
    desk.rooms.broken.add(bad)
    for _ in range(3):
        await desk.invite()
    await desk.deliver()
    assert len(script.taken) == 3
    assert await desk.waiting() == [Waiting("invitation", 1, False)]


async def test_letter_whose_key_is_away_waits_unblamed_and_shuts_the_way_for_nobody(
    desk: Office, script: Script
) -> None:
    """A tenant may have its key elsewhere: when it is away, the others' letters go out as ever."""
    link = await desk.invite()
    desk.rooms.away.add(link)
    with capture_logs() as said:
        await desk.deliver()
    assert [(each["event"], each.get("part")) for each in said] == [("item_waits", "key service")]
    assert (script.asked, await desk.waiting()) == (0, [Waiting("invitation", 0, False)])
    desk.rooms.away.clear()
    desk.clock.advance(AGAIN)
    await desk.deliver()
    assert (len(script.taken), await desk.waiting()) == (1, [])


@pytest.mark.parametrize(
    ("kind", "about"), [("postcard", {}), ("recovery", {}), ("recovery", {"link": "word"}), ("factor_added", {})]
)
async def test_item_that_this_build_cannot_read_waits_for_one_that_can(
    desk: Office, script: Script, kind: str, about: dict[str, str]
) -> None:
    user = await desk.user()
    await desk.put(kind, user.id, **about)
    await desk.deliver()
    assert (script.asked, await desk.waiting()) == (0, [Waiting(kind, 1, False)])


async def test_what_is_over_when_it_would_be_sent_is_not_sent(desk: Office, script: Script) -> None:
    """A link that was spent or revoked, a user whom nobody has."""
    desk.rooms.over.add(await desk.invite())
    await desk.put("password_changed", uuid7(NOW, desk.entropy))
    await desk.deliver()
    assert (script.asked, await desk.waiting()) == (0, [])


async def test_closed_account_is_told_of_its_end_and_of_nothing_else(desk: Office, script: Script) -> None:
    user = await desk.user()
    async with desk.engine.begin(desk.tenant_id) as ctx:
        await desk.users.set_state(ctx, user.id, "disabled")
    for kind in ("password_changed", "account_deleted"):
        await desk.put(kind, user.id)
    await desk.deliver()
    assert [letter.subject for letter in script.taken] == ["Acme Instruments: your account is being deleted"]
    assert await desk.waiting() == []


async def test_who_waits_for_their_erasure_is_told_until_when_unless_it_was_cancelled(
    desk: Office, script: Script
) -> None:
    user, stays = await desk.user(), await desk.user("bob@example.com")
    await desk.leave(user, NOW + timedelta(days=30))
    for one in (user, stays):
        await desk.put("erasure_requested", one.id)
    for one in (user, stays):
        await desk.put("erasure_cancelled", one.id)
    await desk.deliver()
    told, kept = sorted(script.taken, key=lambda letter: letter.to)
    assert (told.to, kept.to) == (user.email, stays.email)
    assert f"{NOW + timedelta(days=30):%Y-%m-%d %H:%M} UTC" in told.text.reveal()
    assert kept.subject == "Acme Instruments: your account stays"


async def test_letter_of_a_tenant_without_a_plain_name_is_written(desk: Office, script: Script) -> None:
    """N29, N31: the tenant's name is all that a header takes from anybody."""
    desk.rooms.tenant = "Acme\r\nBcc: all@example.com\u202e<script>"
    await desk.invite()
    await desk.deliver()
    assert script.taken[0].subject == "Acme Bcc: all@example.com<script>: you are invited"


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_happens_every_letter_is_sent_or_given_up(desk: Office, script: Script, seed: int) -> None:
    """G39: drawn weather. Nothing vanishes, nothing is sent more often than it was taken, nothing is tried for ever."""
    drawn = Random(seed)
    weather = [Receipt("taken"), Receipt("taken"), Receipt("deferred", 450), Receipt("refused", 550), None]
    script.says = [drawn.choice(weather) for _ in range(200)]
    put = {await desk.put("invitation", link=desk.link()) for _ in range(40)}
    for _ in range(400):
        await desk.deliver()
        desk.clock.advance(drawn.choice([1, 60, 3600]))
    sent = [letter.id for letter in script.taken]
    left = await desk.waiting()
    assert len(sent) == len(set(sent))
    assert set(sent) <= put
    assert len(sent) + len(left) == len(put)
    assert all(row.dead for row in left)


def _uuid(word: str) -> UUID:
    from airside.core.ids import parse_id

    return parse_id(word[:3], word)


async def _kill(desk: Office, dying: Dying) -> None:
    """End a delivery at the worst moment, without a chance to tidy up."""
    dying.reached.clear()
    task = asyncio.create_task(desk.deliver())
    await asyncio.wait_for(dying.reached.wait(), 10.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
