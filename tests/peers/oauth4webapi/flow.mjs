// oauth4webapi as an application that sends every request and judges every answer itself, and as a resource server
// that knows only the issuer. The command line says which steps it goes, in order.
import assert from "node:assert/strict";

import * as oauth from "oauth4webapi";

import { refused, run, visit } from "../steps.mjs";

const { PEER_ISSUER, PEER_CLIENT_ID, PEER_CLIENT_SECRET, PEER_CALLBACK, PEER_SCOPE, PEER_AUDIENCE } = process.env;
const { PEER_AUTH_KEY } = process.env;
const issuer = new URL(PEER_ISSUER);
const client = { client_id: PEER_CLIENT_ID };

async function ownKey() {
  const jwk = JSON.parse(PEER_AUTH_KEY);
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  return { key: await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]), kid: jwk.kid };
}

async function authentication() {
  if (PEER_CLIENT_SECRET) return oauth.ClientSecretPost(PEER_CLIENT_SECRET);
  return PEER_AUTH_KEY ? oauth.PrivateKeyJwt(await ownKey()) : oauth.None();
}

// Sends a request again whose proof lacked the nonce that the server has just told.
async function twice(send, read) {
  try {
    return await read(await send());
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return read(await send());
  }
}

const auth = await authentication();
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
let flow;
let tokens;
let user;
let DPoP;

async function request(more = {}) {
  flow = { verifier: oauth.generateRandomCodeVerifier(), state: oauth.generateRandomState() };
  flow.nonce = oauth.generateRandomNonce();
  return new URLSearchParams({
    client_id: PEER_CLIENT_ID,
    response_type: "code",
    redirect_uri: PEER_CALLBACK,
    scope: PEER_SCOPE,
    code_challenge: await oauth.calculatePKCECodeChallenge(flow.verifier),
    code_challenge_method: "S256",
    state: flow.state,
    nonce: flow.nonce,
    ...more,
  });
}

function address(parameters) {
  const target = new URL(server.authorization_endpoint);
  target.search = parameters.toString();
  return target;
}

async function redeem(landed) {
  const answer = oauth.validateAuthResponse(server, client, landed, flow.state);
  const send = () =>
    oauth.authorizationCodeGrantRequest(server, client, auth, answer, PEER_CALLBACK, flow.verifier, { DPoP });
  return twice(send, async (response) => {
    const told = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: flow.nonce,
      requireIdToken: true,
    });
    await oauth.validateApplicationLevelSignature(server, response);
    return told;
  });
}

async function push(parameters) {
  const send = () => oauth.pushedAuthorizationRequest(server, client, auth, parameters, { DPoP });
  const read = (response) => oauth.processPushedAuthorizationResponse(server, client, response);
  const { request_uri: reference } = await twice(send, read);
  return address(new URLSearchParams({ client_id: PEER_CLIENT_ID, request_uri: reference }));
}

async function introspect(token) {
  const response = await oauth.introspectionRequest(server, client, auth, token);
  return oauth.processIntrospectionResponse(server, client, response);
}

async function refresh(token) {
  const send = () => oauth.refreshTokenGrantRequest(server, client, auth, token, { DPoP });
  return twice(send, (response) => oauth.processRefreshTokenResponse(server, client, response));
}

