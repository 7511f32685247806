"""Debian's SimpleSAMLphp under Debian's Apache: an identity provider with people of its own."""

import json
import os
import shutil
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

from lxml import etree

from airside.core.entropy import token
from tests.peers.conftest import INSTALLED, FindProgram
from tests.peers.daemons import daemon, reachable_folder
from tests.peers.people import PEOPLE, Pair, Person, signing_pair
from tests.running import Running

MODULES = "/usr/lib/apache2/modules"
LOADED = ("mpm_prefork", "authz_core", "alias", "dir", "mime", "env", "ssl")
WORKER = ("User www-data", "Group www-data") if os.geteuid() == 0 else ()
PAGES = "/usr/share/simplesamlphp/www"
CONFIGURATION = Path(__file__).parent / "simplesamlphp"

SITE = """
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
Mutex file:{folder} default
ErrorLog /dev/stderr
StartServers 2
MinSpareServers 2
TypesConfig /etc/mime.types
{modules}
{worker}
DocumentRoot {pages}
SetEnv SIMPLESAMLPHP_CONFIG_DIR {folder}

SSLEngine on
SSLCertificateFile {certificate}
SSLCertificateKeyFile {key}

Alias /simplesamlphp {pages}
<Directory {pages}>
    Require all granted
    DirectoryIndex index.php
    <FilesMatch "\\.php$">
        SetHandler application/x-httpd-php
    </FilesMatch>
</Directory>
"""


@dataclass(frozen=True)
class SimpleSaml:
    """A running one. What its files say holds from the next request on."""

    folder: Path
    base: str

    @property
    def entity_id(self) -> str:
        """Its name, and where its metadata is."""
        return f"{self.base}saml2/idp/metadata.php"

    @property
    def sso(self) -> str:
        """Where it takes requests."""
        return f"{self.base}saml2/idp/SSOService.php"

    @property
    def logout(self) -> str:
        """Where its people sign out of everything, and come back to `ReturnTo`."""
        return f"{self.base}saml2/idp/SingleLogoutService.php"

    def initiated(self, service: str) -> str:
        """Where somebody goes who starts here and wants to `service`, an entity id."""
        return f"{self.sso}?{urlencode({'spentityid': service})}"

    def trust(self, metadata: bytes) -> None:
        """A service provider, by the metadata that it publishes; in place of what it published before."""
        name = etree.fromstring(metadata).get("entityID", "")
        written = self.folder / "providers" / f"{sha256(name.encode()).hexdigest()}.xml"
        written.write_bytes(metadata)
        written.chmod(0o644)

    def answer(self, **options: bool | str) -> None:
        """How it answers from now on; what isn't named is as at the start. `_` in a name stands for a full stop."""
        self._set({name.replace("_", "."): value for name, value in options.items()})

    def sign_with(self, pair: Pair, *, next_one: Pair | None = None) -> None:
        """By this key, with the certificate of the next one in its metadata beside."""
        _readable(self.folder / "idp.key", pair.key)
        _readable(self.folder / "idp.crt", pair.certificate)
        if next_one is None:
            self.answer()
            return
        _readable(self.folder / "next.key", next_one.key)
        _readable(self.folder / "next.crt", next_one.certificate)
        self._set({"new_privatekey": "next.key", "new_certificate": "next.crt"})

    def _set(self, options: Mapping[str, bool | str]) -> None:
        _readable(self.folder / "answers.json", json.dumps(options))


@asynccontextmanager
async def simplesaml(
    server: Running, program: FindProgram, *, port: int, people: Mapping[str, Person] = PEOPLE
) -> AsyncGenerator[SimpleSaml]:
    """The identity provider at `port` of loopback, knowing nobody who trusts it yet."""
    binary = program("apache2")
    program(PAGES)
    php = _module()
    base = f"https://127.0.0.1:{port}/simplesamlphp/"
    with reachable_folder() as folder:
        for name in ("providers", "written"):
            (folder / name).mkdir()
        (folder / "providers").chmod(0o755)
        (folder / "written").chmod(0o700)
        if os.geteuid() == 0:
            shutil.chown(folder / "written", "www-data", "www-data")
        for source in CONFIGURATION.glob("*.php"):
            _readable(folder / source.name, source.read_text("utf-8"))
        entropy = server.services.entropy
        secrets = {"auth.adminpassword": token(entropy), "secretsalt": token(entropy)}
        _readable(folder / "site.json", json.dumps({"baseurlpath": base, **secrets}))
        _readable(folder / "people.json", json.dumps(_known(people)))
        idp = SimpleSaml(folder, base)
        idp.sign_with(signing_pair("SimpleSAMLphp"))
        certificates = server.certificates
        modules = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in LOADED]
        text = SITE.format(
            port=port,
            folder=folder,
            modules="\n".join([*modules, f"LoadModule php_module {php}"]),
            worker="\n".join(WORKER),
            pages=PAGES,
            certificate=certificates.certificate,
            key=certificates.key,
        )
        (folder / "apache.conf").write_text(text)
        command = [binary, "-D", "FOREGROUND", "-f", str(folder / "apache.conf")]
        async with daemon(command, folder, port=port):
            yield idp


def _module() -> Path:
    """Apache's PHP, whose name has its version in it."""
    found = sorted(Path(MODULES).glob("libphp*.so"))
    if not found:
        INSTALLED.lacking("Apache's PHP")
    return found[-1]


def _known(people: Mapping[str, Person]) -> dict[str, dict[str, list[str]]]:
    """`name:password` and what is said of them."""
    return {
        f"{name}:{person.password}": {
            "uid": [name],
            "mail": [person.email],
            "displayName": [person.name],
            "groups": list(person.groups),
        }
        for name, person in people.items()
    }


def _readable(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    path.chmod(0o644)
