"""Debian's `promtool`, which says whether Prometheus would take what we hand it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def promtool(*arguments: str | Path, given: bytes | None = None) -> str:
    """What `promtool` prints. Without it the test is skipped, and fails where CI says that all is there.

    Raises:
        AssertionError: it complains.
    """
    found = shutil.which("promtool")
    if found is None:
        words = "Debian's package `prometheus` isn't installed: no promtool"
        assert os.environ.get("CI") != "true", words
        pytest.skip(words)
    done = subprocess.run([found, *arguments], input=given, capture_output=True, timeout=60)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said
