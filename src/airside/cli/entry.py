"""Where `airside` starts. The light package carries no command line, and says so."""

import sys


def main() -> None:
    """Run the command line; exit 0 done, 1 something differs or was refused, 2 can't start as told."""
    try:
        from airside.cli.app import app
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] == "airside":
            raise
        sys.exit("The server isn't installed here: pip install 'airside[server]'")
    app()
