"""A real clamd over a signature file of two lines: it knows EICAR's test file, and one of our own."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from hashlib import md5
from pathlib import Path

import pytest

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
OURS = b"the file that our own signature names"
STREAM_MAX = 1024 * 1024


@pytest.fixture(scope="session")
async def clamd() -> AsyncIterator[str]:
    """The path of its socket."""
    daemon = shutil.which("clamd")
    if daemon is None:
        words = "Debian's package `clamav-daemon` isn't installed: no clamd"
        assert os.environ.get("CI") != "true", words
        pytest.skip(words)
    with tempfile.TemporaryDirectory(prefix="clamd") as name:  # short, as paths of sockets have to be
        folder = Path(name)
        (folder / "signatures").mkdir()
        lines = [f"{md5(file).hexdigest()}:{len(file)}:{name}\n" for file, name in ((EICAR, "Eicar"), (OURS, "Ours"))]
        (folder / "signatures" / "two.hdb").write_text("".join(lines))
        settings = [
            "Foreground yes",
            f"LocalSocket {folder}/socket",
            f"DatabaseDirectory {folder}/signatures",
            f"StreamMaxLength {STREAM_MAX}",
        ]
        (folder / "clamd.conf").write_text("\n".join(settings) + "\n")
        process = await asyncio.create_subprocess_exec(
            daemon,
            f"--config-file={folder}/clamd.conf",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(30):
            while not (folder / "socket").exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.02)
        yield f"{folder}/socket"
        process.terminate()
        await process.wait()