const steps = {
  async discovery() {
    assert.equal(server.issuer, PEER_ISSUER);
    const answer = await oauth.discoveryRequest(issuer, { algorithm: "oauth2" });
    assert.deepEqual(await oauth.processDiscoveryResponse(issuer, answer), server);
    assert.equal(server.authorization_response_iss_parameter_supported, true);
  },

  async login() {
    tokens = await redeem(await visit(address(await request())));
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    assert.deepEqual([claims.iss, claims.nonce], [PEER_ISSUER, flow.nonce]);
    user = claims.sub;
  },

  // RFC 9207 §2.4: an answer that another issuer gave, or nobody, is refused by the client.
  async mixUp() {
    const landed = await visit(address(await request()));
    for (const other of ["https://other.example.test", null]) {
      const changed = new URL(landed);
      if (other) changed.searchParams.set("iss", other);
      else changed.searchParams.delete("iss");
      assert.throws(() => oauth.validateAuthResponse(server, client, changed, flow.state));
    }
    tokens = await redeem(landed);
  },

  async refusal() {
    const landed = await visit(address(await request({ scope: "openid notes:burn" })));
    assert.throws(
      () => oauth.validateAuthResponse(server, client, landed, flow.state),
      (error) => error instanceof oauth.AuthorizationResponseError && error.error === "invalid_scope",
    );
  },

  // RFC 9068 §4: as its audience, by the issuer's published keys alone.
  async accessToken() {
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    const asked = new Request(PEER_AUDIENCE, { headers });
    const claims = await oauth.validateJwtAccessToken(server, asked, PEER_AUDIENCE);
    assert.equal(claims.client_id, PEER_CLIENT_ID);
    const elsewhere = new Request("https://else.example.test", { headers });
    await assert.rejects(oauth.validateJwtAccessToken(server, elsewhere, "https://else.example.test"));
  },

  async refresh() {
    const before = tokens;
    tokens = await refresh(before.refresh_token);
    assert.notEqual(tokens.refresh_token, before.refresh_token);
  },

  async userinfo() {
    const response = await oauth.userInfoRequest(server, client, tokens.access_token);
    const told = await oauth.processUserInfoResponse(server, client, user, response);
    assert.equal(told.email, process.env.PEER_EMAIL);
  },

  async introspection() {
    assert.equal((await introspect(tokens.access_token)).active, true);
    assert.equal((await introspect("none")).active, false);
  },

  async revocation() {
    const response = await oauth.revocationRequest(server, client, auth, tokens.refresh_token);
    await oauth.processRevocationResponse(response);
    assert.equal((await introspect(tokens.access_token)).active, false);
    await refused(() => refresh(tokens.refresh_token), "invalid_grant");
  },

  async credentials() {
    const asked = new URLSearchParams({ scope: "notes:read" });
    const response = await oauth.clientCredentialsGrantRequest(server, client, auth, asked);
    const own = await oauth.processClientCredentialsResponse(server, client, response);
    assert.equal((await introspect(own.access_token)).active, true);
  },

  async pushed() {
    tokens = await redeem(await visit(await push(await request())));
  },

  async bound() {
    DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
    tokens = await redeem(await visit(await push(await request())));
    assert.equal(tokens.token_type, "dpop");
    tokens = await refresh(tokens.refresh_token);
    assert.equal(tokens.token_type, "dpop");
  },

  // RFC 9449 §5: the refresh token of a client without a secret is of use with its key alone.
  async boundElsewhere() {
    const kept = DPoP;
    DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
    await refused(() => refresh(tokens.refresh_token), "invalid_grant");
    DPoP = kept;
    tokens = await refresh(tokens.refresh_token);
  },

  async boundAccessToken() {
    const keys = await oauth.generateKeyPair("ES256");
    DPoP = oauth.DPoP(client, keys);
    tokens = await redeem(await visit(await push(await request())));
    let asked;
    const catching = { [oauth.customFetch]: async (url, init) => ((asked = new Request(url, init)), new Response()) };
    const target = new URL(PEER_AUDIENCE);
    await oauth.protectedResourceRequest(tokens.access_token, "GET", target, undefined, undefined, {
      DPoP,
      ...catching,
    });
    const claims = await oauth.validateJwtAccessToken(server, asked, PEER_AUDIENCE, { requireDPoP: true });
    assert.ok(claims.cnf.jkt);
  },

  async signedRequest() {
    const object = await oauth.issueRequestObject(server, client, await request(), await ownKey());
    const reference = new URLSearchParams({ client_id: PEER_CLIENT_ID, request: object });
    tokens = await redeem(await visit(address(reference)));
  },
};

await run(steps);
