// OpenFGA's JavaScript SDK against a server that it knows only by its address, a token, and the authority that
// NODE_EXTRA_CA_CERTS names. Each step says its name when it holds; the first that doesn't ends the process.
import assert from "node:assert/strict";

import {
  ClientWriteRequestOnDuplicateWrites,
  ClientWriteRequestOnMissingDeletes,
  ConsistencyPreference,
  CredentialsMethod,
  FgaApiAuthenticationError,
  FgaApiNotFoundError,
  FgaApiValidationError,
  OpenFgaClient,
} from "@openfga/sdk";

const { PEER_API_URL: apiUrl, PEER_TOKEN: token, PEER_MODEL: model } = process.env;
const { PEER_ISSUER: issuer, PEER_CLIENT_ID: clientId, PEER_CLIENT_SECRET: clientSecret } = process.env;
const withToken = (word) => ({ method: CredentialsMethod.ApiToken, config: { token: word } });
const fga = new OpenFgaClient({ apiUrl, credentials: withToken(token) });
const fresh = { consistency: ConsistencyPreference.HigherConsistency };
const anne = { user: "user:anne", relation: "viewer", object: "doc:1" };
const bob = { user: "user:bob", relation: "viewer", object: "doc:1" };
const early = {
  user: "user:anne",
  relation: "reviewer",
  object: "doc:1",
  condition: { name: "early", context: { latest: 9 } },
};

async function refused(call, kind, code) {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof kind, `${error.name}: ${error.message}`);
    if (code) assert.equal(error.apiErrorCode, code);
    return true;
  });
}

