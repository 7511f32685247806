"""Stock servers as processes of a test: in a folder of their own, on free ports of loopback, ended with the test."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

READY_SECONDS = 60.0
GONE_SECONDS = 15.0


@contextmanager
def reachable_folder() -> Generator[Path]:
    """A folder that the users whom a server started by root becomes can pass through; short, for its sockets."""
    with tempfile.TemporaryDirectory(prefix="airside-peer-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@asynccontextmanager
async def daemon(
    command: list[str], folder: Path, *, port: int, environment: Mapping[str, str] | None = None
) -> AsyncGenerator[None]:
    """`command`, once it listens at `port`. It leads a process group, so that its children end with it; what it writes
    is noted on whatever fails meanwhile."""
    output = folder / "output"
    with output.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), **(environment or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
    try:
        await _listening(process, port, output)
        yield
    except Exception as error:
        error.add_note(_text(output))
        raise
    finally:
        await _end(process)


async def _listening(process: asyncio.subprocess.Process, port: int, output: Path) -> None:
    async with asyncio.timeout(READY_SECONDS):
        while True:
            assert process.returncode is None, _text(output)
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.05)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GONE_SECONDS)
    # Whatever is left of its group: children that it didn't end itself.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _text(output: Path) -> str:
    return output.read_text("utf-8", "replace")
