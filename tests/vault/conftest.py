"""Real key services, each started when the first test asks for it."""

from collections.abc import Iterator

import pytest

from tests.vault.kms.services import Aws, Bao, SoftHsm, aws, credentials, openbao, softhsm


@pytest.fixture(scope="session")
def bao_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bao]:
    with openbao(tmp_path_factory.mktemp("bao")) as service:
        yield service


@pytest.fixture(scope="session")
def aws_service() -> Iterator[Aws]:
    with credentials(), aws() as service:
        yield service


@pytest.fixture(scope="session")
def softhsm_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    with softhsm(tmp_path_factory.mktemp("softhsm")) as service:
        yield service
