"""Certificate-bound tokens at applications in Flask and Django (RFC 8705 §3): over real TLS, behind a proxy, and under
ASGI."""

import base64
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Protocol

import httpx2
import pytest
from fastapi import Depends, FastAPI

from airside.core.clock import FixedClock
from airside.core.errors import Misconfigured
from airside.sdk import VerifiedToken
from airside.sdk.frameworks.application import Application
from airside.sdk.frameworks.certificates import (
    MAX_HEADER,
    CertificateSource,
    of_environ,
    of_nobody,
    of_proxy,
    of_scope,
    of_socket,
)
from airside.sdk.frameworks.fastapi import Airside as FastAirside
from airside.shield import Policy, Shield
from airside.shield.wsgi import WsgiShield
from tests.fetch.tls_peer import NOW, ROOT, leaf
from tests.sdk.peer import Peer, serve, settings
from tests.sdk.web import HOST, Make, django_asgi, django_wsgi, flask
from tests.senders import Certificate, certificate

HELD, STRANGERS = certificate("app", NOW, issuer=ROOT), certificate("app", NOW, issuer=ROOT)
LOOPBACK, FAR = "127.0.0.0/8", "198.51.100.0/24"
PROXY = "client-cert"


class Serves(Protocol):
    """How either framework is served."""

    def __call__(
        self,
        make: Make,
        *,
        certificates: CertificateSource = ...,
        tls: ssl.SSLContext | None = ...,
        around: Callable[[Any], Any] = ...,
    ) -> Any: ...


@pytest.fixture(params=[flask, django_wsgi], ids=["flask", "django"])
def framework(request: pytest.FixtureRequest) -> Serves:
    return request.param


@pytest.fixture
def make(peer: Peer, moment: FixedClock) -> Make:
    return lambda: Application(**settings(peer, moment))


def asking(folder: Path) -> ssl.SSLContext:
    """A server that asks for certificates, and goes on without."""
    (folder / "ca.pem").write_bytes(ROOT.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(folder / "ca.pem")
    leaf().load_into(context, folder)
    return context


@asynccontextmanager
async def client(address: str, folder: Path, held: Certificate | None = None) -> AsyncGenerator[httpx2.AsyncClient]:
    context = ssl.create_default_context(cafile=folder / "ca.pem") if address.startswith("https") else True
    if held is not None:
        assert isinstance(context, ssl.SSLContext)
        held.load_into(context, folder)
    async with httpx2.AsyncClient(base_url=address, verify=context, headers={"host": HOST}) as http:
        yield http


def bound(peer: Peer) -> dict[str, str]:
    return {"authorization": f"Bearer {peer.token(cnf={'x5t#S256': HELD.thumbprint})}"}


def field(der: bytes) -> str:
    """As RFC 9440 §2.2 writes it."""
    return f":{base64.b64encode(der).decode()}:"


@pytest.mark.parametrize("source", [of_environ(), of_socket("werkzeug.socket")], ids=["environ", "socket"])
async def test_bound_token_is_taken_over_its_certificate_alone(
    framework: Serves, source: CertificateSource, make: Make, peer: Peer, tmp_path: Path
) -> None:
    async with framework(make, certificates=source, tls=asking(tmp_path)) as address:
        for held, status in ((HELD, 200), (STRANGERS, 401), (None, 401)):
            async with client(address, tmp_path, held) as http:
                assert (await http.get("/me", headers=bound(peer))).status_code == status
        async with client(address, tmp_path) as http:
            forged = bound(peer) | {PROXY: field(HELD.der), "ssl-client-cert": field(HELD.der)}
            assert (await http.get("/me", headers=forged)).status_code == 401
            unbound = {"authorization": f"Bearer {peer.token()}"}
            assert (await http.get("/me", headers=unbound)).status_code == 200


async def test_no_certificate_is_believed_unless_told(
    framework: Serves, make: Make, peer: Peer, tmp_path: Path
) -> None:
    """N04."""
    async with framework(make, tls=asking(tmp_path)) as address, client(address, tmp_path, HELD) as http:
        assert (await http.get("/me", headers=bound(peer))).status_code == 401
        assert (await http.get("/me", headers=bound(peer) | {PROXY: field(HELD.der)})).status_code == 401


async def test_proxys_word_is_taken_where_it_is_the_proxys(
    framework: Serves, make: Make, peer: Peer, tmp_path: Path
) -> None:
    """RFC 9440: each malformed one is no certificate, and a stranger's is nobody's."""
    pem = "".join(HELD.pem.decode().split())
    worthless = (
        "",
        field(STRANGERS.der),
        field(HELD.der)[:-1],
        field(HELD.der)[1:],
        field(HELD.der[:-1]),
        f"{field(HELD.der)}, {field(HELD.der)}",
        f"{field(STRANGERS.der)}, {field(HELD.der)}",
        field(HELD.der).replace(":", '"'),
        pem,
        f":{'A' * MAX_HEADER}:",
    )
    async with framework(make, certificates=of_proxy(LOOPBACK)) as address, client(address, tmp_path) as http:
        assert (await http.get("/me", headers=bound(peer) | {PROXY: field(HELD.der)})).status_code == 200
        assert (await http.get("/me", headers=bound(peer))).status_code == 401
        for said in worthless:
            assert (await http.get("/me", headers=bound(peer) | {PROXY: said})).status_code == 401, said[:80]
        twice = [*bound(peer).items(), ("host", HOST), (PROXY, field(HELD.der)), (PROXY, field(STRANGERS.der))]
        assert (await http.get("/me", headers=twice)).status_code == 401
    async with framework(make, certificates=of_proxy(FAR)) as address, client(address, tmp_path) as http:
        assert (await http.get("/me", headers=bound(peer) | {PROXY: field(HELD.der)})).status_code == 401


async def test_behind_the_shield_the_proxy_is_who_is_connected(
    framework: Serves, make: Make, peer: Peer, tmp_path: Path
) -> None:
    """The shield puts the address that a proxy speaks of in the place of the proxy's own."""
    policy = Policy(allowed_hosts=frozenset({HOST}), https_redirect=False, trusted_proxies=(LOOPBACK,))

    def around(app: Any) -> Any:
        return WsgiShield(app, policy)

    said = bound(peer) | {PROXY: field(HELD.der), "x-forwarded-for": "198.51.100.7"}
    for networks, status in ((LOOPBACK, 200), (FAR, 401)):
        async with (
            framework(make, certificates=of_proxy(networks), around=around) as address,
            client(address, tmp_path) as http,
        ):
            assert (await http.get("/me", headers=said)).status_code == status


async def test_django_under_asgi_takes_what_the_servers_tls_extension_says(
    make: Make, peer: Peer, tmp_path: Path
) -> None:
    chain: list[str] = []

    def around(app: Any) -> Any:
        async def served(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "extensions": {"tls": {"client_cert_chain": chain}}}, receive, send)

        return served

    held, strangers = HELD.pem.decode(), STRANGERS.pem.decode()
    said = bound(peer) | {PROXY: field(HELD.der)}
    async with django_asgi(make, around=around) as address, client(address, tmp_path) as http:
        for chain[:], status in (([held], 200), ([strangers, held], 401), ([], 401), (["rubbish"], 401)):
            assert (await http.get("/me", headers=said)).status_code == status
    async with django_asgi(make) as address, client(address, tmp_path) as http:
        assert (await http.get("/me", headers=said)).status_code == 401


