"""Managing takes two factors, lately: what a person is told who has proven less, and how they get on."""

import re
from dataclasses import replace as changed
from datetime import timedelta

import pytest
from msgspec.structs import replace

from airside.admin.users import READ
from airside.core.errors import AssuranceTooLow, Forbidden
from airside.core.principal import Assurance, Principal
from airside.identity import PasskeyPolicy
from airside.tenancy import AdministrationPolicy, TenantPolicy
from tests.admin.kit import EVERY, Manager, make_manager
from tests.running import Place
from tests.surface import token_with
from tests.trips.generator import generator
from tests.trips.manager import manage, person_tokens
from tests.trips.visitor import NATIVE, code_for, redeem, visitor

MANAGED = ("/users", "/roles", "/policies", "/clients", "/members?role=member")


async def test_password_alone_manages_nothing_and_the_answer_says_what_does(place: Place) -> None:
    """N12: RFC 9470, from the refusal to the step-up that lifts it."""
    user = await place.user("administrator")
    scopes = "openid users:read roles:read policies:read clients:read members:read"
    client, _ = await place.client(changed(NATIVE, audiences=(place.issuer,), scopes=frozenset(scopes.split())))
    async with visitor(place) as browser:
        weak = (await redeem(place, client, await code_for(place, client, user, browser, scope=scopes))).json()
    for path in MANAGED:
        answer = await manage(place, weak["access_token"], "GET", path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == (
            'Bearer error="insufficient_user_authentication", acr_values="aal2", max_age="43200", '
            f'resource_metadata="{place.server.url}/.well-known/oauth-protected-resource/t/{place.slug}"'
        )
        assert answer.json()["code"] == "insufficient_user_authentication"
    app = await generator(place, user)
    async with visitor(place) as browser:
        code = await code_for(place, client, user, browser, app, scope=scopes, acr_values="aal2", max_age="43200")
        strong = (await redeem(place, client, code)).json()
    for path in MANAGED:
        assert (await manage(place, strong["access_token"], "GET", path)).status_code == 200


async def test_programs_and_operators_have_no_assurance_to_show(place: Place) -> None:
    token = await token_with(place, "users:read")
    assert (await manage(place, token, "GET", "/users")).status_code == 200
    async with place.operator() as ctx:
        await place.server.services.user_admin.list(ctx)


async def test_interfaces_of_programs_take_a_person_of_one_factor(place: Place) -> None:
    """An application checks permissions on behalf of whoever is signed in to it."""
    user = await place.user("administrator")
    client, _ = await place.client(
        changed(NATIVE, audiences=(place.issuer,), scopes=frozenset({"openid", "permissions:read"}))
    )
    async with visitor(place) as browser:
        code = await code_for(place, client, user, browser, scope="openid permissions:read")
    token = (await redeem(place, client, code)).json()["access_token"]
    async with place.server.client() as http:
        answer = await http.get(f"{place.server.url}/stores", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200


async def test_who_may_not_isnt_asked_to_prove_more(place: Place) -> None:
    """403 and not 401: no second factor would help."""
    _, tokens = await person_tokens(place, await place.user("member"), "users:read")
    assert (await manage(place, tokens["access_token"], "GET", "/users")).status_code == 403


@pytest.mark.parametrize(
    ("assurance", "minutes", "administration", "taken"),
    [
        ("aal2", 0, AdministrationPolicy(), True),
        ("aal2", 720, AdministrationPolicy(), True),
        ("aal2", 721, AdministrationPolicy(), False),
        ("aal2", None, AdministrationPolicy(), False),
        ("aal1", 0, AdministrationPolicy(), False),
        ("aal0", 0, AdministrationPolicy(), False),
        ("aal3", 0, AdministrationPolicy(), True),
        ("aal2", 15, AdministrationPolicy(max_age_minutes=15), True),
        ("aal2", 16, AdministrationPolicy(max_age_minutes=15), False),
        ("aal2", 0, AdministrationPolicy("aal3"), False),
        ("aal3", 0, AdministrationPolicy("aal3"), True),
    ],
)
async def test_tenant_says_how_strongly_and_how_lately(
    place: Place, assurance: Assurance, minutes: int | None, administration: AdministrationPolicy, taken: bool
) -> None:
    """N12: stale assurance counts as none."""
    services = place.server.services
    policy = replace(TenantPolicy(), administration=administration, passkeys=PasskeyPolicy(attestation="preferred"))
    async with place.operator() as ctx:
        await services.policy_admin.change(ctx, 0, policy)
    manager = await make_manager(place, "users:read", "roles:write")
    async with services.engine.begin(place.tenant_id) as opened:
        at = None if minutes is None else opened.now - timedelta(minutes=minutes)
        ctx = opened.known_as(Principal("user", manager.subject, EVERY, assurance, at))
        if taken:
            await services.user_admin.list(ctx)
            return
        with pytest.raises(AssuranceTooLow) as refused:
            await services.user_admin.list(ctx)
        with pytest.raises(AssuranceTooLow):
            await services.authorise.exactly(ctx, [READ])
    assert refused.value.data == {
        "assurance": administration.assurance,
        "max_age": administration.max_age_minutes * 60,
    }


async def test_lock_that_was_just_made_stricter_holds_at_once_for_who_made_it(place: Place) -> None:
    services = place.server.services
    chief = Manager(place, await place.user("administrator"))
    policy = replace(
        TenantPolicy(),
        administration=AdministrationPolicy("aal3"),
        passkeys=PasskeyPolicy(attestation="required"),
    )
    async with chief.acting() as ctx:
        await services.policy_admin.change(ctx, 0, policy)
    with pytest.raises(AssuranceTooLow):
        async with chief.acting() as ctx:
            await services.policy_admin.change(ctx, 1, TenantPolicy())


async def test_stranger_to_the_tenant_is_refused_whatever_they_have_proven(place: Place) -> None:
    """N20, N22."""
    stranger = Manager(place, await (await place.server.tenant()).user("administrator"))
    with pytest.raises(Forbidden) as refused:
        async with stranger.acting() as ctx:
            await place.server.services.user_admin.list(ctx)
    assert not re.search("assurance|max_age", repr(refused.value.data))
