"""What one token may be exchanged for (RFC 8693): never for more than it gives itself. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from airside.oauth.errors import InvalidRequest, InvalidScope, InvalidTarget
from airside.oauth.model import Client
from airside.oauth.narrowing import requested_scopes
from airside.tokens import MAX_ACTORS, AccessGrant, Confirmation, VerifiedToken


def held_by(token: VerifiedToken) -> AccessGrant:
    """What the token says, as the grant of another that can't outlive it."""
    return AccessGrant(
        subject=token.subject,
        client_id=token.client_id,
        audience=token.audience,
        scope=token.scope,
        roles=token.roles,
        auth_time=None if token.auth_time is None else datetime.fromtimestamp(token.auth_time, UTC),
        acr=token.acr,
        amr=token.amr,
        session_id=token.session_id,
        family_id=token.family_id,
        actors=token.actors,
        not_after=datetime.fromtimestamp(token.expires_at, UTC),
    )


def concerns(client: Client, held: AccessGrant) -> bool:
    """Whether the client has any business with the token: it was issued to it, or is meant for what it stands for."""
    return held.client_id == client.word or not set(held.audience).isdisjoint(client.audiences)


def proves(sender: Confirmation | None, bound: Confirmation | None) -> bool:
    """Whether the sender holds everything that a token is bound to."""
    if bound is None:
        return True
    return sender is not None and bound.jkt in (None, sender.jkt) and bound.x5t_s256 in (None, sender.x5t_s256)


def acting(client: Client, held: AccessGrant, named: str | None, may_act: str | None) -> str | None:
    """Who will be said to act for the subject of a token: whom an actor token `named`, if not the subject, else the
    client itself; None where nobody is, for the client may impersonate, or is the subject.

    Raises:
        InvalidRequest: the token's `may_act` is about somebody else (RFC 8693 §4.4).
    """
    acts = client.word if named in (None, held.subject) else named
    if may_act is not None and may_act != acts:
        raise InvalidRequest("may_act is about another")
    if acts == held.subject or (named is None and client.settings.token_exchange == "impersonation"):
        return None
    return acts


def exchanged(
    client: Client,
    held: AccessGrant,
    *,
    actor: str | None,
    scope: str | None,
    targets: Sequence[str],
    roles: Sequence[str],
) -> AccessGrant:
    """What `client` gets for what it `held`: those scopes that both have, for audiences of its own, for no longer, with
    those `roles` of this moment that were there before, as strongly and as long ago proven, and of the same session and
    family, with which it ends.

    Raises:
        InvalidScope: malformed, or more than both have, or they have none in common.
        InvalidTarget: an audience that isn't the client's.
        InvalidRequest: too many act for one another.
    """
    most = held.scope & client.scopes
    if not most:
        raise InvalidScope("nothing in common")
    if not set(targets) <= set(client.audiences):
        raise InvalidTarget("an audience of somebody else")
    actors = held.actors if actor is None else (actor, *held.actors)
    if len(actors) > MAX_ACTORS:
        raise InvalidRequest("too long a chain of actors")
    return replace(
        held,
        client_id=client.word,
        audience=tuple(targets) or client.audiences,
        scope=requested_scopes(scope, most),
        roles=tuple(role for role in roles if role in held.roles),
        actors=actors,
    )
