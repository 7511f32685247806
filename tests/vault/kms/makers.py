"""Keys of every kind, each on a real service, by one name: `make(kind)` says a new key."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.fetch import Fetcher
from airside.vault import LocalKek
from airside.vault.aead import Kek
from airside.vault.kms.aws import AwsKms
from airside.vault.kms.guard import Guarded
from airside.vault.kms.pkcs11 import Pkcs11Token
from airside.vault.kms.remote import KeyService, RemoteKek
from airside.vault.kms.several import Keks
from airside.vault.kms.transit import TokenFile, Transit
from tests.vault.kms.services import Aws, Bao, SoftHsm

REMOTE: Final = ("aws", "transit", "pkcs11")
KINDS: Final = ("local", "several", *REMOTE)
Make = Callable[[], Awaitable[Kek]]
MakeService = Callable[[], KeyService]
_numbers = count()


@asynccontextmanager
async def services(kind: str, request: pytest.FixtureRequest) -> AsyncGenerator[MakeService]:
    """Makes services of a kind, each with a new key."""
    async with AsyncExitStack() as stack:
        fixture = {"aws": "aws_service", "transit": "bao_service", "pkcs11": "softhsm_service"}[kind]
        service: object = request.getfixturevalue(fixture)

        def make() -> KeyService:
            name = f"key-{next(_numbers)}"
            if isinstance(service, Aws):
                return AwsKms(service.key(), endpoint=service.endpoint)
            if isinstance(service, SoftHsm):
                return token(service, service.key(name))
            assert isinstance(service, Bao)
            fetcher = Fetcher(allow=frozenset({service.origin.partition("://")[2]}))
            stack.push_async_callback(fetcher.aclose)
            return transit(service, service.key(name), fetcher)

        yield make


def transit(bao: Bao, name: str, fetcher: Fetcher, *, origin: str = "") -> Transit:
    credential = TokenFile(bao.token_file)
    return Transit(origin or bao.origin, mount="transit", name=name, credential=credential, fetcher=fetcher)


def token(hsm: SoftHsm, label: str) -> Pkcs11Token:
    return Pkcs11Token(hsm.module, token=hsm.token, label=label, pin_file=hsm.pin_file, entropy=SystemEntropy())


@asynccontextmanager
async def keks(kind: str, request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Make]:
    """Makes keys of a kind."""

    def local() -> LocalKek:
        return LocalKek.create(folder / f"kek-{next(_numbers)}", development=False, entropy=SystemEntropy())

    if kind not in REMOTE:

        async def make_local() -> Kek:
            return local() if kind == "local" else Keks(local(), (local(), local()))

        yield make_local
        return
    async with services(kind, request) as service:

        async def make() -> Kek:
            return Guarded(RemoteKek(service()), clock=SystemClock())

        yield make
