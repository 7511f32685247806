# pyright: basic, reportUndefinedVariable=false
"""JupyterHub behind its own proxy with TLS; whoever signs in at the issuer is let in. What differs from place to place
comes from the environment."""

import os

told = os.environ
issuer = told["PEER_ISSUER"]
c = get_config()  # noqa: F821

c.JupyterHub.bind_url = told["HUB_URL"]
c.JupyterHub.ssl_cert = told["HUB_CERTIFICATE"]
c.JupyterHub.ssl_key = told["HUB_KEY"]
c.JupyterHub.hub_bind_url = told["HUB_INNER_URL"]
c.JupyterHub.db_url = f"sqlite:///{told['HUB_FOLDER']}/hub.sqlite"
c.JupyterHub.cookie_secret_file = f"{told['HUB_FOLDER']}/cookie"
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.redirect_to_server = False
c.ConfigurableHTTPProxy.command = told["HUB_PROXY"].split("\n")
c.ConfigurableHTTPProxy.api_url = told["HUB_PROXY_URL"]
c.ConfigurableHTTPProxy.pid_file = f"{told['HUB_FOLDER']}/proxy.pid"

c.JupyterHub.authenticator_class = "generic-oauth"
c.GenericOAuthenticator.auto_login = True
c.GenericOAuthenticator.allow_all = True
c.GenericOAuthenticator.client_id = told["PEER_CLIENT_ID"]
c.GenericOAuthenticator.client_secret = told["PEER_CLIENT_SECRET"]
c.GenericOAuthenticator.oauth_callback_url = told["PEER_CALLBACK"]
c.GenericOAuthenticator.authorize_url = f"{issuer}/oauth2/authorize"
c.GenericOAuthenticator.token_url = f"{issuer}/oauth2/token"
c.GenericOAuthenticator.userdata_url = f"{issuer}/oauth2/userinfo"
c.GenericOAuthenticator.username_claim = "email"
c.GenericOAuthenticator.scope = ["openid", "email"]
c.GenericOAuthenticator.http_request_kwargs = {"ca_certs": told["SSL_CERT_FILE"]}
