import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ExecutionView } from "../../src/tools/execution-schema.ts";
import { savepoint } from "../cli/command.ts";
import { type RunningServer, startServer } from "../http/process.ts";
import { TestProject } from "../processes/project.ts";
import { appearances } from "./appearances.ts";
import { openSurface, type Surface, surfaceNames } from "./surfaces.ts";

/** Stored through REST, out of the server's environment, from a file, and by hand. */
const values = {
  REST: 'rest-"quoted"/and+more&',
  ENV: "environment value with spaces",
  FILE: "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END KEY-----",
  HAND: "typed-by-hand-ünïcode",
};
const forms = Object.values(values).flatMap(appearances);

let project: TestProject;
let server: RunningServer;
const surfaces: Surface[] = [];
beforeAll(async () => {
  project = new TestProject({ LEAKY_VALUE: values.ENV });
  project.write(
    "flows/leaky.ts",
    `import { checkpoint, flow, log, progress, save, secret, wait } from "savepoint";
console.log("the file is loaded");
const read = checkpoint("read", async () => Promise.all([
  secret("rest", "REST"), secret("env", "ENV"), secret("file", "FILE"), secret("hand", "HAND"),
]));
const spill = checkpoint("spill", async (values: string[]) => {
  for (const value of values) {
    console.log(value, { value }, JSON.stringify(JSON.stringify({ value })));
    console.error(Buffer.from("user:" + value).toString("base64"), Buffer.from(value).toString("hex"));
    console.log(Buffer.from(value), new Uint8Array(Buffer.from(value)), JSON.stringify(Buffer.from(value)));
    console.log("\\u001b[31m" + value.slice(0, 9) + "\\u001b[0m" + value.slice(9));
    console.log(Buffer.from(value.repeat(5)).toString("base64").replace(/.{76}/g, "$&\\n"));
    for (const char of value) process.stdout.write(char);
    await save("bytes", [...Buffer.from(value)]);
    process.stdout.write("?q=" + encodeURIComponent(value));
    process.stderr.write(Buffer.from("xy" + value).toString("base64url"));
    log({ value });
    progress({ stage: value });
    await save("value", value);
    await save("page", "x".repeat(40_000) + value);
    queueMicrotask(() => { console.warn("later", value); });
  }
  setTimeout(() => console.log("much later", ...values), 20);
  return values;
}, { retries: { max: 1, backoff: "20ms" } });
const fails = checkpoint("fails", async (values: string[]) => { throw new Error("failed with " + values.join(" and ")); });
export const leaky = flow("leaky", async () => {
  const values = await spill(await read());
  console.log(values);
  const error = await fails(values).catch((error: Error) => error.message + error.stack);
  const answer = await wait({ name: "go", question: "Is it " + values.join() + "?" });
  return { values, error, answer };
});
export const dies = flow("dies", async () => { throw new Error("died of " + (await read()).join()); });
`,
  );
  project.write("key.pem", `${values.FILE}\n`);
  server = await startServer(project);
  for (const name of surfaceNames) surfaces.push(await openSurface(name, project, server));
});
afterAll(async () => {
  for (const surface of surfaces) await surface.close();
  await project.close();
});

test("no surface shows a secret that a workflow prints, returns, saves and throws", async () => {
  const by = (name: (typeof surfaceNames)[number]) => surfaces[surfaceNames.indexOf(name)] as Surface;
  await value(by("REST"), "secrets_create", { name: "rest", values: { REST: values.REST } });
  await value(by("MCP over HTTP"), "secrets_create", { name: "env", from_env: { ENV: "LEAKY_VALUE" } });
  await value(by("MCP over stdio"), "secrets_create", { name: "file", from_file: { FILE: "key.pem" } });
  const typed = await savepoint(project, ["secrets", "set", "hand", "HAND"], { input: `${values.HAND}\n` });
  expect(typed).toMatchObject({ code: 0 });

  for (const surface of surfaces) {
    const { execution_id } = await value(surface, "executions_run", { target: "leaky", wait_seconds: 30 });
    const answer = `by ${values.REST}`;
    const done = await value(surface, "executions_input", { execution_id, value: answer, wait_seconds: 30 });
    expect(done).toMatchObject({
      status: "completed",
      result: { values: expect.arrayContaining(["[redacted rest.REST]"]) },
    });
    await value(surface, "executions_run", { target: "dies", wait_seconds: 30 });
    for (const [name, args] of reads(execution_id)) await surface.call(name, args);
    await surface.call("executions_get", { execution_id: values.HAND.slice(0, 30) });
  }
  const stream = await fetch(new URL(`/api/executions/${await newest()}/stream`, server.url), {
    headers: { authorization: `Bearer ${server.token}` },
  });
  const shown = [
    ...surfaces.map((surface) => surface.seen()),
    await stream.text(),
    server.said(),
    typed.stdout,
    typed.stderr,
  ];
  for (const text of shown) expect(leaksIn(text)).toEqual([]);
  expect(shown.join()).toContain("[redacted file.FILE]");
});

