"""A SAML provider of a test that signs in whoever comes, and one tenant's connection to it, over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import httpx2
import pytest
from lxml import etree

from airside.federation import Connection, ConnectionDraft, SamlSettings
from airside.protocols.saml import read_redirect, write_post
from tests.protocols.saml.kit import Answer, answer_for, in_response, pinned, request_ids, rsa_key
from tests.running import Place
from tests.trips.visitor import FORM, Visitor, ahead_of, csrf_of

IDP = "https://idp.example/metadata"
SSO = "https://idp.example/sso"
SLO = "https://idp.example/slo"


@dataclass(frozen=True)
class Provider:
    """A provider that signs in whoever comes, and one tenant's connection to it."""

    place: Place
    connection: Connection
    subject: str

    @property
    def address(self) -> str:
        return f"{self.place.issuer}/saml/{self.connection.word}"

    def answer(self, request_id: str | None, **changes: Any) -> Answer:
        usual = answer_for(
            f"{self.address}/acs",
            f"{self.address}/metadata",
            datetime.now(UTC),
            subject=self.subject,
            email=f"{self.subject}@example.com",
        )
        return replace(usual, **{**request_ids(request_id), **changes})

    async def leave(self, browser: Visitor) -> Mapping[str, str]:
        """From the sign-in page to the provider: what it is asked."""
        page = await browser.get(f"{self.place.issuer}/signin")
        fields = {"connection": self.connection.word, "csrf_token": csrf_of(page)}
        headers = {**FORM, "origin": self.place.server.url}
        left = await browser.http.post(str(page.url), content=urlencode(fields), headers=headers)
        assert left.status_code == 200, left.text
        query = urlsplit(ahead_of(left)).query
        request = etree.fromstring(read_redirect(query).document)
        return {"ID": request.get("ID") or "", "RelayState": parse_qs(query)["RelayState"][0]}

    async def post(self, endpoint: str, fields: Mapping[str, str]) -> httpx2.Response:
        """What the provider's page has a browser post: no cookie of ours comes along."""
        async with self.place.server.client() as stranger:
            return await stranger.post(
                f"{self.address}/{endpoint}",
                content=urlencode(fields),
                headers={**FORM, "origin": "https://idp.example"},
            )

    async def sign_in(self, browser: Visitor) -> httpx2.Response:
        """There and back."""
        asked = await self.leave(browser)
        document = in_response(self.answer(asked["ID"]), rsa_key("idp"))
        sent = await self.post("acs", {"SAMLResponse": write_post(document), "RelayState": asked["RelayState"]})
        assert sent.status_code == 303, sent.text
        return await browser.onward(await browser.get(f"{self.place.server.url}{sent.headers['location']}"))

    async def signed_in(self, browser: Visitor) -> bool:
        return (await browser.http.get(f"{self.place.issuer}/account")).status_code == 200

    async def reasons(self) -> list[str]:
        async with self.place.operator() as ctx:
            rows = await ctx.tx.all(
                _Reason,
                "select reason from airside.audit_record where tenant_id = %s and event = %s order by record_id",
                (ctx.tenant_id, "federation:connection:refused"),
            )
        return [row.reason for row in rows]


@dataclass(frozen=True)
class _Reason:
    reason: str


async def connected(place: Place, **changes: Any) -> Provider:
    """A tenant's new connection to the provider, with these settings another way."""
    usual: dict[str, Any] = {
        "entity_id": IDP,
        "sso_url": SSO,
        "slo_url": SLO,
        "certificates": (pinned("idp").pem,),
        "email_trusted": True,
    }
    async with place.operator() as ctx:
        draft = ConnectionDraft("Provider", SamlSettings(**(usual | changes)), creates_users=True)
        connection = await place.server.services.connections.create(ctx, draft)
    return Provider(place, connection, f"ada-{uuid4().hex[:8]}")


@pytest.fixture
async def provider(place: Place) -> Provider:
    return await connected(place)
