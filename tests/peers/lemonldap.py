"""Debian's LemonLDAP::NG under starman: an identity provider by SAML and OpenID Connect, with people of its own."""

import json
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.peers.conftest import FindProgram
from tests.peers.daemons import daemon, reachable_folder
from tests.peers.people import Pair, Person
from tests.running import Running, free_port

TEMPLATES = "/usr/share/lemonldap-ng/portal/templates"
PORTAL = Path(__file__).parent / "lemonldap" / "portal.psgi"

# The people of its demonstration mode: the password is the name.
DEMONSTRATION = {
    "dwho": Person("dwho", "dwho@badwolf.org", "Doctor Who", ("timelords", "users")),
    "rtyler": Person("rtyler", "rtyler@badwolf.org", "Rose Tyler", ("earthlings", "users")),
}
SAML_ATTRIBUTES = {name: f"0;{name};;" for name in ("uid", "mail", "cn", "groups")}
OIDC_CLAIMS = {"email": "mail", "name": "cn", "preferred_username": "uid", "groups": "groups;string;always"}

MODULES = "/usr/lib/apache2/modules"
WORKER = ("User www-data", "Group www-data") if os.geteuid() == 0 else ()
LOADED = ("mpm_event", "authz_core", "ssl", "headers", "proxy", "proxy_http")

# starman itself ends a process with every handshake that fails.
FRONT = """
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
DefaultRuntimeDir {folder}
PidFile {folder}/front.pid
Mutex file:{folder} default
ErrorLog /dev/stderr
{modules}
{worker}

SSLEngine on
SSLCertificateFile {certificate}
SSLCertificateKeyFile {key}
ProxyPreserveHost on
RequestHeader set X-Forwarded-Proto https
ProxyPass / http://127.0.0.1:{inner}/
"""

LOCAL = """
[all]
logLevel = notice
checkTime = 1
[configuration]
type = File
dirName = {folder}/conf
[portal]
staticPrefix = /static
templateDir = {templates}
languages = en
"""


@dataclass(frozen=True)
class LemonLdap:
    """A running portal."""

    url: str

    @property
    def entity_id(self) -> str:
        """Its name in SAML, and where its metadata is."""
        return f"{self.url}/saml/metadata"

    @property
    def logout(self) -> str:
        """Where its people sign out of everything."""
        return f"{self.url}/?logout=1"


def service(metadata: bytes, **options: str | int) -> dict[str, Any]:
    """The settings of a portal with one service provider, by the metadata that it publishes."""
    said: dict[str, str | int] = {
        "CheckSSOMessageSignature": 1,
        "CheckSLOMessageSignature": 1,
        "SignSSOMessage": 1,
        "SignSLOMessage": 1,
        "NameIDFormat": "persistent",
        "EncryptionMode": "none",
    }
    return {
        "issuerDBSAMLActivation": 1,
        "samlSPMetaDataXML": {"service": {"samlSPMetaDataXML": metadata.decode()}},
        "samlSPMetaDataOptions": {
            "service": {f"samlSPMetaDataOptions{name}": value for name, value in (said | options).items()}
        },
        "samlSPMetaDataExportedAttributes": {"service": SAML_ATTRIBUTES},
    }


def relying_party(client_id: str, secret: str, callback: str, **options: str | int) -> dict[str, Any]:
    """The settings of a portal with one client."""
    said: dict[str, str | int] = {
        "ClientID": client_id,
        "ClientSecret": secret,
        "RedirectUris": callback,
        "RequirePKCE": 1,
        "BypassConsent": 1,
        "IDTokenSignAlg": "RS256",
        "IDTokenForceClaims": 1,
    }
    return {
        "issuerDBOpenIDConnectActivation": 1,
        "oidcRPMetaDataOptions": {
            "service": {f"oidcRPMetaDataOptions{name}": value for name, value in (said | options).items()}
        },
        "oidcRPMetaDataExportedVars": {"service": OIDC_CLAIMS},
    }


@asynccontextmanager
async def lemonldap(
    server: Running, program: FindProgram, settings: Mapping[str, Any], *, port: int, pair: Pair
) -> AsyncGenerator[LemonLdap]:
    """The portal at `port` of loopback, signing with `pair`; `settings` say who trusts it."""
    binary = program("starman")
    program(TEMPLATES)
    front = program("apache2")
    url, inner = f"https://127.0.0.1:{port}", free_port()
    with reachable_folder() as folder:
        for name in ("conf", "sessions/lock", "psessions/lock"):
            (folder / name).mkdir(parents=True)
        ini = folder / "local.ini"
        ini.write_text(LOCAL.format(folder=folder, templates=TEMPLATES))
        told = {**_settings(folder, url, pair), **settings}
        (folder / "conf" / "lmConf-1.json").write_text(json.dumps(told))
        certificates = server.certificates
        text = FRONT.format(
            port=port,
            inner=inner,
            folder=folder,
            modules="\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in LOADED),
            worker="\n".join(WORKER),
            certificate=certificates.certificate,
            key=certificates.key,
        )
        (folder / "apache.conf").write_text(text)
        (folder / "front").mkdir()
        command = [binary, "--listen", f"127.0.0.1:{inner}", "--workers", "3", "--preload-app", str(PORTAL)]
        environment = {"LLNG_DEFAULTCONFFILE": str(ini), "SSL_CERT_FILE": str(certificates.ca)}
        served = [front, "-D", "FOREGROUND", "-f", str(folder / "apache.conf")]
        async with (
            daemon(command, folder, port=inner, environment=environment),
            daemon(served, folder / "front", port=port),
        ):
            yield LemonLdap(url)


def _settings(folder: Path, url: str, pair: Pair) -> dict[str, Any]:
    session = {"generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"}
    return {
        "cfgNum": 1,
        "cfgDate": 1,
        "cfgVersion": "2.16.1",
        "cfgAuthor": "tests",
        "portal": f"{url}/",
        "locationRules": {"127.0.0.1": {"default": "accept"}},
        "exportedHeaders": {"127.0.0.1": {}},
        "domain": "127.0.0.1",
        "cookieName": "lemonldap",
        "securedCookie": 1,
        "sameSite": "None",
        "authentication": "Demo",
        "userDB": "Same",
        "demoExportedVars": {"cn": "cn", "mail": "mail", "uid": "uid"},
        "whatToTrace": "uid",
        "globalStorage": "Apache::Session::File",
        "globalStorageOptions": session
        | {"Directory": f"{folder}/sessions", "LockDirectory": f"{folder}/sessions/lock"},
        "persistentStorage": "Apache::Session::File",
        "persistentStorageOptions": {
            "Directory": f"{folder}/psessions",
            "LockDirectory": f"{folder}/psessions/lock",
        },
        "samlServicePrivateKeySig": pair.key,
        "samlServicePublicKeySig": pair.certificate,
        "samlServiceUseCertificateInResponse": 1,
        "samlServiceSignatureMethod": "RSA_SHA256",
        "oidcServiceMetaDataIssuer": url,
        "oidcServicePrivateKeySig": pair.key,
        "oidcServicePublicKeySig": pair.certificate,
        "oidcServiceKeyIdSig": "first",
        "oidcServiceAllowAuthorizationCodeFlow": 1,
    }
