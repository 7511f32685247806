"""Becomes PostgreSQL: gives up root, asks to be told of its parent's death, then executes the program.

Run by path in a fresh interpreter (`python -I -S launcher.py uid gid parent signal program …`), never imported:
nothing runs between fork and exec in a process that may have threads.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_UNCHANGED = -1
# Loaded while still root: the interpreter's own files may be out of the other account's reach.
_LIBC = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def main(arguments: list[str]) -> None:
    """`arguments`: uid and gid (-1: keep), the parent's pid, the signal its death sends (0: none), program, …"""
    uid, gid, parent, death_signal = (int(argument) for argument in arguments[:4])
    command = arguments[4:]
    if uid != _UNCHANGED:
        os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        if death_signal:
            # After setuid: the kernel forgets the death signal when credentials change.
            _prctl(_PR_SET_PDEATHSIG, death_signal)
            if os.getppid() != parent:  # it died before we asked to be told
                raise SystemExit("the parent process is gone")
    os.umask(0o077)
    os.execv(command[0], command)  # noqa: S606  # no shell is what we want


main(sys.argv[1:])
