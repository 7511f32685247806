// openid-client as an application that knows its issuer, its own name and secret, and the authority that
// NODE_EXTRA_CA_CERTS names. The command line says which steps it goes, in order.
import assert from "node:assert/strict";

import * as client from "openid-client";

import { refused, run, visit } from "../steps.mjs";

const { PEER_ISSUER, PEER_CLIENT_ID, PEER_CLIENT_SECRET, PEER_CALLBACK, PEER_SCOPE, PEER_AUTH_KEY } = process.env;
const issuer = new URL(PEER_ISSUER);

async function authentication() {
  if (PEER_CLIENT_SECRET) return client.ClientSecretBasic(PEER_CLIENT_SECRET);
  if (!PEER_AUTH_KEY) return client.None();
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("jwk", JSON.parse(PEER_AUTH_KEY), algorithm, false, ["sign"]);
  return client.PrivateKeyJwt({ key, kid: JSON.parse(PEER_AUTH_KEY).kid });
}

async function discovered() {
  const config = await client.discovery(issuer, PEER_CLIENT_ID, undefined, await authentication());
  client.enableNonRepudiationChecks(config); // the ID token's signature is checked, not only where it came from
  return config;
}

// The whole code flow: `begin` makes the address that the user is sent to, `DPoP` binds what comes of it to a key.
async function signIn(begin = client.buildAuthorizationUrl, DPoP = undefined, more = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const parameters = {
    redirect_uri: PEER_CALLBACK,
    scope: PEER_SCOPE,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
    nonce: expectedNonce,
    ...more,
  };
  const landed = await visit(await begin(config, parameters, { DPoP }));
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  return client.authorizationCodeGrant(config, landed, checks, undefined, { DPoP });
}

const config = await discovered();
let tokens;
let user;
let binding;

const steps = {
  async discovery() {
    const metadata = config.serverMetadata();
    assert.equal(metadata.issuer, PEER_ISSUER);
    assert.ok(metadata.supportsPKCE());
    const other = new URL(`${PEER_ISSUER}-none`);
    await assert.rejects(client.discovery(other, PEER_CLIENT_ID));
  },

  async login() {
    tokens = await signIn();
    assert.equal(tokens.token_type, "bearer");
    assert.ok(tokens.expiresIn() > 0);
    const claims = tokens.claims();
    assert.equal(claims.iss, PEER_ISSUER);
    assert.equal(claims.aud, PEER_CLIENT_ID);
    assert.ok(claims.sub.startsWith("usr_"));
  },

  async refresh() {
    const before = tokens;
    tokens = await client.refreshTokenGrant(config, before.refresh_token);
    assert.notEqual(tokens.access_token, before.access_token);
    assert.notEqual(tokens.refresh_token, before.refresh_token);
  },

  async userinfo() {
    const told = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    assert.equal(told.email, process.env.PEER_EMAIL);
  },

  async introspection() {
    const told = await client.tokenIntrospection(config, tokens.access_token);
    assert.deepEqual([told.active, told.client_id, told.iss], [true, PEER_CLIENT_ID, PEER_ISSUER]);
    assert.equal((await client.tokenIntrospection(config, "none")).active, false);
  },

  async revocation() {
    await client.tokenRevocation(config, tokens.refresh_token);
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, false);
    await refused(() => client.refreshTokenGrant(config, tokens.refresh_token), "invalid_grant");
  },

  async credentials() {
    const own = await client.clientCredentialsGrant(config, { scope: "notes:read" });
    assert.equal((await client.tokenIntrospection(config, own.access_token)).active, true);
    await refused(() => client.clientCredentialsGrant(config, { scope: "notes:burn" }), "invalid_scope");
  },

  async pushed() {
    tokens = await signIn(client.buildAuthorizationUrlWithPAR);
    assert.ok(tokens.claims().sub);
  },

  async bound() {
    binding = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
    tokens = await signIn(client.buildAuthorizationUrlWithPAR, binding);
    user = tokens.claims().sub;
    assert.equal(tokens.token_type, "dpop");
    tokens = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: binding });
    assert.equal(tokens.token_type, "dpop");
  },

  async boundUserinfo() {
    const told = await client.fetchUserInfo(config, tokens.access_token, user, { DPoP: binding });
    assert.equal(told.sub, user);
    const another = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
    await assert.rejects(client.fetchUserInfo(config, tokens.access_token, user, { DPoP: another }));
    await assert.rejects(client.fetchUserInfo(config, tokens.access_token, user));
  },

  async signedRequest() {
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const jwk = JSON.parse(PEER_AUTH_KEY);
    const key = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]);
    tokens = await signIn((known, parameters) =>
      client.buildAuthorizationUrlWithJAR(known, parameters, { key, kid: jwk.kid }),
    );
    assert.ok(tokens.claims().sub);
  },

  async logout() {
    const home = process.env.PEER_AFTER_LOGOUT;
    const parameters = { post_logout_redirect_uri: home, id_token_hint: tokens.id_token, state: "bye" };
    const landed = await visit(client.buildEndSessionUrl(config, parameters));
    assert.equal(landed.href, `${home}?state=bye`);
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, false);
  },
};

await run(steps);
