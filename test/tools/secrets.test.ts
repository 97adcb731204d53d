import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { decodeValue } from "../../src/core/values.ts";
import type { ExecutionView } from "../../src/tools/execution-schema.ts";
import type { ProgressReport } from "../../src/tools/operation.ts";
import { appearances } from "../surfaces/appearances.ts";
import { flowFile, type List, ToolProject } from "./project.ts";

const token = 'tok/"en"+with=everything&\n in it';

/** A workflow that does with a secret everything that it should not. */
const careless = flowFile(`
import { secret } from "savepoint";
const leak = checkpoint("leak", async () => {
  const token = await secret("vault", "TOKEN");
  console.log("printed", token, { token }, JSON.stringify({ token }));
  console.error(Buffer.from("user:" + token).toString("base64"));
  process.stdout.write(encodeURIComponent(token));
  log({ token, [token]: 1 });
  progress({ stage: token });
  await save("kept", { header: "Bearer " + token }, { kind: "context" });
  await save("bytes", Buffer.from("x" + token));
  return { token, hex: Buffer.from(token).toString("hex") };
});
const fails = checkpoint("fails", async (from: unknown) => { throw new Error("cannot log in with " + (from as { token: string }).token); }, { retries: { max: 1, backoff: "10ms" } });
export const careless = flow("careless", async () => {
  const found = await leak();
  console.log("in the flow", found.token);
  log({ seen: found.token });
  await save("large", found.token.repeat(3_000));
  let message = "";
  try { await fails(found); } catch (error) { message = (error as Error).message; }
  const answer = await wait({ name: "go", question: "Is it " + found.token + "?", metadata: { token: found.token }, timeout: "1h", onTimeout: { value: found.token } });
  return { found, answer, message };
});
export const late = flow("late", async () => wait({ name: "never", timeout: "300ms", onTimeout: { value: await leak() } }));
export const dies = flow("dies", async () => { const { token } = await leak(); throw new Error("died of " + token); });
const named = checkpoint("named", async () => { await save((await secret("vault", "PLAIN")), 1); });
export const names = flow("names", async () => named());
const inFlow = flow("inFlow", async () => secret("vault", "TOKEN"));
export { inFlow };
const wrong = checkpoint("wrong", async () => secret("vault", "TOKENS"));
export const wrongKey = flow("wrongKey", async () => wrong());
`);

let project: ToolProject;
const answers: string[] = [];
beforeEach(async () => {
  answers.length = 0;
  project = new ToolProject({ "flows/careless.ts": careless });
  await call("secrets_create", { name: "vault", values: { TOKEN: token, PLAIN: "plain-enough-value" } });
});
afterEach(() => project.close());

/** Every answer and every error of this file is kept, to be searched. */
async function call<T = ExecutionView>(name: string, args: object = {}): Promise<T> {
  const answer = await project.call<T>(name, args, { progress: (report) => keep(report) });
  keep(answer);
  return answer;
}

async function refused(name: string, args: object) {
  const error = await project.error(name, args);
  keep(error);
  return error;
}

function keep(answer: unknown | ProgressReport): void {
  answers.push(JSON.stringify(answer));
}

/** The value and all its forms, in which no text may hold it. */
const forms = [...appearances(token), ...appearances("plain-enough-value")];
const found = (text: string) => forms.filter((form) => text.includes(form));

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.endsWith("careless.ts"));
}