@asynccontextmanager
async def fastapi(
    peer: Peer, moment: FixedClock, certificates: CertificateSource, policy: Policy
) -> AsyncGenerator[str]:
    airside, app = FastAirside(**settings(peer, moment)), FastAPI()
    airside.protect(app, policy, certificates=certificates)

    @app.get("/me")
    async def me(token: Annotated[VerifiedToken, Depends(airside.user)]) -> str:  # pyright: ignore[reportUnusedFunction]
        return token.subject

    async with serve(app, lifespan="on") as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("under", ["django", "fastapi"])
@pytest.mark.parametrize("relayed", [False, True], ids=["connected", "behind the shield"])
async def test_proxys_word_is_taken_under_asgi_where_it_is_the_proxys(
    under: str, relayed: bool, make: Make, peer: Peer, moment: FixedClock, tmp_path: Path
) -> None:
    """Whom the proxy speaks of is no proxy, wherever they say they are."""
    proxies = (LOOPBACK,) if relayed else ()
    policy = Policy(allowed_hosts=frozenset({HOST}), https_redirect=False, trusted_proxies=proxies)

    def around(app: Any) -> Any:
        return Shield(app, policy)

    for networks, status in ((LOOPBACK, 200), (FAR, 401)):
        source = of_proxy(networks)
        served = (
            django_asgi(make, certificates=source, around=around)
            if under == "django"
            else fastapi(peer, moment, source, policy)
        )
        async with served as address, client(address, tmp_path) as http:
            said = bound(peer) | {"x-forwarded-for": "198.51.100.7"}
            assert (await http.get("/me", headers=said | {PROXY: field(HELD.der)})).status_code == status
            for wrong in ("", field(STRANGERS.der), f"{field(HELD.der)}, {field(HELD.der)}"):
                assert (await http.get("/me", headers=said | {PROXY: wrong})).status_code == 401
            twice = [*said.items(), ("host", HOST), (PROXY, field(HELD.der)), (PROXY, field(STRANGERS.der))]
            assert (await http.get("/me", headers=twice)).status_code == 401


def test_what_says_nothing_of_a_certificate_gives_none() -> None:
    for said in ({}, {"SSL_CLIENT_CERT": ""}, {"SSL_CLIENT_CERT": "rubbish"}, {"SSL_CLIENT_CERT": HELD.der}):
        assert of_environ()(said) is None
        assert of_nobody(said) is None
    assert of_environ("HTTPS_CC")({"HTTPS_CC": HELD.pem.decode()}) == HELD.der
    for said in ({}, {"gunicorn.socket": None}, {"gunicorn.socket": HELD.der}):
        assert of_socket()(said) is None
    for address in ({}, {"REMOTE_ADDR": ""}, {"REMOTE_ADDR": "unix:"}, {"REMOTE_ADDR": "::1"}):
        assert of_proxy(LOOPBACK)(address | {"HTTP_CLIENT_CERT": field(HELD.der)}) is None
    scopes: tuple[dict[str, Any], ...] = ({}, {"extensions": None}, {"extensions": {}}, {"extensions": {"tls": {}}})
    for scope in scopes:
        assert of_scope(scope) is None


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(lambda: of_environ("HTTP_CLIENT_CERT"), id="a header"),
        pytest.param(lambda: of_environ("http_client_cert"), id="a header in small letters"),
        pytest.param(lambda: of_environ(""), id="no word"),
        pytest.param(of_proxy, id="no network"),
        pytest.param(lambda: of_proxy("0.0.0.0/0"), id="everybody"),
        pytest.param(lambda: of_proxy("10.0.0.0/8", "::/0"), id="everybody by IPv6"),
        pytest.param(lambda: of_proxy("proxy.example"), id="a name"),
        pytest.param(lambda: of_proxy("10.0.0.1/8"), id="bits of a host"),
    ],
)
def test_source_that_anybody_could_write_is_refused(source: Callable[[], CertificateSource]) -> None:
    with pytest.raises(Misconfigured):
        source()
