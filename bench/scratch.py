"""A folder of its own for a run. As root the database runs as another user, who has to reach it."""

import tempfile
from pathlib import Path


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder that goes away with its context."""
    folder = tempfile.TemporaryDirectory(prefix="airside-bench-", ignore_cleanup_errors=True)
    Path(folder.name).chmod(0o711)
    return folder
