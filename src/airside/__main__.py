"""`python -m airside` is `airside`."""

from airside.cli.entry import main

main()
