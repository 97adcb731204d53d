import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { agentEnvironment } from "../../src/agents/environment.ts";
import { type App, openApp } from "../../src/app.ts";
import { environmentKeys } from "../../src/models/keys.ts";
import { temporaryFolder } from "../helpers/engine.ts";

let folder: ReturnType<typeof temporaryFolder>;
let apps: App[];
beforeEach(() => {
  folder = temporaryFolder();
  apps = [];
});
afterEach(async () => {
  for (const app of apps) await app.close();
  folder.remove();
});

const key = "sk-ant-of/the+environment-0123456789";
const withKey = { ANTHROPIC_API_KEY: key };
const told = JSON.stringify({ plain: `It is ${key}`, encoded: Buffer.from(`user:${key}`).toString("base64") });
const hidden = {
  plain: "It is [redacted environment.ANTHROPIC_API_KEY]",
  encoded: expect.stringContaining("[redacted environment.ANTHROPIC_API_KEY]"),
};

/** A process of its own, as far as keys, the environment and the database go. */
async function open(env: NodeJS.ProcessEnv = {}): Promise<App> {
  const root = join(folder.path, "project");
  mkdirSync(root, { recursive: true });
  const source = { SAVEPOINT_CONFIG_HOME: join(folder.path, "home"), ...env };
  const app = await openApp({ project: root, env: source, ensureWorker: false });
  apps.push(app);
  return app;
}

const shown = (app: App, column: string) =>
  app.store.protection.redactValue(JSON.parse(app.store.payloads.read(column)));
const kept = (app: App) => app.store.secrets.everKnown().map(({ name, keys }) => [name, ...keys]);

describe("a key of the environment that a process sealed something for", () => {
  test("is redacted by a process that does not have it, and is no secret that anybody can read", async () => {
    const [worker, reader] = [await open(withKey), await open()];
    const column = worker.store.payloads.store(told);
    expect(column).not.toContain(key);
    expect(shown(reader, column)).toEqual(hidden);
    expect(shown(worker, column)).toEqual(hidden);
    expect(reader.secrets.list()).toEqual([]);
    expect(() => reader.secrets.reveal("environment")).toThrowError(expect.objectContaining({ code: "not_found" }));
  });

  test("is kept once, by however many processes and for however many texts", async () => {
    const [one, other] = [await open(withKey), await open({ ...withKey, ANTHROPIC_AUTH_TOKEN: key })];
    for (const app of [one, other, await open(withKey), one]) app.store.payloads.store(told);
    expect(kept(one)).toEqual([["environment", "ANTHROPIC_API_KEY"]]);
  });

  test("is not kept where it is a secret already", async () => {
    const app = await open(withKey);
    app.secrets.create({ name: "claude", values: { KEY: key }, visibility: "shared" });
    expect(shown(await open(), app.store.payloads.store(told))).toMatchObject({ plain: "It is [redacted claude.KEY]" });
    expect(kept(app)).toEqual([["claude", "KEY"]]);
  });

  test("is kept anew where the transaction that kept it was rolled back", async () => {
    const app = await open(withKey);
    const spoiled = () =>
      app.store.write(() => {
        app.store.payloads.store(told);
        app.store.protection.refresh();
        throw new Error("spoiled");
      });
    expect(spoiled).toThrow("spoiled");
    expect(kept(app)).toEqual([]);
    app.store.write(() => {
      expect(spoiled).toThrow("spoiled");
      app.store.payloads.store(told);
    });
    expect(kept(app)).toHaveLength(1);
    expect(shown(await open(), app.store.payloads.store(told))).toEqual(hidden);
  });

  test("of a transaction that was rolled back does not stand in for what another process stores next", async () => {
    const [app, other] = [await open(withKey), await open()];
    const spoiled = () =>
      app.store.write(() => {
        app.store.payloads.store(told);
        app.store.protection.refresh();
        throw new Error("spoiled");
      });
    expect(spoiled).toThrow("spoiled");
    other.secrets.create({ name: "github", values: { TOKEN: "ghp_0123456789abcdef" }, visibility: "shared" });
    app.store.protection.refresh();
    expect(app.store.protection.redact("ghp_0123456789abcdef")).toBe("[redacted github.TOKEN]");
  });

  test("stays hidden after a rotation", async () => {
    const app = await open(withKey);
    const column = app.store.payloads.store(told);
    expect(app.secrets.rotate({}).secrets).toBe(1);
    expect(shown(await open(), column)).toEqual(hidden);
  });
});

test("a process that only has a key and shows nothing sealed makes no master key", async () => {
  const app = await open(withKey);
  expect(app.store.protection.redact(told)).not.toContain(key);
  expect(app.store.payloads.store('"nothing of it"')).toBe('"nothing of it"');
  expect(existsSync(join(folder.path, "home", "master.key"))).toBe(false);
});