test("and no file of the project holds one, worker logs and blobs included", async () => {
  // Everything is down by then, and whatever was to be written is written.
  for (const surface of surfaces.splice(0)) await surface.close();
  const folder = join(project.root, ".savepoint");
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = found.map(({ parentPath, name }) => join(parentPath, name));
  expect(paths.some((path) => path.includes("blobs"))).toBe(true);
  for (const path of paths) {
    expect(leaksIn(readFileSync(path, "utf8")), path).toEqual([]);
    expect(leaksIn(readFileSync(path, "latin1")), path).toEqual([]);
  }
});

test("what a workflow and its programs write past everything reaches no file of the project", async () => {
  const own = new TestProject();
  try {
    own.write(
      "flows/raw.ts",
      `import { execSync } from "node:child_process";
import { writeSync } from "node:fs";
import { checkpoint, flow, secret } from "savepoint";
const raw = checkpoint("raw", async () => {
  const value = await secret("hand", "HAND");
  writeSync(1, value + "\\n");
  writeSync(2, value + "\\n");
  execSync("tee /dev/stderr", { input: value, stdio: ["pipe", "inherit", "inherit"] });
  return "done";
});
export const rawFlow = flow("raw", async () => raw());
`,
    );
    await savepoint(own, ["secrets", "set", "hand", "HAND"], { input: values.HAND });
    expect(await savepoint(own, ["run", "raw", "--wait", "20"])).toMatchObject({ code: 0 });
    const folder = join(own.root, ".savepoint");
    const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const { parentPath, name } of found) {
      expect(leaksIn(readFileSync(join(parentPath, name), "utf8")), name).toEqual([]);
    }
    expect(own.lines(".savepoint/logs/worker.log").join()).toContain("runs up to 10 executions");
  } finally {
    await own.close();
  }
});

test("the workflow's own result is whole", async () => {
  const app = await project.open();
  const { items } = await app.listings.executions({ workflow: "leaky", limit: 1 });
  const execution = app.findExecution(items[0]?.id ?? "");
  const column = execution.status === "completed" ? (execution.result ?? "") : "";
  expect(JSON.parse(app.store.payloads.read(column))).toMatchObject({
    values: Object.values(values),
    answer: `by ${values.REST}`,
  });
});

function leaksIn(text: string): string[] {
  return forms.filter((form) => text.includes(form));
}

function reads(execution_id: string): [string, Record<string, unknown>][] {
  return [
    ["executions_get", { execution_id, detail: "full" }],
    ["executions_logs", { execution_id, detail: "full" }],
    ["executions_events", { execution_id, limit: 200 }],
    ["executions_list", {}],
    ["executions_replay", { execution_id, dry_run: true }],
    ["artifacts_list", { execution_id }],
    ["artifacts_get", { execution_id, name: "value" }],
    ["artifacts_get", { execution_id, name: "page", offset: 39_990 }],
    ["artifacts_get", { execution_id, name: "spill", max_chars: 20 }],
    ["secrets_list", {}],
    ["status", {}],
  ];
}

async function newest(): Promise<string> {
  const { items } = await (await project.open()).listings.executions({ workflow: "leaky", limit: 1 });
  return items[0]?.id ?? "";
}

async function value(surface: Surface, name: string, args: Record<string, unknown>): Promise<ExecutionView> {
  const outcome = await surface.call(name, args);
  if (!outcome.ok) throw new Error(`${name}: ${JSON.stringify(outcome.error)}`);
  return outcome.value as ExecutionView;
}
