"""Cli: the operator's verbs.

Owns the command line: what is typed, what is printed, exit codes. Each verb's module is imported when it is
called. Does not own what the verbs do: they speak to the same services as API and console.
"""
