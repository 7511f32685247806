// oidc-provider over TLS, with the keys, clients and people that its environment tells: PEER_SETTINGS is JSON.
// Whoever gives the name of somebody it knows is them: its own pages for trying it out ask for no more.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";

import Provider from "oidc-provider";

const { issuer, port, certificate, key, keys, clients, people, secret } = JSON.parse(process.env.PEER_SETTINGS);

const provider = new Provider(issuer, {
  jwks: { keys },
  clients,
  cookies: { keys: [secret] },
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
  conformIdTokenClaims: true,
  // It goes nowhere that isn't public by itself; the server under test is on loopback.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  features: { backchannelLogout: { enabled: true } },
  findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
});
const tls = { cert: readFileSync(certificate), key: readFileSync(key) };
createServer(tls, provider.callback()).listen(port, "127.0.0.1");
for (const event of ["server_error", "grant.error", "backchannel.error", "authorization.error"]) {
  provider.on(event, (...told) => console.error(event, told.find((each) => each instanceof Error)));
}
