"""Frameworks: the SDK in the words of one web framework a file.

Owns the adapters and nothing else: each file imports its framework, and only who uses that framework imports the
file. What is verified and decided stands in the rooms beside it.
"""
