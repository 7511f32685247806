"""Whoever signs out here is led to sign out at the issuer that they came by."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace

from airside.core.strict_json import Json
from airside.federation import Connection, Departure, LinkedProof
from airside.federation.linking import MAX_HINT
from airside.federation.sessions import KEPT
from airside.identity import Session
from airside.protocols.jose import peek_claims
from tests.federation.oidc_kit import OURS, OidcKit
from tests.federation.test_oidc_logout import ADA, began

SEALED = "select hint_sealed from airside.federated_session where tenant_id = %s and session_id = %s"


async def signed_in(oidc: OidcKit, claims: dict[str, Json] = ADA, **settings: Any) -> tuple[Connection, Session]:
    """A session through a connection with these settings, to an issuer that announces where one signs out."""
    oidc.issuer.metadata.setdefault("end_session_endpoint", f"{oidc.issuer.url}/end?tenant=1")
    connection = await oidc.connection(oidc.settings(**settings))
    proof = await oidc.sign_in(connection, claims)
    return connection, await began(oidc, recalled(oidc, proof))


def recalled(oidc: OidcKit, proof: LinkedProof) -> LinkedProof:
    """As a login that waited for a second factor has it."""
    again = oidc.door.recollect(proof.user_id, proof.at, proof.weight, proof.memory())
    assert isinstance(again, LinkedProof)
    return again


async def leave(oidc: OidcKit, session: Session) -> Departure | None:
    """Where the browser goes, its session ended."""
    async with oidc.federation.begin() as ctx:
        (proven,) = await oidc.federation.sessions.of_session(ctx, session.id)
        await oidc.federation.kit.sessions.end(ctx, session.id)
        return await oidc.sign_outs.begin(ctx, proven)


async def test_browser_is_led_to_the_issuer_with_the_id_token_as_a_hint(oidc: OidcKit) -> None:
    """RP-Initiated Logout 1.0 §2: `id_token_hint`, `client_id`; by GET, for a form brings no cookie of the issuer's."""
    connection, session = await signed_in(oidc)
    departure = await leave(oidc, session)
    assert departure is not None
    assert departure.fields is None
    parts = urlsplit(departure.url)
    said = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{oidc.issuer.url}/end"
    hint = peek_claims(said.pop("id_token_hint"))
    assert (hint["iss"], hint["sub"]) == (oidc.issuer.url, "subject-1")
    assert said == {"tenant": "1", "client_id": oidc.settings().client_id}
    assert connection.kind == "oidc"


async def test_browser_is_led_back_where_the_connection_says_so(oidc: OidcKit) -> None:
    """RP-Initiated Logout 1.0 §3: the address has to be registered there, so it isn't sent unasked."""
    _, session = await signed_in(oidc, returns_after_logout=True)
    departure = await leave(oidc, session)
    assert departure is not None
    assert parse_qs(urlsplit(departure.url).query)["post_logout_redirect_uri"] == [f"{OURS}/signin"]


@pytest.mark.parametrize(
    ("metadata", "settings"),
    [
        ({"end_session_endpoint": None}, {}),
        ({"end_session_endpoint": "http://elsewhere.example/end"}, {}),
        ({"end_session_endpoint": "javascript:alert(1)"}, {}),
        ({}, {"single_logout": False}),
    ],
)
async def test_browser_stays_where_nothing_is_announced_or_wanted_or_it_is_no_address(
    oidc: OidcKit, metadata: dict[str, Json], settings: dict[str, Any]
) -> None:
    """N10: a browser is led to https addresses only."""
    oidc.issuer.metadata |= metadata
    _, session = await signed_in(oidc, **settings)
    assert await leave(oidc, session) is None


async def test_issuer_that_is_away_keeps_nobody_signed_in(oidc: OidcKit) -> None:
    _, session = await signed_in(oidc)
    oidc.clock.advance(30 * 86_400.0)
    oidc.issuer.answers["/.well-known/openid-configuration"] = ("503 Away", "Content-Type: text/plain", b"")
    assert await leave(oidc, session) is None
    async with oidc.federation.begin() as ctx:
        assert await oidc.federation.kit.sessions.live(ctx, session.id) is None


async def test_disabled_connection_leads_nowhere(oidc: OidcKit) -> None:
    """N18."""
    connection, session = await signed_in(oidc)
    async with oidc.federation.begin() as ctx:
        (proven,) = await oidc.federation.sessions.of_session(ctx, session.id)
        await oidc.connections.disable(ctx, connection.id)
        assert await oidc.sign_outs.begin(ctx, proven) is None


async def test_id_token_too_long_for_an_address_is_left_out(oidc: OidcKit) -> None:
    _, session = await signed_in(oidc, {**ADA, "groups": ["g" * 60 + str(number) for number in range(MAX_HINT // 60)]})
    departure = await leave(oidc, session)
    assert departure is not None
    assert "id_token_hint" not in departure.url
    assert "client_id=" in departure.url


async def test_id_token_is_sealed_where_it_is_kept(oidc: OidcKit) -> None:
    """G40."""
    _, session = await signed_in(oidc)
    async with oidc.federation.begin() as ctx:
        (row,) = await ctx.tx.all(_Row, SEALED, (ctx.tenant_id, session.id))
        (proven,) = await oidc.federation.sessions.of_session(ctx, session.id)
        hint = await oidc.federation.sessions.hint(ctx, proven)
    assert row.hint_sealed == proven.hint
    assert hint is not None
    assert hint.reveal().encode() not in row.hint_sealed


async def test_what_is_known_of_a_session_is_forgotten_once_none_can_live(oidc: OidcKit) -> None:
    _, session = await signed_in(oidc)
    for passed, left in ((KEPT - timedelta(minutes=1), 1), (KEPT + timedelta(minutes=1), 0)):
        async with oidc.federation.begin() as ctx:
            later = replace(ctx, now=ctx.now + passed)
            await oidc.federation.sessions.sweep(later)
            assert len(await oidc.federation.sessions.of_session(ctx, session.id)) == left


@dataclass(frozen=True)
class _Row:
    hint_sealed: bytes