const steps = {
  async stores() {
    const made = await fga.createStore({ name: "javascript" });
    fga.storeId = made.id;
    assert.equal((await fga.getStore()).name, "javascript");
    const page = await fga.listStores({ pageSize: 1 });
    assert.equal(page.stores.length, 1);
    assert.ok((await fga.listStores({ name: "javascript" })).stores.some((each) => each.id === made.id));
  },

  async models() {
    const written = await fga.writeAuthorizationModel(JSON.parse(model));
    fga.authorizationModelId = written.authorization_model_id;
    const latest = (await fga.readLatestAuthorizationModel()).authorization_model;
    assert.equal(latest.id, written.authorization_model_id);
    assert.deepEqual((await fga.readAuthorizationModel()).authorization_model, latest);
    assert.equal((await fga.readAuthorizationModels()).authorization_models.length, 1);
    await refused(
      () => fga.writeAuthorizationModel({ schema_version: "1.1", type_definitions: [{ type: "a" }, { type: "a" }] }),
      FgaApiValidationError,
      "invalid_authorization_model",
    );
  },

  async writes() {
    await fga.write({ writes: [anne, early] });
    await refused(() => fga.write({ writes: [anne] }), FgaApiValidationError, "write_failed_due_to_invalid_input");
    const conflict = {
      onDuplicateWrites: ClientWriteRequestOnDuplicateWrites.Ignore,
      onMissingDeletes: ClientWriteRequestOnMissingDeletes.Ignore,
    };
    await fga.write({ writes: [anne, bob] }, { conflict });
    await fga.write({ deletes: [bob] });
    await fga.write({ deletes: [bob] }, { conflict });
    const many = Array.from({ length: 25 }, (_, each) => ({ ...anne, user: `user:${each}`, object: "doc:2" }));
    const told = await fga.write(
      { writes: [anne, ...many] },
      { transaction: { disable: true, maxPerChunk: 1, maxParallelRequests: 5 } },
    );
    assert.deepEqual([...new Set(told.writes.map((each) => each.status))].sort(), ["failure", "success"]);
    assert.equal(told.writes.filter((each) => each.status === "failure").length, 1);
    await fga.deleteTuples(many);
    await fga.writeTuples([{ user: "user:anne", relation: "owner", object: "folder:f" }]);
    await fga.writeTuples([{ user: "folder:f", relation: "parent", object: "doc:3" }]);
  },

  async reads() {
    const page = await fga.read({}, { pageSize: 3 });
    const rest = await fga.read({}, { continuationToken: page.continuation_token });
    assert.equal(page.tuples.length + rest.tuples.length, 4);
    const [one] = (await fga.read({ object: "doc:1", relation: "reviewer", user: "user:anne" })).tuples;
    assert.deepEqual(one.key.condition, { name: "early", context: { latest: 9 } });
    const changes = await fga.readChanges({ type: "folder" });
    assert.deepEqual(
      changes.changes.map((each) => [each.operation, each.tuple_key.object]),
      [["TUPLE_OPERATION_WRITE", "folder:f"]],
    );
    const later = await fga.readChanges({ type: "folder" }, { continuationToken: changes.continuation_token });
    assert.deepEqual(later.changes, []);
  },

  async checks() {
    assert.equal((await fga.check({ ...anne, relation: "can_read" }, fresh)).allowed, true);
    assert.equal((await fga.check(bob)).allowed, false);
    assert.equal((await fga.check({ ...bob, contextualTuples: [{ ...bob, relation: "owner" }] })).allowed, true);
    const reviewer = { user: "user:anne", relation: "reviewer", object: "doc:1" };
    assert.equal((await fga.check({ ...reviewer, context: { hour: 8 } })).allowed, true);
    assert.equal((await fga.check({ ...reviewer, context: { hour: 10 } })).allowed, false);
    await refused(() => fga.check(reviewer), FgaApiValidationError, "validation_error");
    const checks = Array.from({ length: 60 }, (_, each) => ({ ...anne, user: `user:${each}` }));
    const batch = await fga.batchCheck({
      checks: [...checks, { ...reviewer, correlationId: "early", context: { hour: 8 } }, { ...bob, relation: "none" }],
    });
    assert.deepEqual(batch.result.filter((each) => each.allowed).map((each) => each.correlationId), ["early"]);
    assert.equal(batch.result.filter((each) => each.error).length, 1);
    const single = await fga.clientBatchCheck([anne, bob]);
    // In the order in which they were answered.
    const allowed = Object.fromEntries(single.result.map((each) => [each._request.user, each.allowed]));
    assert.deepEqual(allowed, { [anne.user]: true, [bob.user]: false });
    const held = await fga.listRelations({
      user: "user:anne",
      object: "doc:1",
      relations: ["viewer", "owner", "can_read"],
    });
    assert.deepEqual(held.relations, ["viewer", "can_read"]);
  },

  async lists() {
    const asked = { user: "user:anne", relation: "viewer", type: "doc" };
    assert.deepEqual((await fga.listObjects(asked)).objects, ["doc:1", "doc:3"]);
    const streamed = [];
    for await (const each of fga.streamedListObjects(asked)) streamed.push(each.object);
    assert.deepEqual(streamed.sort(), ["doc:1", "doc:3"]);
    const who = { object: { type: "doc", id: "3" }, relation: "viewer", user_filters: [{ type: "user" }] };
    assert.deepEqual((await fga.listUsers(who)).users, [{ object: { type: "user", id: "anne" } }]);
    const tree = (await fga.expand({ relation: "can_read", object: "doc:1" })).tree;
    assert.equal(tree.root.difference.base.leaf.computed.userset, "doc:1#viewer");
  },

  async assertions() {
    await fga.writeAssertions([{ ...anne, expectation: true }]);
    const kept = (await fga.readAssertions()).assertions;
    assert.deepEqual(kept.map((each) => [each.tuple_key.user, each.expectation]), [["user:anne", true]]);
  },

  async credentials() {
    const config = { clientId, clientSecret, apiTokenIssuer: issuer, apiAudience: process.env.PEER_AUDIENCE };
    const credentials = { method: CredentialsMethod.ClientCredentials, config };
    const program = new OpenFgaClient({ apiUrl, storeId: fga.storeId, credentials });
    assert.equal((await program.getStore()).name, "javascript");
    const nobody = new OpenFgaClient({ apiUrl, storeId: fga.storeId, credentials: withToken("none") });
    await refused(() => nobody.getStore(), FgaApiAuthenticationError);
  },

  async end() {
    await fga.deleteStore();
    await refused(() => fga.getStore(), FgaApiNotFoundError, "store_id_not_found");
  },
};

for (const [name, step] of Object.entries(steps)) {
  await step();
  console.log(`holds ${name}`);
}