test("where secrets cannot be opened, a key of the environment is no reason to show what is beside it", async () => {
  const app = await open();
  app.secrets.create({ name: "github", values: { TOKEN: "ghp_0123456789abcdef" }, visibility: "shared" });
  const blind = await open({ ...withKey, SAVEPOINT_CONFIG_HOME: join(folder.path, "another") });
  expect(blind.store.protection.redact(`ghp_0123456789abcdef ${key}`)).toMatch(/^\[withheld/);
});

describe("variables that are handed to a program", () => {
  const learned = [
    { label: "DEPLOY_TOKEN", value: "deploy-0123456789" },
    { label: "DATABASE_URL", value: "postgres://app:p%40ss-of-the-base@db.example/app" },
    { label: "COLOUR", value: "turquoise-blue" },
    { label: "PIN_TOKEN", value: "1234567" },
  ];

  test("are redacted from then on where they are credentials, by other processes too", async () => {
    const [worker, reader] = [await open(), await open()];
    const text = JSON.stringify(learned.map(({ value }) => value));
    expect(worker.store.payloads.store(text)).toBe(text);
    worker.store.protection.learn(learned);
    const column = worker.store.payloads.store(text);
    for (const app of [worker, reader]) {
      expect(shown(app, column)).toEqual([
        "[redacted environment.DEPLOY_TOKEN]",
        "postgres://app:[redacted environment.DATABASE_URL]@db.example/app",
        "turquoise-blue",
        "1234567",
      ]);
      expect(app.store.protection.redact("p@ss-of-the-base")).toBe("[redacted environment.DATABASE_URL]");
    }
  });

  test("are learnt once", async () => {
    const app = await open();
    for (let i = 0; i < 3; i++) app.store.protection.learn(learned.slice(0, 1));
    app.store.payloads.store('"deploy-0123456789"');
    expect(kept(app)).toEqual([["environment", "DEPLOY_TOKEN"]]);
  });
});

describe("the environment of models and agents", () => {
  const credentials = {
    ANTHROPIC_API_KEY: "value-of-anthropic",
    ANTHROPIC_AUTH_TOKEN: "value-of-gateway",
    ANTHROPIC_FOUNDRY_API_KEY: "value-of-foundry",
    CLAUDE_CODE_OAUTH_TOKEN: "value-of-oauth",
    AWS_SECRET_ACCESS_KEY: "value-of-aws",
    AWS_SESSION_TOKEN: "value-of-session",
    AWS_BEARER_TOKEN_BEDROCK: "value-of-bedrock",
    AZURE_CLIENT_SECRET: "value-of-azure",
    AZURE_OPENAI_API_KEY: "value-of-azure-openai",
    GOOGLE_API_KEY: "value-of-google",
  };
  const others = {
    ANTHROPIC_BASE_URL: "https://gateway.example",
    ANTHROPIC_MODEL: "claude-opus-5-5",
    AWS_REGION: "eu-central-1",
    AWS_PROFILE: "development",
    AWS_SHARED_CREDENTIALS_FILE: "/home/me/.aws/credentials",
    AWS_ACCESS_KEY_ID: "AKIA0123456789",
    AZURE_TENANT_ID: "tenant-0123456789",
    CLAUDE_CODE_MAX_OUTPUT_TOKENS: "12345678",
    CLAUDE_CODE_API_KEY_HELPER_TTL_MS: "86400000",
    GOOGLE_APPLICATION_CREDENTIALS: "/home/me/google.json",
    GOOGLE_CLOUD_PROJECT: "my-own-project",
  };
  const switches = { CLAUDE_CODE_USE_BEDROCK: "1", CLAUDE_CODE_USE_VERTEX: "1", CLAUDE_CODE_USE_FOUNDRY: "1" };
  const found = (env: NodeJS.ProcessEnv) => environmentKeys(env).map(({ variable, value }) => [variable, value]);

  test("holds these credentials, all of which reach Claude Code", () => {
    const env = { ...credentials, ...others, ...switches };
    expect(Object.fromEntries(found(env))).toEqual(credentials);
    const request = {
      kind: "claude" as const,
      prompt: "",
      model: undefined,
      systemPrompt: undefined,
      tools: undefined,
      disallowedTools: [],
      permissionMode: undefined,
      maxTurns: undefined,
      workspace: undefined,
      mcpServers: {},
      savepoint: false,
      env: [],
      set: {},
      command: undefined,
      outputSchema: undefined,
    };
    const workplace = { executionId: "0199a3f2", ordinal: 1 };
    expect(agentEnvironment({ env, projectRoot: "/p", request, workplace })).toMatchObject(credentials);
  });

  test.each([
    ["HTTPS_PROXY", "http://me:p%24ss-word@proxy.example:8080", ["p$ss-word", "p%24ss-word"]],
    ["https_proxy", "http://me:pass-word@proxy.example:8080", ["pass-word"]],
    ["ALL_PROXY", "me:pass-word@proxy.example:1080", ["pass-word"]],
    ["HTTP_PROXY", "http://proxy.example:8080", []],
    ["HTTP_PROXY", "http://me:100%-sure@proxy.example", ["100%-sure"]],
    [
      "ANTHROPIC_CUSTOM_HEADERS",
      "X-Team: engineering\nAuthorization: Bearer of-the-gateway\nx-api-key: another-key",
      ["Bearer of-the-gateway", "of-the-gateway", "another-key"],
    ],
  ])("holds of %s=%j what is secret in it", (variable, value, secrets) => {
    expect(found({ [variable]: value })).toEqual(secrets.map((secret) => [variable, secret]));
  });
});
