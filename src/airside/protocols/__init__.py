"""Protocols: the formats of others, as pure functions: bytes in, typed values out.

Owns parsing, strict checking and writing of what crosses a wire: `jose` (RFC 7515, 7517, 7519, 8725), `oauth` (RFC
6749, 7636, 8252, 9700), `saml` (SAML 2.0, for a service provider), `webauthn` (Web Authentication Level 3), `otp`
(RFC 4226, 6238), `webhook` (Standard Webhooks 1.0), `secevent` (RFC 8417, SSF 1.0), `syslog` (RFC 5424, 5425), `pins`
(RFC 7469), and our own: `envelope`, what applications seal, and `apikey`, what programs present. Does no IO, reads no
clock (the moment is passed in), keeps no state but bounded caches of pure results, and knows no tenant, user or table.
What a rule means for a tenant is said by the rooms above.
"""
