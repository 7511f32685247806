# pyright: basic, reportMissingImports=false, reportMissingModuleSource=false, reportAttributeAccessIssue=false
"""Authlib over requests, as an application that knows its issuer, its own name and secret, and the authority that
REQUESTS_CA_BUNDLE names. The command line says which steps it goes, in order."""

import os
import sys
from collections.abc import Callable
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

ISSUER = os.environ["PEER_ISSUER"]
CLIENT_ID = os.environ["PEER_CLIENT_ID"]
CALLBACK = os.environ["PEER_CALLBACK"]
SCOPE = os.environ["PEER_SCOPE"]


class Flow:
    """One application, from step to step."""

    def __init__(self) -> None:
        self.metadata: dict[str, Any] = requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=30).json()
        self.tokens: dict[str, Any] = {}
        self.session = OAuth2Session(
            CLIENT_ID,
            os.environ["PEER_CLIENT_SECRET"],
            scope=SCOPE,
            redirect_uri=CALLBACK,
            code_challenge_method="S256",
        )

    def login(self) -> None:
        verifier, nonce = generate_token(48), generate_token(24)
        address, state = self.session.create_authorization_url(
            self.metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
        landed = visit(address)
        self.tokens = self.session.fetch_token(
            self.metadata["token_endpoint"], authorization_response=landed, state=state, code_verifier=verifier
        )
        keys = KeySet.import_key_set(requests.get(self.metadata["jwks_uri"], timeout=30).json())
        allowed = self.metadata["id_token_signing_alg_values_supported"]
        token = jwt.decode(self.tokens["id_token"], keys, algorithms=allowed)
        expected = {"iss": {"values": [ISSUER]}, "aud": {"values": [CLIENT_ID]}}
        claims = CodeIDToken(token.claims, token.header, expected, {"nonce": nonce, "client_id": CLIENT_ID})
        claims.params["access_token"] = self.tokens["access_token"]
        claims.validate(leeway=5)
        assert claims["sub"].startswith("usr_")

    def refresh(self) -> None:
        before = self.tokens
        self.tokens = self.session.refresh_token(self.metadata["token_endpoint"], refresh_token=before["refresh_token"])
        assert self.tokens["refresh_token"] != before["refresh_token"]

    def introspection(self) -> None:
        assert self.active(self.tokens["access_token"])
        assert not self.active("none")

    def revocation(self) -> None:
        gone = self.tokens["refresh_token"]
        answer = self.session.revoke_token(self.metadata["revocation_endpoint"], token=gone)
        assert answer.status_code == 200, answer.text
        assert not self.active(self.tokens["access_token"])
        try:
            self.session.refresh_token(self.metadata["token_endpoint"], refresh_token=gone)
        except AuthlibBaseError as refusal:
            assert refusal.error == "invalid_grant", refusal
        else:
            raise AssertionError("a revoked refresh token was taken")

    def credentials(self) -> None:
        own = self.session.fetch_token(
            self.metadata["token_endpoint"], grant_type="client_credentials", scope="notes:read"
        )
        assert self.active(own["access_token"])

    def userinfo(self) -> None:
        told = self.session.get(self.metadata["userinfo_endpoint"])
        assert told.json()["email"] == os.environ["PEER_EMAIL"], told.text

    def active(self, token: str) -> bool:
        answer = self.session.introspect_token(self.metadata["introspection_endpoint"], token=token)
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["active"])


def visit(address: str) -> str:
    """Where the user's browser lands who is sent to `address`."""
    say(f"visit {address}")
    return sys.stdin.readline().strip()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    flow = Flow()
    for name in sys.argv[1:]:
        step: Callable[[], None] = getattr(flow, name)
        step()
        say(f"holds {name}")
