"""Dovecot as a resource server: a mailbox opens to an access token for as long as introspection calls it active."""

import asyncio
import getpass
import imaplib
import os
import shutil
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from airside.core.ids import USER, format_id
from airside.oauth import ClientDraft
from tests.peers.conftest import FindProgram
from tests.peers.daemons import daemon, reachable_folder
from tests.running import Place, free_port
from tests.trips.visitor import API, NATIVE, token_request, tokens_for

GATEWAY = ClientDraft(
    name="Mail server",
    public=False,
    grants=frozenset({"client_credentials"}),
    audiences=(API,),
    scopes=frozenset({"notes:read"}),
)
NOBODY = 65534
MAIN = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
auth_mechanisms = xoauth2 oauthbearer
auth_cache_size = 0
auth_failure_delay = 0
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
{accounts}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf.ext
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={folder}/mail/%u
}}
# Who failed is not kept waiting: here it is the test.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
  }}
}}
"""
OAUTH2 = """
introspection_mode = post
introspection_url = https://{client_id}:{secret}@{introspection}
tls_ca_cert_file = {folder}/ca.pem
issuers = {issuer}
active_attribute = active
active_value = true
username_attribute = sub
"""


@dataclass(frozen=True)
class Mailboxes:
    """A running Dovecot."""

    port: int
    trust: ssl.SSLContext

    async def open(self, name: str, token: str, mechanism: str = "XOAUTH2") -> bool:
        """Whether the mailbox of `name` opens to `token`, and is usable."""
        return await asyncio.to_thread(self._open, name, token, mechanism)

    def _open(self, name: str, token: str, mechanism: str) -> bool:
        start = f"user={name}" if mechanism == "XOAUTH2" else f"n,a={name},"
        said = iter([f"{start}\x01auth=Bearer {token}\x01\x01".encode()])
        with imaplib.IMAP4_SSL("localhost", self.port, ssl_context=self.trust, timeout=20) as mailbox:
            try:
                mailbox.authenticate(mechanism, lambda _: next(said, b"\x01"))
            except imaplib.IMAP4.error:
                return False
            assert mailbox.append("INBOX", "", "", b"Subject: hello\r\n\r\nworld\r\n")[0] == "OK"
            assert mailbox.select()[0] == "OK"
            return True


@asynccontextmanager
async def dovecot(place: Place, program: FindProgram) -> AsyncGenerator[Mailboxes]:
    """Dovecot with a client of its own at `place`."""
    binary = program("dovecot")
    program("/usr/lib/dovecot/imap")
    client, secret = await place.client(GATEWAY)
    assert secret is not None
    port, certificates = free_port(), place.server.certificates
    with reachable_folder() as folder:
        root = os.geteuid() == 0
        (folder / "mail").mkdir()
        (folder / "ca.pem").write_bytes(certificates.ca.read_bytes())
        introspection = f"{place.issuer}/oauth2/introspect".removeprefix("https://")
        settings = folder / "oauth2.conf.ext"
        settings.touch(0o600)
        settings.write_text(
            OAUTH2.format(
                client_id=client.word,
                secret=secret.reveal(),
                introspection=introspection,
                issuer=place.issuer,
                folder=folder,
            )
        )
        (folder / "dovecot.conf").write_text(
            MAIN.format(
                folder=folder,
                port=port,
                certificate=certificates.certificate,
                key=certificates.key,
                accounts="" if root else _own_account(),
                owner=NOBODY if root else os.geteuid(),
                group=NOBODY if root else os.getegid(),
            )
        )
        if root:
            os.chown(folder / "mail", NOBODY, NOBODY)
            shutil.chown(settings, "dovecot")
        async with daemon([binary, "-F", "-c", str(folder / "dovecot.conf")], folder, port=port):
            yield Mailboxes(port, ssl.create_default_context(cafile=str(certificates.ca)))


def _own_account() -> str:
    """All of Dovecot's processes as whoever runs the test."""
    name = getpass.getuser()
    return f"default_internal_user = {name}\ndefault_login_user = {name}\n"


async def _subject(place: Place) -> tuple[str, dict[str, Any]]:
    user = await place.user()
    client, _ = await place.client(NATIVE)
    tokens = await tokens_for(place, client, user)
    return format_id(USER, user.id), {**tokens, "client": client.word}


async def test_mailbox_opens_to_an_access_token_until_it_is_revoked(place: Place, program: FindProgram) -> None:
    """N19: without a cache in between, a token is of no use right after its revocation."""
    async with dovecot(place, program) as mailboxes:
        name, tokens = await _subject(place)
        access = tokens["access_token"]
        assert await mailboxes.open(name, access)
        assert await mailboxes.open(name, access, "OAUTHBEARER")
        form = {"client_id": tokens["client"], "token": access}
        assert (await token_request(place, form, path="revoke")).status_code == 200
        assert not await mailboxes.open(name, access)
        assert not await mailboxes.open(name, access, "OAUTHBEARER")


async def test_mailbox_stays_shut_to_what_is_not_its_owners_access_token(place: Place, program: FindProgram) -> None:
    """N05, N06: another's token, a token for another audience, a refresh token, an ID token, nothing."""
    async with dovecot(place, program) as mailboxes:
        name, tokens = await _subject(place)
        other, others = await _subject(place)
        elsewhere, _ = await place.client(replace(NATIVE, audiences=("https://else.example.test",)))
        stray = await tokens_for(place, elsewhere, await place.user())
        assert await mailboxes.open(other, others["access_token"])
        for wrong in (others["access_token"], tokens["refresh_token"], tokens["id_token"], "none", ""):
            assert not await mailboxes.open(name, wrong), wrong
        assert not await mailboxes.open(name, stray["access_token"])
