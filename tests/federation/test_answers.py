"""Answers: kept for the login that waits for them, given once, and nothing to anybody else."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from airside.core.errors import Forbidden, LimitExceeded, NotFound, TooLarge, Unauthenticated
from airside.federation import ConnectionDraft, Redeemed
from airside.federation.model import ANSWER_LIFETIME, REQUEST_LIFETIME
from airside.federation.requests import MAX_OPEN, WORD_CHARACTERS
from airside.store import RequestContext
from tests.federation.kit import OIDC, SAML, FederationKit, new_login
from tests.makers import MakeTenant


def _later(ctx: RequestContext, by: timedelta) -> RequestContext:
    return replace(ctx, now=ctx.now + by)


async def test_answer_comes_back_with_what_was_noted(federation: FederationKit) -> None:
    made, login = await federation.connection(), new_login()
    word = await federation.came(made, login, {"code": "c", "iss": "i"}, {"nonce": "n"})
    async with federation.begin() as ctx:
        redeemed = await federation.answers.redeem(ctx, login, "oidc", word)
    assert (redeemed.connection, redeemed.details, redeemed.fields) == (made, {"nonce": "n"}, {"code": "c", "iss": "i"})


async def test_word_fits_into_relay_state(federation: FederationKit) -> None:
    """SAML Bindings §3.4.3: RelayState is at most 80 bytes."""
    made = await federation.connection()
    async with federation.begin() as ctx:
        word = await federation.requests.note(ctx, new_login(), made, {})
    assert len(word) == WORD_CHARACTERS <= 80


async def test_of_fifty_at_once_one_takes_the_answer(federation: FederationKit) -> None:
    made, login = await federation.connection(), new_login()
    word = await federation.came(made, login)

    async def redeem() -> bool:
        try:
            async with federation.begin() as ctx:
                await federation.answers.redeem(ctx, login, "oidc", word)
        except (Unauthenticated, LimitExceeded):
            return False
        return True

    assert sum(await asyncio.gather(*[redeem() for _ in range(50)])) == 1


async def test_of_fifty_answers_at_once_one_is_kept(federation: FederationKit) -> None:
    """N14: whoever learns the state can't put another answer in the place of the first."""
    made, login = await federation.connection(), new_login()
    async with federation.begin() as ctx:
        word = await federation.requests.note(ctx, login, made, {})

    async def receive(number: int) -> str:
        async with federation.begin() as ctx:
            return (await federation.answers.receive(ctx, "oidc", made.id, word, {"code": str(number)})).word

    words = [word for word in await asyncio.gather(*[receive(number) for number in range(50)]) if word]
    assert len(words) == 1


async def test_of_fifty_at_once_one_spends_an_assertion(federation: FederationKit) -> None:
    made = await federation.connection(ConnectionDraft("Example", SAML))

    async def spend() -> bool:
        try:
            async with federation.begin() as ctx:
                await federation.answers.spend_assertion(ctx, made, "_a1", ctx.now + timedelta(minutes=5))
        except Unauthenticated:
            return False
        return True

    assert sum(await asyncio.gather(*[spend() for _ in range(50)])) == 1


async def test_assertion_of_another_connection_is_another(federation: FederationKit) -> None:
    """Two providers may draw the same id."""
    made = [await federation.connection(ConnectionDraft(name, SAML)) for name in ("one", "two")]
    async with federation.begin() as ctx:
        for each in made:
            await federation.answers.spend_assertion(ctx, each, "_a1", ctx.now + timedelta(minutes=5))


async def test_answer_of_another_login_is_nothing(federation: FederationKit) -> None:
    """N11: an answer that was fetched in one browser signs nobody in in another."""
    made = await federation.connection()
    word = await federation.came(made, new_login())
    async with federation.begin() as ctx:
        with pytest.raises(Unauthenticated):
            await federation.answers.redeem(ctx, new_login(), "oidc", word)


async def test_state_of_another_connection_is_nothing(federation: FederationKit) -> None:
    """N06, N17: what one provider was asked, another doesn't answer (mix-up)."""
    one, two = await federation.connection(), await federation.connection()
    async with federation.begin() as ctx:
        word = await federation.requests.note(ctx, new_login(), one, {})
        with pytest.raises(NotFound):
            await federation.answers.receive(ctx, "oidc", two.id, word, {})


async def test_answer_to_another_kind_of_door_is_nothing(federation: FederationKit) -> None:
    """N06: a callback's answer isn't an assertion consumer service's, at either end."""
    made, login = await federation.connection(), new_login()
    word = await federation.came(made, login)
    async with federation.begin() as ctx:
        with pytest.raises(NotFound):
            await federation.answers.receive(ctx, "saml", made.id, word, {})
        with pytest.raises(Unauthenticated):
            await federation.answers.redeem(ctx, login, "saml", word)


async def test_state_is_no_word_for_the_answer(federation: FederationKit) -> None:
    """N06: the provider knows the state; it opens nothing."""
    made, login = await federation.connection(), new_login()
    async with federation.begin() as ctx:
        state = await federation.requests.note(ctx, login, made, {})
        await federation.answers.receive(ctx, "oidc", made.id, state, {})
        with pytest.raises(Unauthenticated):
            await federation.answers.redeem(ctx, login, "oidc", state)