describe("a secret that a workflow prints, returns, saves and throws", () => {
  test("appears in no answer and in no file, and the workflow gets it back unchanged, also after a crash", async () => {
    const asked = await call("executions_run", { target: "careless", wait_seconds: 20 });
    expect(asked).toMatchObject({
      status: "waiting",
      pending_waits: [{ question: "Is it [redacted vault.TOKEN]?", metadata: { token: "[redacted vault.TOKEN]" } }],
    });
    const { execution_id } = asked;
    await project.crash();
    const done = await call("executions_input", { execution_id, value: `with ${token}`, wait_seconds: 20 });
    expect(done).toMatchObject({
      status: "completed",
      result: {
        found: { token: "[redacted vault.TOKEN]", hex: "[redacted vault.TOKEN]" },
        answer: "with [redacted vault.TOKEN]",
        message: expect.stringMatching(/cannot log in with \[redacted vault.TOKEN\]/),
      },
    });
    const app = await project.app();
    const { seq } = app.findExecution(execution_id);
    const execution = app.store.executions.get(seq);
    const column = execution?.status === "completed" ? execution.result : null;
    expect(decodeValue(app.store.payloads.read(column ?? ""))).toMatchObject({
      found: { token, hex: Buffer.from(token).toString("hex") },
      answer: `with ${token}`,
    });
    await call("executions_get", { execution_id, detail: "full" });
    await call("executions_latest", {});
    await call("executions_list", {});
    await call("executions_logs", { execution_id, detail: "full" });
    await call("executions_events", { execution_id, limit: 200 });
    await call("executions_replay", { execution_id, dry_run: true });
    const { items } = await call<List<{ artifact_id: string }>>("artifacts_list", { execution_id });
    for (const { artifact_id } of items) {
      for (const offset of [0, 7, 11, 15]) await call("artifacts_get", { artifact_id, offset, max_chars: 20 });
      await call("artifacts_get", { artifact_id });
    }
    const replayed = await call<{ execution: { execution_id: string } }>("executions_replay", {
      execution_id,
      overrides: { "checkpoint.leak": { token, hex: "" } },
      wait_seconds: 10,
    });
    await call("executions_get", { execution_id: replayed.execution.execution_id, detail: "full" });
    expectNothingLeaked();
  });

  test("comes back from a wait's default, and not in the record of it", async () => {
    const { execution_id } = await call("executions_run", { target: "late", wait_seconds: 5 });
    const done = await vi.waitFor(async () => {
      const view = await call("executions_get", { execution_id, wait_seconds: 1 });
      expect(view).toMatchObject({ status: "completed", result: { token: "[redacted vault.TOKEN]" } });
      return view;
    }, 10_000);
    const app = await project.app();
    const execution = app.findExecution(done.execution_id);
    const column = execution.status === "completed" ? execution.result : null;
    expect(decodeValue(app.store.payloads.read(column ?? ""))).toMatchObject({ token });
    expectNothingLeaked();
  });

  test("does not appear in the failure that ends an execution, nor in its stack", async () => {
    const failed = await call("executions_run", { target: "dies", wait_seconds: 20 });
    expect(failed).toMatchObject({ status: "failed", failure: { message: "died of [redacted vault.TOKEN]" } });
    await call("executions_get", { execution_id: failed.execution_id, detail: "full" });
    expectNothingLeaked();
  });

  test("cannot be a name, which is kept in the clear", async () => {
    const failed = await call("executions_run", { target: "names", wait_seconds: 20 });
    expect(failed.failure?.message).toMatch(/the name of this artifact or tag holds the value of a secret/);
    expectNothingLeaked();
  });
});

