"""What tokens and families are bound to."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from airside.tokens import Confirmation, RefreshMisbound, RefreshReused, RefreshUnknown
from tests.tokens.kit import CLIENT, GRANT, Kit
from tests.tokens.test_verify import refused, resigned, verify

KEY = Confirmation(jkt="k" * 43)
CERTIFICATE = Confirmation(x5t_s256="c" * 43)
BOTH = Confirmation("k" * 43, "c" * 43)


def test_confirmation_names_something() -> None:
    for empty in ((None, None), ("", None), (None, "")):
        with pytest.raises(ValueError, match="key or a certificate"):
            Confirmation(*empty)
    assert (KEY.token_type, CERTIFICATE.token_type, BOTH.token_type) == ("DPoP", "Bearer", "DPoP")


@pytest.mark.parametrize("bound", [KEY, CERTIFICATE, BOTH])
async def test_token_says_what_it_is_bound_to(keyed: Kit, bound: Confirmation) -> None:
    """RFC 9449 §6.1, RFC 8705 §3.1: the round trip of `cnf`."""
    token = await keyed.access_token(grant=replace(GRANT, confirmation=bound))
    assert (await verify(keyed, token)).confirmation == bound


@pytest.mark.parametrize("cnf", [{}, [], "x", {"jwk": {}}, {"jkt": ""}, {"jkt": 7}, {"jkt": "x", "kid": "y"}])
async def test_binding_that_isnt_understood_refuses_the_token(keyed: Kit, cnf: Any) -> None:
    """N04: it never becomes a bearer token by misunderstanding."""
    assert await refused(keyed, await resigned(keyed, cnf=cnf)) == "claim"


@pytest.mark.parametrize("bound", [KEY, CERTIFICATE, BOTH])
async def test_bound_family_rotates_for_its_key_alone(kit: Kit, bound: Confirmation) -> None:
    """RFC 9449 §5, RFC 8705 §7.1: others are refused, and nothing ends."""
    first = await kit.family(replace(GRANT, confirmation=bound))
    others = {KEY, CERTIFICATE, BOTH, Confirmation(jkt="o" * 43), None} - {bound}
    async with kit.at(1) as ctx:
        for proven in others:
            with pytest.raises(RefreshMisbound):
                await kit.families.rotate(ctx, first, CLIENT, public=True, proven=proven)
        rotation = await kit.families.rotate(ctx, first, CLIENT, public=True, proven=bound)
    assert rotation.family.grant.confirmation == bound


async def test_family_that_isnt_bound_takes_any_key(kit: Kit) -> None:
    """RFC 9449 §5: confidential clients may change theirs."""
    token = await kit.family()
    for seconds, proven in enumerate((None, KEY, CERTIFICATE)):
        async with kit.at(seconds) as ctx:
            token = (await kit.families.rotate(ctx, token, CLIENT, public=False, proven=proven)).token.reveal()


async def test_thief_without_the_key_can_neither_retry_nor_end_a_family(kit: Kit) -> None:
    """The spent token of a bound family is worth nothing without the key."""
    first = await kit.family(replace(GRANT, confirmation=KEY))
    async with kit.at(1) as ctx:
        second = await kit.families.rotate(ctx, first, CLIENT, public=True, proven=KEY)
    async with kit.at(2) as ctx:
        with pytest.raises(RefreshMisbound):
            await kit.families.rotate(ctx, first, CLIENT, public=True)
    async with kit.at(timedelta(hours=1).total_seconds()) as ctx:
        again = await kit.families.rotate(ctx, first, CLIENT, public=True, proven=KEY)
        assert again.token.reveal() == second.token.reveal()
        await kit.families.rotate(ctx, second.token.reveal(), CLIENT, public=True, proven=KEY)
    async with kit.at(timedelta(hours=2).total_seconds()) as ctx:
        with pytest.raises(RefreshReused):
            await kit.families.rotate(ctx, first, CLIENT, public=True, proven=KEY)
        with pytest.raises(RefreshUnknown):
            await kit.families.rotate(ctx, "art_", CLIENT, public=True, proven=KEY)
