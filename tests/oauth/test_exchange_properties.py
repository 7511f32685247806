"""Whatever is asked for, an exchanged token gives nothing that the token before didn't."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from airside.core.ids import CLIENT, format_id
from airside.oauth import Client, ClientSettings
from airside.oauth.errors import OAuthRefusal
from airside.oauth.exchange import acting, concerns, exchanged, proves
from airside.oauth.model import TOKEN_EXCHANGE
from airside.tokens import MAX_ACTORS, AccessGrant, Confirmation

WORDS = ("read", "write", "openid", "admin")
PLACES = ("https://a.test", "https://b.test", "https://c.test")
ROLES = ("administrator", "member", "editor")
PEOPLE = ("usr_a", "usr_b", *(format_id(CLIENT, UUID(int=number)) for number in range(4)))
KEYS = st.sampled_from([None, "one", "two"])
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def clients(draw: st.DrawFn) -> Client:
    return Client(
        client_id=UUID(int=draw(st.integers(0, 3))),
        name="Gateway",
        public=False,
        redirect_uris=(),
        grants=frozenset({TOKEN_EXCHANGE}),
        scopes=draw(st.frozensets(st.sampled_from(WORDS))),
        audiences=tuple(draw(st.lists(st.sampled_from(PLACES), min_size=1, unique=True))),
        secrets=(),
        state="active",
        created_at=MOMENT,
        settings=ClientSettings(token_exchange=draw(st.sampled_from(["delegation", "impersonation"]))),
    )


@st.composite
def held(draw: st.DrawFn) -> AccessGrant:
    return AccessGrant(
        subject=draw(st.sampled_from(PEOPLE)),
        client_id=draw(st.sampled_from(PEOPLE)),
        audience=tuple(draw(st.lists(st.sampled_from(PLACES), min_size=1, unique=True))),
        scope=draw(st.frozensets(st.sampled_from(WORDS))),
        roles=tuple(draw(st.lists(st.sampled_from(ROLES), unique=True))),
        auth_time=draw(st.sampled_from([None, MOMENT])),
        acr=draw(st.sampled_from([None, "aal1", "aal2"])),
        amr=tuple(draw(st.lists(st.sampled_from(["pwd", "otp"]), unique=True))),
        session_id=draw(st.sampled_from([None, "ses_a"])),
        family_id=draw(st.sampled_from([None, "fam_a"])),
        actors=tuple(draw(st.lists(st.sampled_from(PEOPLE), max_size=MAX_ACTORS))),
        not_after=MOMENT,
    )


@st.composite
def asked(draw: st.DrawFn, client: Client, before: AccessGrant) -> tuple[str | None, list[str]]:
    """A scope and audiences: most of them there, some of them not."""
    there = sorted(before.scope & client.scopes) or ["read"]
    lawful = st.lists(st.sampled_from(there), min_size=1, unique=True).map(" ".join)
    scope = draw(st.one_of(st.none(), lawful, lawful, st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join)))
    targets = st.lists(st.sampled_from(client.audiences), unique=True)
    return scope, draw(st.one_of(targets, targets, st.lists(st.sampled_from(PLACES), unique=True)))


@settings(max_examples=500)
@given(st.data(), clients(), held(), st.sampled_from([None, *PEOPLE]), st.lists(st.sampled_from(ROLES), unique=True))
def test_nothing_rises(
    data: st.DataObject, client: Client, before: AccessGrant, actor: str | None, roles: list[str]
) -> None:
    """N05, N21; RFC 8693 §1.1."""
    scope, targets = data.draw(asked(client, before))
    try:
        after = exchanged(client, before, actor=actor, scope=scope, targets=targets, roles=roles)
    except OAuthRefusal:
        return
    assert set() < after.scope <= before.scope & client.scopes
    assert set() < set(after.audience) <= set(client.audiences)
    assert set(after.roles) <= set(before.roles) & set(roles)
    assert after.subject == before.subject
    assert after.client_id == client.word
    assert after.not_after == before.not_after
    assert (after.acr, after.amr, after.auth_time) == (before.acr, before.amr, before.auth_time)
    assert (after.session_id, after.family_id) == (before.session_id, before.family_id)
    assert after.actors[len(after.actors) - len(before.actors) :] == before.actors
    assert len(after.actors) <= MAX_ACTORS


@given(clients(), held(), st.sampled_from([None, *PEOPLE]), st.sampled_from([None, *PEOPLE]))
def test_whoever_acts_is_named_unless_the_client_may_impersonate_or_is_the_subject(
    client: Client, before: AccessGrant, named: str | None, may_act: str | None
) -> None:
    """RFC 8693 §4.1, §4.4."""
    expected = client.word if named in (None, before.subject) else named
    try:
        acts = acting(client, before, named, may_act)
    except OAuthRefusal:
        assert may_act not in (None, expected)
        return
    assert may_act in (None, expected)
    impersonates = client.settings.token_exchange == "impersonation" and named is None
    assert acts == (None if impersonates or client.word == before.subject == expected else expected)


@given(clients(), held())
def test_client_is_concerned_by_its_own_tokens_and_those_meant_for_it(client: Client, before: AccessGrant) -> None:
    expected = before.client_id == client.word or bool(set(before.audience) & set(client.audiences))
    assert concerns(client, before) is expected


@given(KEYS, KEYS, KEYS, KEYS)
def test_everything_that_a_token_is_bound_to_is_proven(
    jkt: str | None, x5t: str | None, proven_jkt: str | None, proven_x5t: str | None
) -> None:
    bound = Confirmation(jkt, x5t) if jkt or x5t else None
    sender = Confirmation(proven_jkt, proven_x5t) if proven_jkt or proven_x5t else None
    expected = (jkt is None or jkt == proven_jkt) and (x5t is None or x5t == proven_x5t)
    assert proves(sender, bound) is expected
