"""A real browser."""

from tests.chromium import chromium

__all__ = ["chromium"]
