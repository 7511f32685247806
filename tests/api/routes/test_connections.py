"""Connections over the management API: every answer of theirs is one that JSON can say."""

from typing import Any

import pytest

from tests.protocols.saml.kit import pinned
from tests.running import Place
from tests.surface import administrator_token

OIDC: dict[str, Any] = {"issuer": "https://idp.example.com", "client_id": "airside"}
SAML: dict[str, Any] = {"entity_id": "urn:idp", "sso_url": "https://idp.example.com/sso"}


@pytest.mark.parametrize("kind", ["oidc", "saml"])
async def test_connection_is_made_read_listed_and_changed(place: Place, kind: str) -> None:
    token = await administrator_token(place)
    settings = OIDC if kind == "oidc" else {**SAML, "certificates": [pinned("idp").pem]}
    async with place.server.client() as http:
        http.headers["authorization"] = f"Bearer {token}"
        root = f"{place.issuer}/api/v1/connections"
        made = await http.post(root, json={"kind": kind, "name": "Example", "settings": settings})
        assert made.status_code == 201, made.text
        word = made.json()["id"]
        assert settings.items() <= made.json()["settings"].items()
        read = await http.get(f"{root}/{word}")
        assert (read.status_code, read.json()) == (200, made.json())
        listed = await http.get(root)
        assert (listed.status_code, listed.json()["connections"]) == (200, [made.json()])
        changed = await http.patch(f"{root}/{word}", json={"name": "Other"})
        assert changed.status_code == 200, changed.text
        assert changed.json() == {**made.json(), "name": "Other"}
