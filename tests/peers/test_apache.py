"""Debian's Apache with mod_auth_openidc: a page that only those see who signed in."""

import os
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

from airside.core.entropy import token
from airside.core.ids import USER, format_id
from airside.oauth.settings import ClientSettings
from tests.peers.browsing import reach
from tests.peers.clients import WEB
from tests.peers.conftest import FindProgram
from tests.peers.daemons import daemon, reachable_folder
from tests.running import Place, free_port
from tests.trips.visitor import visitor

MODULES = "/usr/lib/apache2/modules"
LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "include", "ssl", "auth_openidc")
WORKER = ("User www-data", "Group www-data") if os.geteuid() == 0 else ()
PAGE = '<!doctype html><title>Private</title><p>REMOTE_USER=<!--#echo var="REMOTE_USER" -->.</p>'
GOODBYE = "<!doctype html><title>Bye</title><p>You have left.</p>"

SITE = """
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
Mutex file:{folder} default
ErrorLog /dev/stderr
{modules}
{worker}
DocumentRoot {folder}/site

SSLEngine on
SSLCertificateFile {certificate}
SSLCertificateKeyFile {key}

OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCCABundlePath {folder}/ca.pem
OIDCClientID {client_id}
OIDCClientSecret {secret}
OIDCRedirectURI {site}/private/callback
OIDCPKCEMethod S256
OIDCScope openid
OIDCRemoteUserClaim sub
OIDCCryptoPassphrase {passphrase}

<Directory {folder}/site>
    Require all granted
    Options +Includes
    SetOutputFilter INCLUDES
    ForceType text/html
</Directory>
<Location /private>
    AuthType openid-connect
    Require valid-user
</Location>
"""


@asynccontextmanager
async def apache(place: Place, program: FindProgram) -> AsyncGenerator[str]:
    """Apache with a client of its own at `place`: yields its address."""
    binary = program("apache2")
    program(f"{MODULES}/mod_auth_openidc.so")
    port = free_port()
    url = f"https://127.0.0.1:{port}"
    settings = ClientSettings(post_logout_redirect_uris=(f"{url}/bye/page",))
    draft = replace(WEB, name="Intranet", redirect_uris=(f"{url}/private/callback",), settings=settings)
    client, secret = await place.client(draft)
    assert secret is not None
    with reachable_folder() as folder:
        for name, text in (("private", PAGE), ("bye", GOODBYE)):
            page = folder / "site" / name / "page"
            page.parent.mkdir(parents=True)
            page.write_text(text)
        certificates = place.server.certificates
        (folder / "ca.pem").write_bytes(certificates.ca.read_bytes())
        text = SITE.format(
            port=port,
            folder=folder,
            modules="\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in LOADED),
            worker="\n".join(WORKER),
            certificate=certificates.certificate,
            key=certificates.key,
            issuer=place.issuer,
            client_id=client.word,
            secret=secret.reveal(),
            site=url,
            passphrase=token(place.server.services.entropy),
        )
        (folder / "apache.conf").write_text(text)
        command = [binary, "-D", "FOREGROUND", "-f", str(folder / "apache.conf")]
        async with daemon(command, folder, port=port):
            yield url


def remote_user(text: str) -> str:
    found = re.search(r"REMOTE_USER=(.*)\.</p>", text)
    assert found is not None, text
    return found[1]


async def test_protected_page_names_who_signed_in_and_forgets_them_after_logout(
    place: Place, program: FindProgram
) -> None:
    """RP-Initiated Logout 1.0 §2: who left the site has left here too, and is asked who they are."""
    user = await place.user()
    async with apache(place, program) as site, visitor(place) as browser:
        asked = await browser.http.get(f"{site}/private/page")
        assert asked.headers["location"].startswith(f"{place.issuer}/oauth2/authorize?")
        page = await reach(browser, f"{site}/private/page", user)
        assert page.status_code == 200, page.text
        assert remote_user(page.text) == format_id(USER, user.id)
        again = await browser.http.get(f"{site}/private/page")
        assert remote_user(again.text) == format_id(USER, user.id)

        bye = await reach(browser, f"{site}/private/callback?logout={site}/bye/page")
        assert "You have left." in bye.text
        after = await reach(browser, f"{site}/private/page")
        assert str(after.url).startswith(f"{place.issuer}/signin/")


async def test_answer_that_the_site_never_asked_for_signs_nobody_in(place: Place, program: FindProgram) -> None:
    """N07: a code of somebody else's, or of no request, brought to the callback."""
    async with apache(place, program) as site, visitor(place) as browser:
        brought = await browser.http.get(f"{site}/private/callback?code=stolen&state=none&iss={place.issuer}")
        assert brought.status_code >= 400
        after = await browser.http.get(f"{site}/private/page")
        assert after.is_redirect
