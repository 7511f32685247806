"""Airside: everything past the checkpoint is verified.

Floors and rooms are drawn in `docs/house.md`; import-linter keeps the drawing true.
"""
