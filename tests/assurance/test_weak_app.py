"""The checklist on an application with known faults: exactly those are found, and on the sound one nothing."""

import os
import ssl
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from airside.assurance import CHECKS, Baseline, Report, Wanted, examine
from airside.core.clock import Clock
from airside.core.secret import Secret
from tests.weak_app.app import CSP_FAULTS, WITHOUT, WeakApp
from tests.weak_app.files import FILES
from tests.weak_app.serving import Pair, certificate, context, served
from tests.weak_app.tokens import MISTAKES

FAULTS = [
    *WITHOUT,
    *CSP_FAULTS,
    *FILES,
    *MISTAKES,
    "framing", "hsts short", "banner", "cors-reflects", "cors-everybody", "charset", "integrity", "mixed-content",
    "host-header", "forwarded-host", "reflected-input", "open-redirect", "password-forms", "cookie-secure",
    "cookie-httponly", "cookie-samesite", "cookie-prefix", "content-type", "body-size", "csrf", "signin-limit",
    "protected-open", "challenge", "graphql-introspection", "openid-issuer", "openid-issuer plain", "openid-flows",
    "openid-pkce", "openid-algorithms", "published-keys", "published-keys short", "methods", "methods trace",
    "unhandled-errors", "verbose-errors",
]  # fmt: skip
OF_THE_WIRE = {
    "https", "plain-http", "tls-old", "tls-newest", "certificate-trust", "certificate-expiry", "certificate-strength",
}  # fmt: skip

HIDING = ("csp", "password-forms", "protected-open")
"""Under these there is nothing left in which others could be."""
EACH = [(fault,) for fault in FAULTS]
TOGETHER = [*((fault,) for fault in HIDING), *(tuple(f for f in FAULTS if f not in HIDING)[i::8] for i in range(8))]
BUNDLES = EACH if os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1" else TOGETHER
"""Each by itself takes half a minute; several that have nothing to do with each other show the same in short."""


@dataclass
class Served:
    """The application, and where it answers."""

    app: WeakApp
    url: str
    plain_port: int
    pair: Pair
    clock: Clock

    async def examined(self, *faults: str, token: bool = False, url: str = "", trust: Path | None = None) -> Report:
        self.app.faults = set(faults)
        self.app.attempts = 0
        wanted = Wanted(
            url=url or self.url,
            protected=("/api/me",),
            trust=trust or self.pair.certificate,
            plain_port=self.plain_port,
            token=Secret(self.app.token()) if token else None,
        )
        return await examine(wanted, Baseline(), clock=self.clock, progress=lambda _: None)


def _check(fault: str) -> str:
    return fault.partition(" ")[0]


def found(report: Report) -> set[str]:
    assert [(each.check.id, each.note) for each in report.results if each.state == "failed"] == []
    return {each.check.id for each in report.results if each.state == "found"}


async def _elsewhere(_scope: object, _receive: object, send: Callable[[dict[str, object]], Awaitable[None]]) -> None:
    headers = [(b"location", b"https://localhost/")]
    await send({"type": "http.response.start", "status": 308, "headers": headers})
    await send({"type": "http.response.body"})


@pytest.fixture(scope="module")
async def weak(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> AsyncIterator[Served]:
    pair = certificate(tmp_path_factory.mktemp("weak"), "sound", clock.now())
    app = WeakApp()
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(served(app.application(), context(pair)))
        plain = await stack.enter_async_context(served(_elsewhere, None))
        app.host = f"localhost:{port}"
        yield Served(app, f"https://localhost:{port}/", plain, pair, clock)


async def test_the_sound_application_has_nothing_to_mend_and_every_check_looked(weak: Served) -> None:
    report = await weak.examined(token=True)
    assert [
        (each.check.id, each.state, each.found, each.note) for each in report.results if each.state != "passed"
    ] == []
    assert report.exit_code(report.results[0].check.severity) == 0
    assert report.requests < 400


@pytest.mark.parametrize("faults", BUNDLES, ids="+".join)
async def test_exactly_the_faults_there_are_are_found(weak: Served, faults: tuple[str, ...]) -> None:
    report = await weak.examined(*faults, token="token-forgery unsigned" in faults)
    assert found(report) == {_check(fault) for fault in faults}


def test_every_check_has_a_fault_that_it_finds() -> None:
    assert {_check(fault) for fault in FAULTS} | OF_THE_WIRE == {check.id for check in CHECKS}


async def test_plain_http_is_found_where_it_is_the_target_and_where_it_stays(weak: Served) -> None:
    host, scheme = weak.app.host, weak.app.scheme
    async with served(weak.app.application(), None) as port:
        weak.app.host, weak.app.scheme = f"localhost:{port}", "http"
        assert found(await weak.examined(url=f"http://localhost:{port}/")) == {"https", "openid-issuer"}
        weak.app.host, weak.app.scheme = host, scheme
        redirecting, weak.plain_port = weak.plain_port, port
        report = await weak.examined("host-header")
        weak.plain_port = redirecting
    assert found(report) == {"plain-http", "host-header"}


@pytest.mark.parametrize(
    ("fault", "finds"),
    [
        ("old", {"tls-old"}),
        ("newest", {"tls-newest"}),
        ("stranger", {"certificate-trust"}),
        ("ending", {"certificate-expiry"}),
        ("short", {"certificate-strength", "certificate-trust"}),  # whom such a key signed for, nobody believes
    ],
)
async def test_what_is_wrong_with_tls_is_found(
    weak: Served, tmp_path: Path, clock: Clock, fault: str, finds: set[str]
) -> None:
    now = clock.now()
    pair = certificate(tmp_path, fault, now, days=3 if fault == "ending" else 90, short=fault == "short")
    lowest = ssl.TLSVersion.TLSv1_2 if fault == "newest" else ssl.TLSVersion.TLSv1_3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        tls = context(pair, lowest=ssl.TLSVersion.TLSv1_1 if fault == "old" else lowest, without_12=fault == "old")
    host = weak.app.host
    async with served(weak.app.application(), tls) as port:
        weak.app.host = f"localhost:{port}"
        trust = weak.pair.certificate if fault == "stranger" else pair.certificate
        report = await weak.examined(url=f"https://localhost:{port}/", trust=trust)
    weak.app.host = host
    assert found(report) == finds
