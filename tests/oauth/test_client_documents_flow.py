"""A whole code flow of a client that is named by the address of its own metadata."""

from airside.audit import Journal
from airside.oauth import (
    AuthorizationCodeGrant,
    ClientAuthentication,
    ClientLookup,
    Credentials,
    IdTokens,
    Standing,
    TokenEndpoint,
    records_consents,
    registry,
)
from airside.protocols.jose import peek_claims
from airside.tokens import TokenIssuer
from airside.vault import Vault
from tests.oauth.documents import Site, clients_server, site, tls
from tests.oauth.provider import CALLBACK, ISSUER, VERIFIER

__all__ = ["clients_server", "site", "tls"]


async def test_person_signs_in_to_such_a_client_and_its_tokens_bear_its_address(site: Site, vault: Vault) -> None:
    """§3: the address is the client's id wherever there is one: `client_id` and `aud` of its tokens too (RFC 9068 §2.2,
    OpenID Connect Core §2)."""
    provider = site.provider
    site.serve(redirect_uris=[CALLBACK], scope="openid")
    client = await site.find()
    assert client is not None
    user, session, _ = await provider.signed_in()
    async with provider.ctx() as ctx:
        await records_consents.grow(ctx, user.id, client.client_id, client.scopes)
    journal = Journal(vault=vault, entropy=provider.entropy)
    lookup = ClientLookup(memory=provider.memory, documents=site.documents)
    endpoint = TokenEndpoint(
        authentication=ClientAuthentication(
            lookup=lookup, limiter=provider.limiter, journal=journal, proofs=provider.proofs
        ),
        senders=provider.senders,
        grants=registry(
            AuthorizationCodeGrant(
                codes=provider.codes,
                standing=Standing(users=provider.kit.users, revocations=provider.kit.revocations),
                consents=provider.consents,
                roles=provider.roles,
                families=provider.families,
                claims_requests=provider.claims_requests,
            )
        ),
        issuer=TokenIssuer(keys=provider.keys, entropy=provider.entropy),
        id_tokens=IdTokens(
            issuer=TokenIssuer(keys=provider.keys, entropy=provider.entropy), subjects=provider.subjects
        ),
        journal=journal,
    )
    code = await provider.code(client, session, scope="openid")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    async with provider.ctx() as ctx:
        answered = await endpoint.exchange(ctx, ISSUER, Credentials("none", site.address), form)
    assert answered.id_token is not None
    assert peek_claims(answered.access_token.reveal())["client_id"] == site.address
    assert peek_claims(answered.id_token.reveal())["aud"] == site.address
