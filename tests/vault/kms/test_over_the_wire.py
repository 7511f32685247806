"""Key services over real sockets: gone, silent, with another certificate, and back again."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.errors import Misconfigured, Unavailable
from airside.fetch import Fetcher
from airside.vault import Unopenable
from airside.vault.kms.aws import AwsKms
from airside.vault.kms.pkcs11 import Pkcs11Token
from airside.vault.kms.remote import CALL_SECONDS, RemoteKek
from airside.vault.kms.transit import AppRole, TokenFile, Transit
from tests.vault.kms.makers import token, transit
from tests.vault.kms.services import Aws, Bao, SoftHsm, openbao
from tests.vault.kms.wire import Wire, wire

ARN = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000"


@pytest.fixture(params=["transit", "aws"])
async def wired(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Wire, RemoteKek]]:
    service: Bao | Aws = request.getfixturevalue("bao_service" if request.param == "transit" else "aws_service")
    address = service.origin if isinstance(service, Bao) else service.endpoint
    async with AsyncExitStack() as stack:
        between = await stack.enter_async_context(wire(urlsplit(address).port or 0))
        if isinstance(service, Aws):
            yield between, RemoteKek(AwsKms(service.key(), endpoint=between.origin))
        else:
            fetcher = await stack.enter_async_context(Fetcher(allow=frozenset({f"127.0.0.1:{between.port}"})))
            name = service.key(f"wire-{between.port}")
            yield between, RemoteKek(transit(service, name, fetcher, origin=between.origin))


async def test_service_that_is_gone_is_away_and_comes_back(wired: tuple[Wire, RemoteKek]) -> None:
    between, kek = wired
    sealed = await kek.seal(b"attack at dawn", b"context")
    await between.cut()
    for ask in (kek.seal(b"attack at dawn", b"context"), kek.open(sealed, b"context")):
        with pytest.raises(Unavailable) as refusal:
            await ask
        assert refusal.value.part == "the key service"
    await between.mend()
    assert await kek.open(sealed, b"context") == b"attack at dawn"


async def test_service_that_says_nothing_is_away_after_a_bounded_time(wired: tuple[Wire, RemoteKek]) -> None:
    between, kek = wired
    clock = SystemClock()
    sealed = await kek.seal(b"attack at dawn", b"context")
    between.silent = True
    began = clock.monotonic()
    with pytest.raises(Unavailable):
        await kek.open(sealed, b"context")
    assert clock.monotonic() - began < CALL_SECONDS + 1
    await between.cut()
    await between.mend()
    assert await kek.open(sealed, b"context") == b"attack at dawn"


async def test_openbao_over_tls_is_believed_by_the_pinned_authority_alone(tmp_path: Path) -> None:
    with openbao(tmp_path, tls=True) as bao:
        allow = frozenset({bao.origin.partition("://")[2]})
        async with Fetcher(allow=allow) as anybody, Fetcher(allow=allow, trust=bao.ca) as pinned:
            with pytest.raises(Unavailable) as refusal:
                await RemoteKek(transit(bao, "none", anybody)).seal(b"x", b"")
            assert refusal.value.data["cause"] == "ConnectError"
            with pytest.raises(Unavailable) as refusal:
                await RemoteKek(transit(bao, "none", pinned)).seal(b"x", b"")
            assert str(refusal.value.data["cause"]).startswith("status ")


async def test_openbao_forgets_the_key_or_the_token_and_is_away_not_unopenable(
    bao_service: Bao, tmp_path: Path
) -> None:
    """What doesn't open only now isn't taken for lost."""
    name = bao_service.key("to-forget")
    async with Fetcher(allow=frozenset({bao_service.origin.partition("://")[2]})) as fetcher:
        kek = RemoteKek(transit(bao_service, name, fetcher))
        sealed = await kek.seal(b"attack at dawn", b"context")
        wrong = tmp_path / "token"
        wrong.write_text("somebody-else")
        wrong.chmod(0o600)
        credential = TokenFile(wrong)
        denied = RemoteKek(
            Transit(bao_service.origin, mount="transit", name=name, credential=credential, fetcher=fetcher)
        )
        bao_service.ask("POST", f"transit/keys/{name}/config", {"deletion_allowed": True})
        bao_service.ask("DELETE", f"transit/keys/{name}")
        causes: list[object] = []
        for each in (denied, kek):
            with pytest.raises(Unavailable) as refusal:
                await each.open(sealed, b"context")
            causes.append(refusal.value.data["cause"])
        assert causes == ["status 403", "status 400"]
        wrong.chmod(0o644)
        with pytest.raises(Unavailable) as refusal:
            await denied.open(sealed, b"context")
        assert "chmod 600" in str(refusal.value.data["cause"])


async def test_openbao_s_key_may_be_rotated_and_its_role_s_token_may_run_out(bao_service: Bao, tmp_path: Path) -> None:
    name = bao_service.key("by-role")
    policy = f'path "transit/+/{name}" {{ capabilities = ["update"] }}'
    bao_service.ask("PUT", "sys/policies/acl/by-role", {"policy": policy})
    bao_service.ask("POST", "sys/auth/approle", {"type": "approle"})
    bao_service.ask("POST", "auth/approle/role/airside", {"token_policies": "by-role", "token_num_uses": 3})
    role_id, secret_id = tmp_path / "role", tmp_path / "secret"
    _keep(role_id, bao_service.ask("GET", "auth/approle/role/airside/role-id"), "role_id")
    _keep(secret_id, bao_service.ask("POST", "auth/approle/role/airside/secret-id"), "secret_id")
    async with Fetcher(allow=frozenset({bao_service.origin.partition("://")[2]})) as fetcher:
        credential = AppRole(role_id, secret_id)
        kek = RemoteKek(Transit(bao_service.origin, mount="transit", name=name, credential=credential, fetcher=fetcher))
        sealed = await kek.seal(b"attack at dawn", b"context")
        bao_service.ask("POST", f"transit/keys/{name}/rotate")
        for _ in range(5):
            assert await kek.open(sealed, b"context") == b"attack at dawn"
        assert (await kek.seal(b"x", b""))[17:21] == (2).to_bytes(4)


def _keep(path: Path, answer: dict[str, object], name: str) -> None:
    data = answer["data"]
    assert isinstance(data, dict)
    path.write_text(str(data[name]))  # pyright: ignore[reportUnknownArgumentType]
    path.chmod(0o600)


async def test_token_that_isn_t_there_or_a_wrong_pin_is_away(softhsm_service: SoftHsm, tmp_path: Path) -> None:
    label = softhsm_service.key("alone")
    kek = RemoteKek(token(softhsm_service, label))
    sealed = await kek.seal(b"attack at dawn", b"context")
    for module, name, key in (
        (softhsm_service.module, "elsewhere", label),
        (softhsm_service.module, softhsm_service.token, "no-such-key"),
        (tmp_path / "none.so", softhsm_service.token, label),
    ):
        pin_file = softhsm_service.pin_file
        gone = Pkcs11Token(module, token=name, label=key, pin_file=pin_file, entropy=SystemEntropy())
        with pytest.raises(Unavailable):
            await RemoteKek(gone).seal(b"x", b"")
    assert await kek.open(sealed, b"context") == b"attack at dawn"


async def test_file_of_a_pin_that_others_can_read_is_refused_at_start(softhsm_service: SoftHsm, tmp_path: Path) -> None:
    pin_file = tmp_path / "pin"
    pin_file.write_text("4711-test")
    pin_file.chmod(0o640)
    with pytest.raises(Misconfigured, match="chmod 600"):
        Pkcs11Token(softhsm_service.module, token="a", label="b", pin_file=pin_file, entropy=SystemEntropy())


async def test_aws_key_that_is_gone_is_away_and_what_another_sealed_isn_t_ours(aws_service: Aws) -> None:
    one, other = (RemoteKek(AwsKms(aws_service.key(), endpoint=aws_service.endpoint)) for _ in range(2))
    sealed = await one.seal(b"attack at dawn", b"context")
    with pytest.raises(Unopenable):
        await other.open(sealed[:1] + other.tag.bytes + sealed[17:], b"context")
    gone = RemoteKek(AwsKms(one.key_id.removeprefix("aws:")[:-4] + "0000", endpoint=aws_service.endpoint))
    with pytest.raises(Unavailable) as refusal:
        await gone.open(sealed[:1] + gone.tag.bytes + sealed[17:], b"context")
    assert refusal.value.data["cause"] == "NotFoundException"


@pytest.mark.parametrize("where", ["of the service", "of all services", "in a profile"])
def test_nothing_of_the_environment_leads_to_another_key_service(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N04: a data key is wrapped where the setting says, over TLS. What it names itself holds still."""
    elsewhere, named = "http://attacker.example.com", "https://kms.example.com"
    match where:
        case "of the service":
            monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", elsewhere)
        case "of all services":
            monkeypatch.setenv("AWS_ENDPOINT_URL", elsewhere)
        case _:
            profile = tmp_path / "config"
            profile.write_text(f"[default]\nendpoint_url = {elsewhere}\nservices = x\n[services x]\n")
            with profile.open("a") as file:
                file.write(f"kms =\n  endpoint_url = {elsewhere}\n")
            monkeypatch.setenv("AWS_CONFIG_FILE", str(profile))
    assert AwsKms(ARN).endpoint == "https://kms.eu-central-1.amazonaws.com"
    assert AwsKms(ARN, endpoint=named).endpoint == named
