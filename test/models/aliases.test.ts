import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ModelsProject, thrown } from "./project.ts";

let project: ModelsProject;
beforeEach(async () => {
  project = await ModelsProject.open();
});
afterEach(() => project.close());

const haiku = "anthropic:claude-haiku-5-5";

describe("an alias", () => {
  test("is kept with what it stands for, and the first one is the default", () => {
    const { aliases } = project.models();
    expect(aliases.register({ name: "fast", model: " anthropic/claude-haiku-5-5 " })).toMatchObject({
      isNew: true,
      alias: { name: "fast", model: haiku, secret: null, baseUrl: null, isDefault: true },
    });
    expect(aliases.register({ name: "local", model: "ollama:llama3.2:3b" }).alias.isDefault).toBe(false);
    expect(aliases.list().map(({ name, model }) => [name, model])).toEqual([
      ["fast", haiku],
      ["local", "ollama:llama3.2:3b"],
    ]);
  });

  test("that is registered again is changed and stays the default", () => {
    const { aliases } = project.models();
    aliases.register({ name: "fast", model: haiku });
    const { alias, isNew } = aliases.register({ name: "fast", model: "openai-compatible:org/model:beta" });
    expect({ alias, isNew }).toMatchObject({
      isNew: false,
      alias: { model: "openai-compatible:org/model:beta", isDefault: true },
    });
  });

  test("that was the default leaves none when it is removed, until another is chosen", () => {
    const { aliases } = project.models();
    aliases.register({ name: "fast", model: haiku });
    aliases.register({ name: "slow", model: "anthropic:claude-opus-5-5" });
    expect(aliases.remove("fast")).toMatchObject({ name: "fast", isDefault: true });
    expect(aliases.list().filter(({ isDefault }) => isDefault)).toEqual([]);
    expect(aliases.setDefault("slow").isDefault).toBe(true);
    expect(thrown(() => aliases.setDefault("slwo"))).toMatchObject({ code: "not_found", hint: 'Did you mean "slow"?' });
    expect(aliases.find("slow")?.isDefault).toBe(true);
    expect(thrown(() => aliases.remove("fast"))).toMatchObject({ code: "not_found", hint: "There are: slow." });
  });

  test.each([
    ["my fast one", "is no name of an alias"],
    ["a:b", "is no name of an alias"],
    ["", "is no name of an alias"],
  ])("cannot be called %j", (name, problem) => {
    const error = thrown(() => project.models().aliases.register({ name, model: haiku }));
    expect(error).toMatchObject({ code: "invalid_input", hint: expect.stringContaining('"fast"') });
    expect(error.message).toContain(problem);
  });

  test.each(["ollama", "Google"])("cannot be called %j, as a provider is", (name) => {
    const error = thrown(() => project.models().aliases.register({ name, model: haiku }));
    expect(error.message).toBe(`name: "${name}" is the name of a provider`);
    expect(error.hint).toContain(`${name.toLowerCase()}:MODEL can be named without an alias`);
  });

  test.each([
    ["gemini:gemini-3.8-flash", "google:gemini-3.8-flash"],
    ["gemini-3.8-flash", "google:gemini-3.8-flash"],
    ["claude:claude-opus-5-5", "anthropic:claude-opus-5-5"],
    ["claude-opus-5-5", "anthropic:claude-opus-5-5"],
    ["gpt-5.5", "openai:gpt-5.5"],
    ["gpt:gpt-5.5", "openai:gpt-5.5"],
    ["antropic:claude-opus-5-5", "anthropic:claude-opus-5-5"],
    ["lmstudio/qwen", "openai-compatible:qwen"],
    ["llama3.2:3b", "ollama:llama3.2:3b"],
  ])("for %j names what was probably meant", (model, meant) => {
    const error = thrown(() => project.models().aliases.register({ name: "fast", model }));
    expect(error).toMatchObject({ code: "invalid_input", message: expect.stringContaining("model:") });
    expect(error.hint).toContain(`Did you mean "${meant}"?`);
    expect(error.hint).toContain("Write provider:model");
  });

  test.each([
    "google:a/b?x=1",
    "google:a#y",
    "google:../../other",
    "openai:a\\b",
    "openai:a%2e",
    "anthropic:a\nb",
    "google:a/b?x=1#y",
  ])("cannot lead elsewhere as %j does", (model) => {
    const error = thrown(() => project.models().aliases.register({ name: "fast", model }));
    expect(error).toMatchObject({ code: "invalid_input", hint: expect.stringContaining("A model's name has") });
    expect(error.hint).not.toContain("Did you mean");
  });

  test.each(["anthropic:", "anthropic", "nonsense", "openai:two words", ""])("for %j shows the form", (model) => {
    const error = thrown(() => project.models().aliases.register({ name: "fast", model }));
    expect(error).toMatchObject({ code: "invalid_input", hint: expect.stringContaining("Write provider:model") });
  });
});

describe("the secret of an alias", () => {
  test("needs no key where it has one, and one of its keys where it has several", () => {
    project.secret("single", { KEY: "value-of-single" });
    project.secret("several", { ONE: "value-of-one", TWO: "value-of-two" });
    const { aliases } = project.models();
    expect(aliases.register({ name: "a", model: haiku, secret: "single" }).alias).toMatchObject({
      secret: "single",
      secretKey: null,
    });
    const named = aliases.register({ name: "b", model: haiku, secret: "several", secretKey: "TWO" });
    expect(named.alias).toMatchObject({ secret: "several", secretKey: "TWO" });
    expect(thrown(() => aliases.register({ name: "c", model: haiku, secret: "several" }))).toMatchObject({
      code: "invalid_input",
      message: 'secret: "several" has several keys',
      hint: "Name one: several.ONE, several.TWO.",
    });
    expect(
      thrown(() => aliases.register({ name: "c", model: haiku, secret: "several", secretKey: "TOW" })),
    ).toMatchObject({ hint: 'Did you mean "TWO"? Name one: several.ONE, several.TWO.' });
    expect(thrown(() => aliases.register({ name: "c", model: haiku, secret: "singel" }))).toMatchObject({
      code: "not_found",
      hint: expect.stringContaining('Did you mean "single"?'),
    });
    const missing = thrown(() => aliases.register({ name: "c", model: haiku, secret: "nope", secretKey: "TOKEN" }));
    expect(missing.hint).toBe("`savepoint secrets set nope TOKEN` makes it.");
  });
});

describe("the base URL of an alias", () => {
  test.each([
    ["ftp://example.com", "begins neither with http:// nor with https://"],
    ["example.com", "is no URL"],
    ["https://user:pass-word-1@example.com", "holds credentials"],
    ["https://example.com/v1?key=abcdef", "has more behind its path"],
  ])("is refused where it is %j, and not repeated", (baseUrl, problem) => {
    const error = thrown(() => project.models().aliases.register({ name: "fast", model: haiku, baseUrl }));
    expect(error).toMatchObject({ code: "invalid_input", message: `base_url: what is given ${problem}` });
    expect(JSON.stringify(error)).not.toMatch(/pass-word-1|abcdef/);
  });
});
