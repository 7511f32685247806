"""Files that hold a secret: read only where nobody else can."""

import os
import stat
from pathlib import Path
from typing import Final

from airside.core.errors import Misconfigured

MAX_FILE: Final = 64 * 1024


def read_private(path: Path, setting: str, *, max_bytes: int = MAX_FILE) -> bytes:
    """What the file at `path` holds; `setting` is what named it.

    Raises:
        Misconfigured: no such file, not a regular one, open to others than its owner, owned by somebody else than this
            user or root, or over `max_bytes`.
    """
    try:
        # Without O_NONBLOCK, a pipe in the file's place would hold up the start for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Misconfigured(setting, f"the file can't be read: {error.strerror}") from None
    try:
        # Asked of the open file, not of the path: nobody can change what is read after it was looked at.
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Misconfigured(setting, "not a regular file")
        if status.st_mode & 0o077:
            raise Misconfigured(setting, "open to others than its owner: chmod 600")
        if status.st_uid not in (os.geteuid(), 0):
            raise Misconfigured(setting, "owned by another user")
        content = os.read(descriptor, max_bytes + 1)
    finally:
        os.close(descriptor)
    if len(content) > max_bytes:
        raise Misconfigured(setting, f"the file is over {max_bytes} bytes")
    return content


def read_private_line(path: Path, setting: str) -> str:
    """The one line of text in the file at `path`, without the end of the line.

    Raises:
        Misconfigured: as `read_private`; or empty, not ASCII, or more than a line.
    """
    try:
        line = read_private(path, setting).decode("ascii").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        line = ""
    if not line or not line.isprintable() or line != line.strip():
        raise Misconfigured(setting, "the file holds no single line of plain text")
    return line
