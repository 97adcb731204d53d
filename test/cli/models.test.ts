import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestProject } from "../processes/project.ts";
import { json, savepoint } from "./command.ts";
import { flowsProject } from "./flows.ts";

let project: TestProject;
beforeAll(async () => {
  project = flowsProject({ ANTHROPIC_API_KEY: "key-of-the-environment" });
  const args = ["secrets", "create", "my.router", "--values", "-"];
  await savepoint(project, args, { input: '{"ONE":"value-of-one","TWO":"value-of-two"}' });
});
afterAll(() => project.close());

describe("savepoint models", () => {
  test("registers aliases, says what became the default and what has no key", async () => {
    const first = await savepoint(project, ["models", "register", "fast", "anthropic/claude-haiku-4-5"]);
    expect(first).toMatchObject({ code: 0, stdout: "✓ fast is anthropic:claude-haiku-4-5.\n" });
    expect(first.stderr).toContain("It is the default");
    const second = await savepoint(project, ["models", "register", "slow", "openai:gpt-5.5"]);
    expect(second.stderr).toContain("There is no key for it yet");
    expect(second.stderr).not.toContain("It is the default");
    const linked = ["models", "register", "slow", "openai:gpt-5.5", "--secret", "my.router.TWO", "--default"];
    const { item } = await json<{ item: object }>(project, linked);
    expect(item).toEqual({
      name: "slow",
      model: "openai:gpt-5.5",
      is_default: true,
      secret: "my.router",
      secret_key: "TWO",
      base_url: null,
    });
  });

  test("lists them in a table, without any key", async () => {
    const { stdout } = await savepoint(project, ["models", "list"]);
    expect(stdout).toMatch(/fast +anthropic:claude-haiku-4-5 +ANTHROPIC_API_KEY +1 in, 5 out/);
    expect(stdout).toMatch(/slow +openai:gpt-5.5 +default +my.router.TWO +5 in, 30 out/);
    expect(stdout).toMatch(/google +missing/);
    expect(stdout).toMatch(/ollama +not needed/);
    expect(stdout).not.toMatch(/key-of-the-environment|value-of/);
  });

  test.each([
    [["register", "fast", "gemini:gemini-4-argon"], 2, 'Did you mean "google:gemini-4-argon"?'],
    [["register", "fast", "openai:gpt-5.5", "--secret", "my.router"], 2, "my.router.ONE, my.router.TWO"],
    [["register", "fast", "openai:gpt-5.5", "--secret", "my.rooter"], 1, 'Did you mean "my.router"?'],
    [["register", "fast", "openai:gpt-5.5", "--base-url", "nowhere"], 2, "https://example.com/v1"],
    [["register", "fast", "openai:gpt-5.5", "--secret", "nope.KEY.X"], 1, "`savepoint secrets set nope.KEY X`"],
    [["register", "anthropic", "openai:gpt-5.5"], 2, "anthropic:MODEL can be named without an alias"],
    [["register", "fast"], 2, "savepoint models register --help"],
    [["default", "fats"], 1, 'Did you mean "fast"?'],
    [["remove", "nothing"], 1, "There are: fast, slow."],
  ])("refuses %j and says what to do instead", async (args, code, hint) => {
    const ended = await savepoint(project, ["models", ...args]);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toContain(hint);
  });

  test("removes the default and says that there is none now", async () => {
    const removed = await savepoint(project, ["models", "remove", "slow"]);
    expect(removed).toMatchObject({ code: 0, stdout: "✓ slow is removed.\n" });
    expect(removed.stderr).toContain("`savepoint models default fast` chooses one");
    expect(await savepoint(project, ["models", "default", "fast"])).toMatchObject({ code: 0 });
    expect((await savepoint(project, ["models", "list"])).stdout).toMatch(/fast .* default/);
  });

  test("says in its help why agents cannot register one", async () => {
    const { stdout } = await savepoint(project, ["models", "register", "--help"]);
    expect(stdout).toContain("Agents cannot do this");
    expect(stdout).toContain("--base-url <url>");
  });

  test("lists calls and sums them up, also where there are none", async () => {
    expect(await savepoint(project, ["models", "calls"])).toMatchObject({
      code: 0,
      stdout: "No call of a model fits.\n",
    });
    await savepoint(project, ["run", "hello", "--wait", "20"]);
    const { stdout } = await savepoint(project, ["executions", "statistics", "--group-by", "status"]);
    expect(stdout).toMatch(/status +executions +p50 +p95\ncompleted +1 /);
  });
});
