import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ModelsProject, place, thrown } from "./project.ts";

let project: ModelsProject;
beforeEach(async () => {
  project = await ModelsProject.open();
});
afterEach(() => project.close());

const keys = { ANTHROPIC_API_KEY: "key-of-anthropic", OPENAI_API_KEY: "key-of-openai" };
const ollama = (model: string) => `ollama:${model}`;

describe("the model of a call", () => {
  test("is chosen by the run, then the environment, the call, the flow, and the default alias", () => {
    project.models().aliases.register({ name: "fast", model: ollama("default") });
    const run = { "draft-it": ollama("run-step"), "*": ollama("run-all") };
    const flow = { "draft-it": ollama("flow-step"), "*": ollama("flow-all") };
    const env = { SAVEPOINT_MODEL_DRAFT_IT: ollama("env"), OLLAMA_DRAFT_IT_MODEL: "llama3.2:3b" };
    const chosen = (
      step: string,
      { asked, ...options }: Parameters<typeof place>[1] & { asked?: string; env?: object },
    ) => {
      const { model, why } = project
        .models({ ...options.env })
        .resolve(asked, place(step, { run: options.run ?? {}, flow: options.flow ?? {} }));
      return [model, why];
    };
    const asked = ollama("asked");
    expect(chosen("draft-it", { run, env, asked, flow })).toEqual(["run-step", "models.draft-it of the run"]);
    expect(chosen("other", { run, env, asked, flow })).toEqual(["run-all", "models.* of the run"]);
    expect(chosen("draft-it", { env, asked, flow })).toEqual(["env", "SAVEPOINT_MODEL_DRAFT_IT"]);
    const { OLLAMA_DRAFT_IT_MODEL } = env;
    expect(chosen("draft-it", { env: { OLLAMA_DRAFT_IT_MODEL, SAVEPOINT_MODEL_DRAFT_IT: " " }, asked, flow })).toEqual([
      "llama3.2:3b",
      "OLLAMA_DRAFT_IT_MODEL",
    ]);
    expect(chosen("draft-it", { asked, flow })).toEqual(["asked", "the call"]);
    expect(chosen("draft-it", { flow })).toEqual(["flow-step", "models.draft-it of the flow"]);
    expect(chosen("constructor", { flow })).toEqual(["flow-all", "models.* of the flow"]);
    expect(chosen("draft-it", {})).toEqual(["default", "the default alias"]);
  });

  test("is an error that says how to choose one where nobody does", () => {
    expect(thrown(() => project.models(keys).resolve(undefined, place("draft")))).toEqual({
      code: "no_model",
      message: 'nobody says which model "draft" is to call',
      hint: expect.stringMatching(/savepoint models register .*SAVEPOINT_MODEL_DRAFT/),
    });
  });

  test("may be an alias anywhere, and a mistyped one names the nearest and who named it", () => {
    project.models().aliases.register({ name: "writer", model: "anthropic/claude-opus-5-5" });
    const models = project.models(keys);
    expect(models.resolve(undefined, place("draft", { flow: { "*": "writer" } }))).toEqual({
      provider: "anthropic",
      model: "claude-opus-5-5",
      alias: "writer",
      why: "models.* of the flow",
      apiKey: "key-of-anthropic",
      keyFrom: "ANTHROPIC_API_KEY, where the worker runs",
      baseUrl: undefined,
      price: { input: 4, output: 20, cachedInput: 0.2 },
    });
    expect(thrown(() => models.resolve(undefined, place("draft", { run: { draft: "wirter" } })))).toMatchObject({
      code: "unknown_model",
      message: 'models.draft of the run: "wirter" is no alias and no model',
      hint: expect.stringContaining('Did you mean "writer"?'),
    });
    expect(thrown(() => models.resolve("gpt-5.5", place("draft")))).toMatchObject({
      code: "unknown_model",
      hint: expect.stringContaining('Did you mean "openai:gpt-5.5"?'),
    });
  });
});