function expectNothingLeaked(): void {
  for (const answer of answers) expect(found(answer), answer.slice(0, 500)).toEqual([]);
  const searched = files(project.root);
  for (const path of searched) expect(found(readFileSync(path, "latin1")), path).toEqual([]);
  expect(searched.map((path) => path.replace(/.*\//, ""))).toContain("savepoint.db");
  expect(project.problems.flatMap(found)).toEqual([]);
}

describe("secret() in a workflow", () => {
  test("belongs into a checkpoint", async () => {
    const failed = await call("executions_run", { target: "inFlow", wait_seconds: 20 });
    expect(failed.failure?.message).toMatch(/secret\(\) was called in the flow body.*checkpoint/);
  });

  test("of another workflow's secret fails the checkpoint, and does not hold the execution up", async () => {
    (await project.app()).secrets.restrict("vault", ["another"]);
    const failed = await call("executions_run", { target: "dies", wait_seconds: 20 });
    expect(failed).toMatchObject({ status: "failed", failure: { message: expect.stringContaining('"another"') } });
    const full = await call("executions_get", { execution_id: failed.execution_id, detail: "full" });
    expect(full.checkpoints[0]?.failure).toMatchObject({ code: "forbidden" });
    expect(full.checkpoints[0]?.failure?.hint).toContain("savepoint secrets set vault --workflow another");
  });

  test("names the nearest key", async () => {
    const failed = await call("executions_run", { target: "wrongKey", wait_seconds: 20 });
    expect(failed.failure?.message).toContain('secret "vault" has no key "TOKENS"');
    const full = await call("executions_get", { execution_id: failed.execution_id, detail: "full" });
    expect(full.checkpoints[0]?.failure?.hint).toContain('"TOKEN"');
  });
});

describe("secrets_create", () => {
  test("answers metadata only, and secrets_list as well", async () => {
    const made = await call("secrets_create", {
      name: "pair",
      values: { B: "value-of-b", A: "value-of-a" },
      private: true,
    });
    expect(made).toEqual({
      name: "pair",
      keys: ["A", "B"],
      visibility: "private",
      workflows: null,
      created_at: expect.stringMatching(/Z$/),
      warnings: [],
    });
    const { items, total } = await call<List<{ name: string }>>("secrets_list");
    expect(items.map(({ name }) => name)).toEqual(["pair", "vault"]);
    expect(total).toBe(2);
    expect(answers.join()).not.toMatch(/value-of/);
  });

  test("takes values from the environment and from files", async () => {
    writeFileSync(join(project.root, "key.pem"), "the-key-in-a-file\n");
    await call("secrets_create", { name: "file", from_file: { KEY: "key.pem" } });
    const path = process.env["PATH"] ?? "";
    await call("secrets_create", { name: "env", from_env: { SEARCH: "PATH" } });
    const app = await project.app();
    expect(app.secrets.reveal("file")).toEqual({ KEY: "the-key-in-a-file" });
    expect(app.secrets.reveal("env")).toEqual({ SEARCH: path });
    expect(statSync(join(project.root, ".savepoint", "savepoint.db")).size).toBeGreaterThan(0);
  });

  test("takes one source, and says which there are", async () => {
    expect(await refused("secrets_create", { name: "none" })).toMatchObject({
      code: "invalid_input",
      message: "secrets_create takes one of ask, from_env, from_file, values; none is given",
    });
    const two = { name: "two", values: { A: "one-and-two" }, from_env: { B: "PATH" } };
    expect((await refused("secrets_create", two)).message).toContain("from_env and values are given");
  });

  test("says which workflows may read it, and secrets_list as well", async () => {
    const values = { KEY: "for-some-only" };
    const made = await call("secrets_create", { name: "scoped", values, workflows: ["release", "nightly"] });
    expect(made).toMatchObject({ workflows: ["nightly", "release"] });
    const { items } = await call<List<{ name: string; workflows: string[] | null }>>("secrets_list");
    expect(items.map(({ workflows }) => workflows)).toEqual([["nightly", "release"], null]);
    expect(await refused("secrets_create", { name: "none", values, workflows: [] })).toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("name at least one"),
    });
  });

  test("of an existing name is a conflict that says who may change it", async () => {
    expect(await refused("secrets_create", { name: "vault", values: { A: "another-one" } })).toMatchObject({
      code: "conflict",
      hint: expect.stringContaining("savepoint secrets set vault"),
    });
  });

  test("refuses a value that is a word of any answer, wherever it comes from", async () => {
    writeFileSync(join(project.root, "word.txt"), "pending_waits\n");
    for (const source of [
      { values: { KEY: "next_cursor" } },
      { values: { KEY: "executions_run" } },
      { from_file: { KEY: "word.txt" } },
    ]) {
      expect(await refused("secrets_create", { name: "word", ...source })).toMatchObject({
        code: "invalid_input",
        message: expect.stringMatching(/^values.KEY is a word of Savepoint's own answers/),
        hint: "Nothing was stored.",
      });
    }
  });

  test("never repeats a value in an error, however wrong it is", async () => {
    for (const values of [
      { KEY: 123_456_789 },
      ["wrong-kind-of-value"],
      "wrong-kind-of-value",
      { KEY: ["wrong-kind-of-value"] },
    ]) {
      expect(JSON.stringify(await refused("secrets_create", { name: "wrong", values }))).not.toMatch(
        /123456789|wrong-kind/,
      );
    }
  });
});

test("without the master key nothing is answered that might hold a secret, and what is wrong is", async () => {
  const { execution_id } = await call("executions_run", { target: "dies", wait_seconds: 20 });
  project.use(await project.open({ env: { SAVEPOINT_CONFIG_HOME: join(project.root, "another") } }));
  for (const [name, args] of [
    ["executions_get", { execution_id }],
    ["executions_logs", { execution_id }],
    ["executions_list", {}],
    ["executions_run", { target: "dies" }],
  ] as const) {
    expect(await refused(name, args)).toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/master key/),
    });
  }
  const { warnings } = await call<{ warnings: string[] }>("status");
  expect(warnings.join()).toMatch(/master key/);
  expect((await call<List<{ name: string }>>("secrets_list")).items).toHaveLength(1);
});

test("labels that are kept in the clear may not hold a secret", async () => {
  for (const args of [{ tags: [`for ${token}`] }, { idempotency_key: token.slice(0, 200) }]) {
    expect(await refused("executions_run", { target: "careless", ...args })).toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(/holds the value of a secret/),
    });
  }
  expectNothingLeaked();
});
