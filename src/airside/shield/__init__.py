"""Shield: what stands between the internet and an application, whoever wrote the application.

Owns the policy (hosts, proxies, headers, CSP, CORS, CSRF, body caps), the pure decisions on it, the ASGI
middleware that applies it, form tokens, `__Host-` cookies and safe local redirects. It does not own who is
asking or what they may do, keeps no state beyond a request, and needs no server and no framework.
"""

from airside.shield.asgi import Shield
from airside.shield.cookies import HostCookie
from airside.shield.cors import CorsRule
from airside.shield.csp import STRICT, Csp, csp, hash_source, nonce_source
from airside.shield.passage import Passage, passage
from airside.shield.policy import HSTS, MAX_BODY, Policy
from airside.shield.problems import come_again, internal_problem, problem_of
from airside.shield.prompt import Door, Prompt, Prompts, Reply
from airside.shield.redirects import safe_local_path
from airside.shield.rules import Verdict, client_address, csrf_verdict, decide_host, decide_origin

__all__ = [
    "HSTS",
    "MAX_BODY",
    "STRICT",
    "CorsRule",
    "Csp",
    "Door",
    "HostCookie",
    "Passage",
    "Policy",
    "Prompt",
    "Prompts",
    "Reply",
    "Shield",
    "Verdict",
    "client_address",
    "come_again",
    "csp",
    "csrf_verdict",
    "decide_host",
    "decide_origin",
    "hash_source",
    "internal_problem",
    "nonce_source",
    "passage",
    "problem_of",
    "safe_local_path",
]