describe("the key of a call", () => {
  test("comes from the environment, then from the linked secret", () => {
    project.secret("anthropic", { KEY: " key-in-the-vault\n" });
    project.models().aliases.register({ name: "fast", model: "anthropic:claude-haiku-5-5", secret: "anthropic" });
    const keyWith = (env: NodeJS.ProcessEnv) => project.models(env).resolve("fast", place("draft")).apiKey;
    expect(keyWith(keys)).toBe("key-of-anthropic");
    expect(keyWith({ ANTHROPIC_API_KEY: "" })).toBe("key-in-the-vault");
  });

  test("that is nowhere is an error that names the variables", () => {
    expect(thrown(() => project.models().resolve("google:gemini-4-argon", place("draft")))).toMatchObject({
      code: "no_key",
      message: "there is no key for google",
      hint: expect.stringContaining("Set GOOGLE_GENERATIVE_AI_API_KEY or GEMINI_API_KEY or GOOGLE_API_KEY"),
    });
    const { apiKey } = project.models({ GOOGLE_API_KEY: "third" }).resolve("google:gemini-4-argon", place("draft"));
    expect(apiKey).toBe("third");
  });

  test("of the environment is never sent to an address of the alias's own", () => {
    project.secret("router", { KEY: "key-of-router" });
    const { aliases } = project.models();
    const there = { model: "openai:gpt-5.5", baseUrl: "https://router.example/v1/" };
    aliases.register({ name: "bare", ...there });
    aliases.register({ name: "linked", ...there, secret: "router" });
    expect(project.models(keys).resolve("linked", place("draft"))).toMatchObject({
      apiKey: "key-of-router",
      baseUrl: "https://router.example/v1",
    });
    expect(thrown(() => project.models(keys).resolve("bare", place("draft")))).toMatchObject({
      code: "no_key",
      hint: expect.stringMatching(/not sent there.*models register bare openai:gpt-5.5 --secret/),
    });
    aliases.register({ name: "open", model: "openai-compatible:m", baseUrl: "http://127.0.0.1:1234/v1" });
    const env = { OPENAI_COMPATIBLE_API_KEY: "not-for-this-one" };
    expect(project.models(env).resolve("open", place("draft")).apiKey).toBeUndefined();
  });

  test("that is not meant for the workflow is forbidden, with the command that allows it", () => {
    project.secret("anthropic", { KEY: "key-in-the-vault" });
    project.app.secrets.restrict("anthropic", ["release"]);
    project.models().aliases.register({ name: "fast", model: "anthropic:claude-haiku-5-5", secret: "anthropic" });
    expect(thrown(() => project.models().resolve("fast", place("draft")))).toMatchObject({
      code: "forbidden",
      message: expect.stringContaining('only executions of "release"'),
      hint: expect.stringContaining("savepoint secrets set anthropic --workflow release --workflow notes"),
    });
  });

  test("is missing where the linked secret is gone or has got more keys", () => {
    project.secret("anthropic", { KEY: "key-in-the-vault" });
    const { aliases } = project.models();
    aliases.register({ name: "fast", model: "anthropic:claude-haiku-5-5", secret: "anthropic" });
    project.secret("anthropic", { OTHER: "another-key-there" });
    expect(thrown(() => project.models().resolve("fast", place("draft")))).toMatchObject({
      code: "no_key",
      message: expect.stringContaining("it has several keys now"),
      hint: expect.stringContaining("anthropic.KEY"),
    });
    project.app.secrets.remove("anthropic");
    const error = thrown(() => project.models().resolve("fast", place("draft")));
    expect(error).toMatchObject({ code: "no_key", message: expect.stringContaining('there is no secret "anthropic"') });
    expect(JSON.stringify(error)).not.toContain("key-in-the-vault");
  });
});

describe("the address of a call", () => {
  test.each([
    ["anthropic", "ANTHROPIC_BASE_URL", "https://proxy.example", "https://proxy.example/v1"],
    ["anthropic", "ANTHROPIC_BASE_URL", "https://proxy.example/anthropic/", "https://proxy.example/anthropic/v1"],
    ["anthropic", "ANTHROPIC_BASE_URL", "https://proxy.example/v1", "https://proxy.example/v1"],
    ["openai", "OPENAI_BASE_URL", "https://proxy.example", "https://proxy.example/v1"],
    ["openai", "OPENAI_BASE_URL", "https://proxy.example/openai", "https://proxy.example/openai"],
    ["google", "GOOGLE_GENERATIVE_AI_BASE_URL", "https://proxy.example", "https://proxy.example/v1beta"],
    ["google", "GOOGLE_GENERATIVE_AI_BASE_URL", "https://proxy.example/v1beta/", "https://proxy.example/v1beta"],
    ["openai-compatible", "OPENAI_COMPATIBLE_BASE_URL", "http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"],
    ["ollama", "OLLAMA_BASE_URL", "http://box:11434", "http://box:11434/v1"],
    ["ollama", "OLLAMA_BASE_URL", "http://box:11434/v1/", "http://box:11434/v1"],
    ["ollama", "OLLAMA_BASE_URL", "http://box:11434/api", "http://box:11434/v1"],
  ])("of %s is what %s says, with or without its version: %s", (provider, variable, given, used) => {
    const env = { ...keys, GEMINI_API_KEY: "key-of-google", [variable]: given };
    expect(project.models(env).resolve(`${provider}:m`, place("draft")).baseUrl).toBe(used);
  });

  test("is this machine for Ollama, and has to be given for openai-compatible", () => {
    const { resolve } = project.models();
    expect(resolve("ollama:m", place("draft"))).toMatchObject({
      baseUrl: "http://127.0.0.1:11434/v1",
      apiKey: undefined,
      price: { input: 0, output: 0 },
    });
    expect(thrown(() => resolve("openai-compatible:m", place("draft")))).toMatchObject({
      code: "no_base_url",
      hint: expect.stringContaining("OPENAI_COMPATIBLE_BASE_URL"),
    });
  });

  test("that cannot be used names the variable and does not repeat it", () => {
    const env = { ...keys, OPENAI_BASE_URL: "https://me:pass-word-1@example.com" };
    const error = thrown(() => project.models(env).resolve("openai:gpt-5.5", place("draft")));
    expect(error).toMatchObject({
      code: "bad_base_url",
      message: "the base URL of OPENAI_BASE_URL holds credentials",
    });
    expect(JSON.stringify(error)).not.toContain("pass-word-1");
  });
});
