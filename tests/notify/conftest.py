"""What tests of letters share."""

import pytest

from airside.core.clock import Clock
from airside.transport import DevelopmentCertificates, ensure_development_certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> DevelopmentCertificates:
    """The mail server's, from a development authority."""
    return ensure_development_certificates(tmp_path_factory.mktemp("mail"), clock=clock)
