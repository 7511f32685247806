"""Wiring: where the environment becomes settings, settings become services, and services get listeners.

Owns construction, timers, listeners and start-up's refusals. Does not own any rule: it only connects rooms.
"""
