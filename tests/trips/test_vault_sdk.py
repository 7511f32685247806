"""An application seals its values with the SDK, against the real server."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from airside.core.clock import SystemClock
from airside.core.errors import InvalidInput, TooLarge, Unavailable
from airside.core.secret import Secret
from airside.protocols.envelope import MAX_PLAINTEXT, Local, Sealed, from_text
from airside.sdk import AppVault, BlockingVault, ServiceClient, connect
from airside.secrets import Purpose
from tests.running import Place
from tests.trips.manager import program

CONTEXT = {"table": "note", "row": "7"}


@asynccontextmanager
async def opened(place: Place, auth: tuple[str, str], *, local: bool, key: str = "notes") -> AsyncGenerator[AppVault]:
    """The vault of an application with these credentials."""
    clock = SystemClock()
    async with connect(place.issuer, ca_file=place.server.certificates.ca) as fetcher:
        client = ServiceClient(place.issuer, auth[0], Secret(auth[1]), fetcher=fetcher, clock=clock)
        yield AppVault(place.issuer, key, client, fetcher=fetcher, clock=clock, local=local)


async def with_key(place: Place, purpose: Purpose = "seal", *scopes: str) -> tuple[str, str]:
    """A key named `notes`, and the credentials of a program that may use it."""
    async with place.operator() as ctx:
        await place.server.services.app_keys.create(ctx, "notes", purpose)
    _, auth = await program(place, *(scopes or ("vault:encrypt", "vault:decrypt")))
    return auth


@pytest.mark.parametrize("local", [False, True])
async def test_sealed_value_opens_wherever_it_was_sealed(place: Place, local: bool) -> None:
    auth = await with_key(place)
    async with opened(place, auth, local=local) as here, opened(place, auth, local=not local) as there:
        for value in (b"", b"call Grace", bytes(MAX_PLAINTEXT)):
            text = await here.seal(value, CONTEXT)
            assert await here.open(text, CONTEXT) == value
            assert await there.open(text, CONTEXT) == value
        with pytest.raises(InvalidInput):
            await here.open(await here.seal(b"x", CONTEXT), CONTEXT | {"row": "8"})
        with pytest.raises(TooLarge):
            await here.seal(bytes(MAX_PLAINTEXT + 1), CONTEXT)
        with pytest.raises(InvalidInput):
            await here.open("airside:v1:", CONTEXT)


async def test_values_sealed_here_share_one_data_key_and_no_plaintext_leaves(place: Place) -> None:
    """Many at once ask for one data key; the server is asked for nothing else."""
    auth = await with_key(place)
    async with opened(place, auth, local=True) as vault:
        texts = await asyncio.gather(*(vault.seal(b"x", CONTEXT) for _ in range(50)))
        found = [from_text(text) for text in texts]
        assert {each.wrapped for each in found if isinstance(each, Local)} == {_local(found[0]).wrapped}
        assert len({_local(each).nonce for each in found}) == 50
    async with opened(place, auth, local=False) as vault:
        assert isinstance(from_text(await vault.seal(b"x", CONTEXT)), Sealed)


def _local(value: object) -> Local:
    assert isinstance(value, Local)
    return value


async def test_application_that_may_only_seal_opens_nothing(place: Place) -> None:
    """N22: not even what it sealed itself; and where there is no such key, nothing is sealed."""
    auth = await with_key(place, "seal", "vault:encrypt")
    for local in (False, True):
        async with opened(place, auth, local=local) as vault:
            text = await vault.seal(b"x", CONTEXT)
            with pytest.raises(Unavailable):
                await vault.open(text, CONTEXT)
        async with opened(place, auth, local=local, key="never") as vault:
            with pytest.raises(Unavailable):
                await vault.seal(b"x", CONTEXT)


async def test_value_sealed_here_opens_after_a_rotation_until_its_version_is_destroyed(place: Place) -> None:
    auth = await with_key(place)
    async with opened(place, auth, local=True) as vault:
        text = await vault.seal(b"x", CONTEXT)
    async with place.operator() as ctx:
        await place.server.services.app_keys.rotate(ctx, "notes")
    async with opened(place, auth, local=True) as vault:
        assert await vault.open(text, CONTEXT) == b"x"
    async with place.operator() as ctx:
        await place.server.services.app_keys.destroy_version(ctx, "notes", 1)
    async with opened(place, auth, local=True) as vault:
        with pytest.raises(InvalidInput):
            await vault.open(text, CONTEXT)


async def test_field_is_tokenised_and_read_again(place: Place) -> None:
    auth = await with_key(place, "token")
    async with opened(place, auth, local=False) as vault:
        token = await vault.tokenise(b"DE02120300000000202051", "customer.iban")
        assert token == await vault.tokenise(b"DE02120300000000202051", "customer.iban")
        assert await vault.detokenise(token, "customer.iban") == b"DE02120300000000202051"
        with pytest.raises(InvalidInput):
            await vault.detokenise(token, "customer.bban")


async def test_application_that_does_not_await_seals_and_opens(place: Place) -> None:
    auth = await with_key(place)

    def work() -> None:
        with BlockingVault(lambda: opened(place, auth, local=True)) as vault:
            text = vault.seal(b"x", CONTEXT)
            assert vault.open(text, CONTEXT) == b"x"
            with pytest.raises(InvalidInput):
                vault.open(text, {})

    await asyncio.to_thread(work)
