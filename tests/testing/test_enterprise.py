"""A customer's company in the kit: its people come in by its word, and no longer than it gives it."""

from collections.abc import Iterable

import pytest

from airside.core.strict_json import Json, loads_object
from airside.protocols.jose import b64url_decode
from airside.protocols.saml import read_idp_metadata
from airside.testing.browsing import TurnedAway
from airside.testing.identity_provider import Employee
from airside.testing.tenants import Application, Tenant

NOBODY = "usr_01jd0000000000000000000001"
GRACE = Employee("00u1", "grace@customer.example", groups=("admins",))


def _claims(token: str) -> dict[str, Json]:
    return loads_object(b64url_decode(token.split(".")[1]), max_bytes=8192)


@pytest.fixture
def notes(tenant: Tenant) -> Application:
    return tenant.application("https://notes.example", scopes=("notes:read",))


def _roles(token: str) -> set[object]:
    said = _claims(token)["roles"]
    assert isinstance(said, Iterable)
    return set(said)


def test_employee_signs_in_at_their_company_and_is_the_same_the_next_time(tenant: Tenant, notes: Application) -> None:
    company = tenant.enterprise()
    first, second = (_claims(company.token(notes, GRACE)) for _ in range(2))
    assert first["sub"] == second["sub"]
    assert first["amr"] == ["fed"]


def test_who_was_provisioned_is_who_signs_in(tenant: Tenant, notes: Application) -> None:
    company = tenant.enterprise()
    user_id = company.provision(GRACE)
    assert _claims(company.token(notes, GRACE))["sub"] == user_id


def test_who_was_deprovisioned_is_turned_away(tenant: Tenant, notes: Application) -> None:
    company = tenant.enterprise()
    user_id = company.provision(GRACE)
    company.deprovision(user_id)
    with pytest.raises(TurnedAway):
        company.token(notes, GRACE)


def test_roles_follow_from_what_the_company_says(tenant: Tenant, notes: Application) -> None:
    company = tenant.enterprise(roles={"admins": "administrator"})
    assert "administrator" in _roles(company.token(notes, GRACE))
    plain = Employee("00u2", "rear@customer.example")
    assert "administrator" not in _roles(company.token(notes, plain))


def test_group_of_the_directory_gives_its_role(tenant: Tenant, notes: Application) -> None:
    company = tenant.enterprise(roles={"heads": "administrator"})
    ada = Employee("00u3", "ada@customer.example")
    company.group("heads", company.provision(ada))
    assert "administrator" in _roles(company.token(notes, ada))


def test_other_companys_word_counts_for_nothing(tenant: Tenant, notes: Application) -> None:
    company, other = tenant.enterprise("First"), tenant.enterprise("Second")
    company.identity_provider = other.identity_provider
    with pytest.raises(TurnedAway):
        company.token(notes, GRACE)


def test_metadata_names_the_provider_and_its_certificate(tenant: Tenant) -> None:
    provider = tenant.enterprise().identity_provider
    read = read_idp_metadata(provider.metadata)
    assert (read.entity_id, len(read.certificates)) == (provider.entity_id, 1)


def test_request_that_the_directory_may_not_make_says_why(tenant: Tenant) -> None:
    with pytest.raises(TurnedAway, match="404"):
        tenant.enterprise().scim("GET", f"/Users/{NOBODY}")
