# pyright: basic, reportMissingImports=false
"""nanoidp over TLS: its own command speaks plain HTTP only. Arguments: configuration, port, certificate, key."""

import sys

from nanoidp.app import create_app
from werkzeug.serving import run_simple

configuration, port, certificate, key = sys.argv[1:]
run_simple("127.0.0.1", int(port), create_app(configuration), threaded=True, ssl_context=(certificate, key))
