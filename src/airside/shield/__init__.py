"""Shield: what stands between the internet and an application, whoever wrote the application.

Owns the policy (hosts, proxies, headers, CSP, CORS, CSRF, caps, rates), the pure decisions on it, the ASGI and the
WSGI middleware that apply it, form tokens, `__Host-` cookies, safe local redirects and log lines without secrets. It
does not own who is asking or what they may do, keeps no state beyond a request but how often each client came, and
needs no server and no framework.
"""

from airside.core.gcra import Rate
from airside.shield.asgi import Shield
from airside.shield.cookies import HostCookie
from airside.shield.cors import CorsRule
from airside.shield.csp import NONE, SELF, STRICT, Csp, csp, hash_source, integrity, nonce_source
from airside.shield.logs import RedactedFormatter, redact_logs
from airside.shield.passage import Passage, passage
from airside.shield.policy import BODY_SECONDS, HSTS, MAX_BODY, Policy
from airside.shield.problems import come_again, internal_problem, problem_of
from airside.shield.prompt import Door, Prompt, Prompts, Reply
from airside.shield.protect import protect
from airside.shield.redirects import safe_local_path
from airside.shield.rules import Verdict, client_address, csrf_verdict, decide_host, decide_origin
from airside.shield.wsgi import UnfinishedAnswer, WsgiShield

__all__ = [
    "BODY_SECONDS",
    "HSTS",
    "MAX_BODY",
    "NONE",
    "SELF",
    "STRICT",
    "CorsRule",
    "Csp",
    "Door",
    "HostCookie",
    "Passage",
    "Policy",
    "Prompt",
    "Prompts",
    "Rate",
    "RedactedFormatter",
    "Reply",
    "Shield",
    "UnfinishedAnswer",
    "Verdict",
    "WsgiShield",
    "client_address",
    "come_again",
    "csp",
    "csrf_verdict",
    "decide_host",
    "decide_origin",
    "hash_source",
    "integrity",
    "internal_problem",
    "nonce_source",
    "passage",
    "problem_of",
    "protect",
    "redact_logs",
    "safe_local_path",
]
