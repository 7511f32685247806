"""Token verification in the SDK against the bare `cryptography` call, and of a token seen before against afresh.

    python bench/sdk_verify.py

Rounds are interleaved, so that a machine that slows down slows all of them; medians count, by CPU time. It is the
steady state that is measured: the cache of seen tokens is full, so that each new one pushes one out, and what was
made while starting is out of the garbage collector's way, as servers do after a start (`gc.freeze`).
"""

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import uvicorn
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from airside.core.clock import SystemClock, epoch
from airside.protocols.jose import SigningKey, b64url_decode, public_jwk, sign_jwt
from airside.protocols.jose.cache import MAX_ENTRIES
from airside.protocols.jose.keys import generate
from airside.sdk import Verifier, connect

ROUNDS: Final = 15
CALLS: Final = 400
REPEATS: Final = 20_000
AUDIENCE: Final = "https://bench.example"
WANTED_COLD: Final = 0.7
WANTED_SEEN: Final = 50.0


@dataclass
class Sample:
    """Microseconds a call: processor and wall."""

    cpu: list[float]
    wall: list[float]

    async def take(self, work: Callable[[], Awaitable[None]], calls: int) -> None:
        """One round of `calls`."""
        wall, cpu = time.perf_counter(), time.process_time()
        await work()
        self.cpu.append((time.process_time() - cpu) / calls * 1e6)
        self.wall.append((time.perf_counter() - wall) / calls * 1e6)

    def __str__(self) -> str:
        return f"{statistics.median(self.cpu):8.2f} µs cpu {statistics.median(self.wall):8.2f} µs wall"


def tokens(key: SigningKey, issuer: str, count: int) -> list[str]:
    """Access tokens as the server writes them, each another."""
    now = epoch(SystemClock().now())
    return [
        sign_jwt(
            key,
            {
                "iss": issuer,
                "sub": "usr_01jd0000000000000000000001",
                "aud": AUDIENCE,
                "exp": now + 900,
                "iat": now,
                "nbf": now,
                "jti": f"tok_{number:026d}",
                "client_id": "cli_01jd0000000000000000000000",
                "scope": "openid notes:read notes:write",
                "tenant_id": "ten_01jd0000000000000000000002",
                "roles": ["member"],
                "auth_time": now,
                "acr": "aal1",
                "amr": ["pwd"],
                "sid": "ses_01jd0000000000000000000003",
                "fam": "fam_01jd0000000000000000000004",
            },
            typ="at+jwt",
        )
        for number in range(count)
    ]


async def serve(key: SigningKey) -> tuple[uvicorn.Server, "asyncio.Task[None]", str]:
    """Discovery and keys on loopback."""
    place = {"issuer": ""}

    async def discovery(_request: Request) -> Response:
        return JSONResponse({"issuer": place["issuer"], "jwks_uri": place["issuer"] + "/jwks"})

    async def jwks(_request: Request) -> Response:
        return JSONResponse({"keys": [public_jwk(key.verification())]})

    app = Starlette(routes=[Route("/.well-known/openid-configuration", discovery), Route("/jwks", jwks)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.01)
    place["issuer"] = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    return server, task, place["issuer"]


async def measure(verifier: Verifier, key: SigningKey, given: list[str]) -> tuple[Sample, Sample, Sample, Sample]:
    """Signing (to calibrate the machine), bare verification, the SDK afresh, the SDK on a token seen before."""
    public = key.private.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    scheme = ec.ECDSA(hashes.SHA256())
    signed: list[tuple[bytes, bytes]] = []
    for token in given[: ROUNDS * CALLS]:
        head, _, tail = token.rpartition(".")
        raw = b64url_decode(tail)
        der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        signed.append((der, head.encode()))
    for token in given[len(signed) :]:
        await verifier.verify(token)
    waiting, signatures, last = iter(given), iter(signed), given[-1]
    gc.collect()
    gc.freeze()

    async def sign() -> None:
        for _, data in signed[:CALLS]:
            key.sign(data)

    async def bare() -> None:
        for _ in range(CALLS):
            der, data = next(signatures)
            public.verify(der, data, scheme)

    async def afresh() -> None:
        for _ in range(CALLS):
            await verifier.verify(next(waiting))

    async def seen() -> None:
        await verifier.verify(last)
        for _ in range(REPEATS):
            verifier.verify_cached(last)

    samples = Sample([], []), Sample([], []), Sample([], []), Sample([], [])
    for _ in range(ROUNDS):
        for sample, work, calls in zip(
            samples, (sign, bare, afresh, seen), (CALLS, CALLS, CALLS, REPEATS), strict=True
        ):
            await sample.take(work, calls)
    return samples


async def run() -> bool:
    """Measure and print; whether both ratios are met."""
    key = SigningKey("bench", "ES256", generate("ES256"))
    server, task, issuer = await serve(key)
    async with connect(issuer) as fetcher:
        verifier = Verifier(issuer, AUDIENCE, fetcher=fetcher, clock=SystemClock())
        given = tokens(key, issuer, ROUNDS * CALLS + MAX_ENTRIES)
        sign, bare, afresh, seen = await measure(verifier, key, given)
        await verifier.stop()
    server.should_exit = True
    await task
    cold = statistics.median(one / other for one, other in zip(bare.cpu, afresh.cpu, strict=True))
    hot = statistics.median(one / other for one, other in zip(afresh.cpu, seen.cpu, strict=True))
    print(f"calibration: {1e6 / statistics.median(sign.cpu):,.0f} ES256 signatures/s")
    print(f"cryptography's verify alone  {bare}")
    print(f"the SDK, a token never seen  {afresh}")
    print(f"the SDK, a token seen before {seen}")
    print(f"SDK against the bare call    {cold:.2f} (wanted ≥ {WANTED_COLD})")
    print(f"seen before against afresh   {hot:.0f}× (wanted ≥ {WANTED_SEEN:.0f})")
    return cold >= WANTED_COLD and hot >= WANTED_SEEN


if __name__ == "__main__":
    raise SystemExit(0 if asyncio.run(run()) else 1)
