"""OpenFGA's stock Python SDK, pointed at the real server."""

from typing import Any

from openfga_sdk import ClientConfiguration, OpenFgaClient
from openfga_sdk.credentials import CredentialConfiguration, Credentials

from tests.running import Running

Client = Any
"""The SDK is typed in part only: what its methods take and give is unknown to a strict checker."""
MODEL = """
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define owner: [user]
    define parent: [folder]
    define viewer: [user, user:*, group#member] or owner or viewer from parent
type doc
  relations
    define blocked: [user, group#member]
    define owner: [user]
    define parent: [folder]
    define viewer: [user, group#member] or owner or viewer from parent
    define can_read: viewer but not blocked
    define reviewer: [user with early, user:* with near]
condition early(hour: int, latest: int) {
  hour <= latest
}
condition near(ip: ipaddress) {
  ip.in_cidr("192.168.0.0/24")
}
"""


def client_of(server: Running, token: str) -> Client:
    """A client that presents `token`."""
    return _client(server, Credentials(method="api_token", configuration=CredentialConfiguration(api_token=token)))


def program_of(server: Running, issuer: str, client_id: str, secret: str) -> Client:
    """A client that fetches its tokens itself from the tenant's token endpoint."""
    wanted = CredentialConfiguration(client_id=client_id, client_secret=secret, api_issuer=f"{issuer}/oauth2/token")
    return _client(server, Credentials(method="client_credentials", configuration=wanted))


def _client(server: Running, credentials: Credentials) -> Client:
    authority = str(server.certificates.ca)
    return OpenFgaClient(ClientConfiguration(api_url=server.url, credentials=credentials, ssl_ca_cert=authority))


def code_of(error: Any) -> str:
    """OpenFGA's code in what the SDK raised."""
    return str(error.parsed_exception.code)
