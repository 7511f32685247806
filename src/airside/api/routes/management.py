"""The management API of one tenant, `/t/{slug}/api/v1/…`: parse, say one verb, render."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, SecretStr

from airside.access import Contexts
from airside.admin import (
    AlertAdmin,
    ApiKeyAdmin,
    AuditAdmin,
    ClientAdmin,
    ConnectionAdmin,
    ConsentAdmin,
    DomainAdmin,
    FactorAdmin,
    IdentityAdmin,
    IncidentAdmin,
    InvitationAdmin,
    MemberAdmin,
    PolicyAdmin,
    RegistrationTokenAdmin,
    ResponseAdmin,
    RoleAdmin,
    ScimTokenAdmin,
    ScopeAdmin,
    SecretAdmin,
    ServiceAccountAdmin,
    SessionAdmin,
    SetupAdmin,
    TransferAdmin,
    UserAdmin,
    VaultAdmin,
    WebhookAdmin,
)
from airside.api.cursors import Cursors
from airside.api.routes import (
    alerts,
    api_keys,
    audit,
    clients,
    connections,
    consents,
    domains,
    erasures,
    factors,
    identities,
    incidents,
    invitations,
    policies,
    registration_tokens,
    response,
    roles,
    scim_tokens,
    scopes,
    secrets,
    setups,
    transfer,
    vault_keys,
    webhooks,
)
from airside.api.strict import MAX_PAGE, PAGE, Answer, Body, StrictRoute, caller_by, path_id
from airside.core.errors import InvalidInput
from airside.core.ids import SESSION, USER, format_id
from airside.core.secret import Secret
from airside.identity import Session, User
from airside.store import RequestContext


@dataclass(frozen=True, slots=True)
class Management:
    """The verbs that the management API renders."""

    contexts: Contexts
    users: UserAdmin
    members: MemberAdmin
    invitations: InvitationAdmin
    roles: RoleAdmin
    sessions: SessionAdmin
    clients: ClientAdmin
    scopes: ScopeAdmin
    registration_tokens: RegistrationTokenAdmin
    scim_tokens: ScimTokenAdmin
    policies: PolicyAdmin
    transfer: TransferAdmin
    factors: FactorAdmin
    identities: IdentityAdmin
    connections: ConnectionAdmin
    domains: DomainAdmin
    consents: ConsentAdmin
    setups: SetupAdmin
    vault: VaultAdmin
    secrets: SecretAdmin
    audit: AuditAdmin
    alerts: AlertAdmin
    api_keys: ApiKeyAdmin
    service_accounts: ServiceAccountAdmin
    response: ResponseAdmin
    incidents: IncidentAdmin
    webhooks: WebhookAdmin
    cursors: Cursors


class NewUser(Body):
    email: Annotated[str, Field(max_length=254)]
    name: Annotated[str, Field(max_length=200)] = ""
    password: SecretStr | None = None


class NewPassword(Body):
    password: SecretStr


class UserPatch(Body):
    state: Literal["active", "disabled"]


class UserAnswer(Answer):
    id: str
    email: str
    name: str
    state: Literal["active", "disabled"]
    created_at: datetime


class UserPage(Answer):
    users: list[UserAnswer]
    next_cursor: str | None = None


class SessionAnswer(Answer):
    id: str
    user_id: str
    acr: str
    amr: list[str]
    auth_time: datetime
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class SessionPage(Answer):
    sessions: list[SessionAnswer]


def router(management: Management) -> APIRouter:
    """Every route of the management API."""
    routes = APIRouter(route_class=StrictRoute, prefix="/t/{slug}/api/v1")
    caller = caller_by(management.contexts.bearer)
    transfer.add(routes, caller, management.transfer, management.cursors)  # no id is spelled like its addresses
    _user_routes(routes, caller, management.users, management.cursors)
    erasures.add(routes, caller, management.users)
    roles.add(routes, caller, management.members, management.roles, management.cursors)
    invitations.add(routes, caller, management.invitations, management.cursors)
    _session_routes(routes, caller, management.sessions)
    clients.add(routes, caller, management.clients, management.cursors)
    registration_tokens.add(routes, caller, management.registration_tokens)
    scim_tokens.add(routes, caller, management.scim_tokens)
    scopes.add(routes, caller, management.scopes)
    factors.add(routes, caller, management.factors)
    identities.add(routes, caller, management.identities)
    connections.add(routes, caller, management.connections, management.cursors)
    domains.add(routes, caller, management.domains, management.cursors)
    consents.add(routes, caller, management.consents)
    setups.add(routes, caller, management.setups, management.cursors)
    policies.add(routes, caller, management.policies)
    vault_keys.add(routes, caller, management.vault)
    secrets.add(routes, caller, management.secrets, management.cursors)
    audit.add(routes, caller, management.audit, management.cursors)
    alerts.add(routes, caller, management.alerts, management.cursors)
    api_keys.add(routes, caller, management.api_keys, management.service_accounts, management.cursors)
    response.add(routes, caller, management.response)
    incidents.add(routes, caller, management.incidents, management.cursors)
    webhooks.add(routes, caller, management.webhooks, management.cursors)
    return routes


def _user_routes(routes: APIRouter, caller: Any, verbs: UserAdmin, cursors: Cursors) -> None:
    @routes.post("/users", status_code=201, tags=["users"])
    async def create_user(body: NewUser, ctx: RequestContext = caller) -> UserAnswer:
        password = None if body.password is None else Secret(body.password.get_secret_value())
        return _user(await verbs.create(ctx, body.email, body.name, password))

    @routes.get("/users", tags=["users"])
    async def list_users(
        email: str | None = None,
        email_domain: str | None = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
        ctx: RequestContext = caller,
    ) -> UserPage:
        if email is not None and email_domain is not None:
            raise InvalidInput("either an address or a domain", pointer="email_domain")
        if email is not None:
            return UserPage(users=[_user(await verbs.find(ctx, email))])
        listing = "users" if email_domain is None else "users at a domain"
        after = None if cursor is None else await cursors.read(ctx, listing, cursor)
        if email_domain is not None:
            page = await verbs.at_domain(ctx, email_domain, after, limit)
            more = None if page.after is None else await cursors.make(ctx, listing, page.after)
            return UserPage(users=[_user(user) for user in page.users], next_cursor=more)
        found = await verbs.list(ctx, after, limit)
        last = await cursors.make(ctx, listing, found[-1].id) if len(found) == limit else None
        return UserPage(users=[_user(user) for user in found], next_cursor=last)

    @routes.get("/users/{user_id}", tags=["users"])
    async def get_user(user_id: str, ctx: RequestContext = caller) -> UserAnswer:
        return _user(await verbs.get(ctx, path_id(USER, user_id)))

    @routes.patch("/users/{user_id}", tags=["users"])
    async def change_user(user_id: str, body: UserPatch, ctx: RequestContext = caller) -> UserAnswer:
        return _user(await verbs.set_state(ctx, path_id(USER, user_id), body.state))

    @routes.delete("/users/{user_id}", status_code=204, tags=["users"])
    async def erase_user(user_id: str, ctx: RequestContext = caller) -> None:
        await verbs.erase(ctx, path_id(USER, user_id))

    @routes.put("/users/{user_id}/password", status_code=204, tags=["users"])
    async def set_password(user_id: str, body: NewPassword, ctx: RequestContext = caller) -> None:
        await verbs.set_password(ctx, path_id(USER, user_id), Secret(body.password.get_secret_value()))


def _session_routes(routes: APIRouter, caller: Any, verbs: SessionAdmin) -> None:
    @routes.get("/users/{user_id}/sessions", tags=["sessions"])
    async def list_sessions(user_id: str, ctx: RequestContext = caller) -> SessionPage:
        found = await verbs.list(ctx, path_id(USER, user_id))
        return SessionPage(sessions=[_session(session) for session in found])

    @routes.delete("/users/{user_id}/sessions", status_code=204, tags=["sessions"])
    async def end_sessions(user_id: str, ctx: RequestContext = caller) -> None:
        await verbs.end_all(ctx, path_id(USER, user_id))

    @routes.delete("/sessions/{session_id}", status_code=204, tags=["sessions"])
    async def end_session(session_id: str, ctx: RequestContext = caller) -> None:
        await verbs.end(ctx, path_id(SESSION, session_id))


def _user(user: User) -> UserAnswer:
    return UserAnswer(
        id=format_id(USER, user.id), email=user.email, name=user.name, state=user.state, created_at=user.created_at
    )


def _session(session: Session) -> SessionAnswer:
    return SessionAnswer(
        id=format_id(SESSION, session.id),
        user_id=format_id(USER, session.user_id),
        acr=session.assurance,
        amr=list(session.amr),
        auth_time=session.auth_time,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        expires_at=session.expires_at,
    )
