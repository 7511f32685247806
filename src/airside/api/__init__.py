"""Api: HTTP for programs. Parse, say one verb, render.

Owns routes, request and answer shapes, cursors, and the OpenAPI document that comes from them. Does not own the
verbs (`admin`, `oauth`, `permissions`), who may say them (`access`), nor the listeners (`wiring`).
"""
