"""The checks, one file a subject: rows of data, each with the one function that looks.

Owns what is looked for and the pure judgements on it. It does not own asking (`assurance/target.py`), choosing,
accepting and telling.
"""

from airside.assurance.checks.catalogue import CHECKS, SELF_CHECKS

__all__ = ["CHECKS", "SELF_CHECKS"]