async def test_tenants_are_apart(federation: FederationKit, make_tenant: MakeTenant) -> None:
    """N20: another tenant's state and answer are nothing here."""
    made, login = await federation.connection(), new_login()
    async with federation.begin() as ctx:
        state = await federation.requests.note(ctx, login, made, {})
    word = await federation.came(made, login)
    async with federation.kit.open_ctx(await make_tenant()) as ctx:
        with pytest.raises(NotFound):
            await federation.answers.receive(ctx, "oidc", made.id, state, {})
        with pytest.raises(Unauthenticated):
            await federation.answers.redeem(ctx, login, "oidc", word)


@pytest.mark.parametrize("word", ["", "a", "A" * 43, "A" * 44, "ä" * 43, "A" * 100_000])
async def test_word_that_nobody_gave_is_nothing(federation: FederationKit, word: str) -> None:
    made = await federation.connection()
    async with federation.begin() as ctx:
        with pytest.raises(NotFound):
            await federation.answers.receive(ctx, "oidc", made.id, word, {})
        with pytest.raises(Unauthenticated):
            await federation.answers.redeem(ctx, new_login(), "oidc", word)


async def test_answer_over_the_cap_is_refused(federation: FederationKit) -> None:
    made = await federation.connection()
    async with federation.begin() as ctx:
        word = await federation.requests.note(ctx, new_login(), made, {})
        with pytest.raises(TooLarge):
            await federation.answers.receive(ctx, "oidc", made.id, word, {"SAMLResponse": "A" * 65_537})


async def test_disabled_connection_takes_no_answer_and_gives_none(federation: FederationKit) -> None:
    """N18: neither one that comes then, nor one that has come before."""
    made, login = await federation.connection(), new_login()
    async with federation.begin() as ctx:
        state = await federation.requests.note(ctx, login, made, {})
    word = await federation.came(made, login)
    async with federation.begin() as ctx:
        await federation.connections.disable(ctx, made.id)
    async with federation.begin() as ctx:
        with pytest.raises(NotFound):
            await federation.answers.receive(ctx, "oidc", made.id, state, {})
        with pytest.raises(Unauthenticated):
            await federation.answers.redeem(ctx, login, "oidc", word)
        await federation.connections.enable(ctx, made.id)
        with pytest.raises(Unauthenticated):
            await federation.answers.redeem(ctx, login, "oidc", word)


async def test_late_request_and_late_answer_are_nothing_and_are_swept(federation: FederationKit) -> None:
    made, login = await federation.connection(), new_login()
    async with federation.begin() as ctx:
        state = await federation.requests.note(ctx, login, made, {})
        late = _later(ctx, REQUEST_LIFETIME)
        with pytest.raises(NotFound):
            await federation.answers.receive(late, "oidc", made.id, state, {})
    word = await federation.came(made, login)
    async with federation.begin() as ctx:
        late = _later(ctx, ANSWER_LIFETIME)
        with pytest.raises(Unauthenticated):
            await federation.answers.redeem(late, login, "oidc", word)
        assert await federation.answers.sweep(late) == 1
        assert await federation.answers.sweep(_later(ctx, REQUEST_LIFETIME)) == 2


async def test_login_waits_for_a_bounded_number_of_answers(federation: FederationKit) -> None:
    made, login = await federation.connection(), new_login()
    async with federation.begin() as ctx:
        for _ in range(MAX_OPEN):
            await federation.requests.note(ctx, login, made, {})
        with pytest.raises(Forbidden):
            await federation.requests.note(ctx, login, made, {})


async def test_unasked_answer_has_no_details(federation: FederationKit) -> None:
    """What no login asked for says so, so that a door that doesn't take it can refuse."""
    made, login = await federation.connection(ConnectionDraft("Example", SAML)), new_login()
    async with federation.begin() as ctx:
        received = await federation.answers.receive_unasked(ctx, made.id, login.flow_id, {"SAMLResponse": "x"})
        redeemed = await federation.answers.redeem(ctx, login, "saml", received.word)
    assert redeemed.details is None


async def test_failures_of_an_origin_are_bounded(federation: FederationKit) -> None:
    """N13: verification costs work; nobody has it done for nothing for long."""
    async with federation.begin() as ctx:
        with pytest.raises(LimitExceeded):
            for _ in range(100):
                with pytest.raises(Unauthenticated):
                    await federation.answers.redeem(ctx, new_login(), "oidc", "A" * 43)


async def test_redeemed_is_made_by_redeeming(federation: FederationKit) -> None:
    """Proof is a type: nobody else makes one."""
    made = await federation.connection(ConnectionDraft("Example", OIDC))
    with pytest.raises(TypeError):
        Redeemed(made, {}, {}, object())  # type: ignore[arg-type]  # what a forger would hold


async def test_unasked_answer_of_another_login_is_nothing(federation: FederationKit) -> None:
    """N11: no request of its own keeps it to its browser, its login alone does."""
    made, login = await federation.connection(ConnectionDraft("Example", SAML)), new_login()
    async with federation.begin() as ctx:
        received = await federation.answers.receive_unasked(ctx, made.id, login.flow_id, {"SAMLResponse": "x"})
    with pytest.raises(Unauthenticated):
        async with federation.begin() as ctx:
            await federation.answers.redeem(ctx, new_login(), "saml", received.word)
