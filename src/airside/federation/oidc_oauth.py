"""GitHub: an OAuth server without ID tokens, whose interface says who holds an access token. The subject is the
account's
number: its name can be given up and taken by another (N17)."""

from typing import Final

from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.federation.model import ExternalClaims
from airside.federation.oidc_claims import MAX_EMAIL, MAX_NAME, attributes_of
from airside.federation.oidc_client import AGENT, TIMEOUT
from airside.fetch import Fetched, Fetcher
from airside.protocols.oauth import ProviderRefused, read_list, read_userinfo
from airside.protocols.oauth.token_answer import MAX_ANSWER

KEPT: Final = ("login", "company", "location", "html_url")
"""What of a profile can be of use to a mapping."""


async def github_claims(fetcher: Fetcher, user_endpoint: str, access_token: Secret[str]) -> ExternalClaims:
    """Who the holder of `access_token` is, with the address that they chose and GitHub verified.

    Raises:
        ProviderRefused: it isn't told, or not in this form.
        fetch.Refused, fetch.Unavailable: the interface isn't to be had.
    """
    answer = await _ask(fetcher, user_endpoint, access_token)
    profile = read_userinfo(answer.status, answer.headers.get("content-type", ""), answer.body)
    number = profile.get("id")
    if type(number) is not int or not 0 < number < 2**63:
        raise ProviderRefused("no_subject")
    answer = await _ask(fetcher, f"{user_endpoint}/emails", access_token)
    email = _primary(read_list(answer.status, answer.headers.get("content-type", ""), answer.body))
    name = profile.get("name")
    return ExternalClaims(
        subject=str(number),
        email=email,
        email_verified=True if email else None,
        name=name if isinstance(name, str) and len(name) <= MAX_NAME and name.isprintable() else "",
        attributes=attributes_of({word: profile.get(word) for word in KEPT}),
    )


async def _ask(fetcher: Fetcher, url: str, access_token: Secret[str]) -> Fetched:
    headers = {
        "authorization": f"Bearer {access_token.reveal()}",
        "accept": "application/vnd.github+json",
        "user-agent": AGENT,
    }
    return await fetcher.get(url, headers=headers, max_bytes=MAX_ANSWER, timeout=TIMEOUT)


def _primary(emails: list[Json]) -> str:
    """The one primary address, if it is verified."""
    for entry in emails:
        if isinstance(entry, dict) and entry.get("primary") is True and entry.get("verified") is True:
            email = entry.get("email")
            return email if isinstance(email, str) and 0 < len(email) <= MAX_EMAIL and email.isprintable() else ""
    return ""
