"""Where `airside` starts. The light package carries no command line, and says so."""

import re
import sys

_SECRET_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#\s]*:[^/?#\s]+@|[?&\s](?:password|sslpassword)=", re.IGNORECASE)


def main() -> None:
    """Run the command line; exit 0 done, 1 something differs or was refused, 2 can't start as told."""
    if any(_SECRET_IN_URL.search(word) for word in sys.argv[1:]):
        # Everybody on this machine can read it in the list of processes.
        print("refused a password on the command line: use a setting, or a file of it", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    try:
        from airside.cli.app import app
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] == "airside":
            raise
        sys.exit("The server isn't installed here: pip install 'airside[server]'")
    app()
