"""Where backups are kept, each kind started when the first test asks for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.custody.stores import S3, Folder, Kept, s3
from tests.vault.kms.services import credentials


@pytest.fixture(scope="session")
def s3_service() -> Iterator[S3]:
    with credentials(), s3() as service:
        yield service


@pytest.fixture(params=["directory", "s3"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """An empty place for backups."""
    if request.param == "directory":
        return Folder(tmp_path / "backups")
    service: S3 = request.getfixturevalue("s3_service")
    return service.bucket()
