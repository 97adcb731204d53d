import { describe, expect, it } from "vitest";
import { flowFile, makeProject, userError } from "./project.ts";

describe("a bare name", () => {
  it("finds a flow under flows/ by its own name first, then by its export", async () => {
    const { code } = await makeProject({
      "flows/deep/er/one.mts": 'import { flow } from "savepoint"; export const first = flow("one", async () => 1);',
      "flows/two.js": 'import { flow } from "savepoint"; export const one = flow("two", async () => 1);',
      "flows/computed.ts":
        'import { flow } from "savepoint"; export const built = flow(["a", "b"].join("-"), async () => 1);',
      "lib/elsewhere.ts": flowFile("elsewhere"),
    });
    expect((await code.resolve("one")).version.sourcePath).toBe("flows/deep/er/one.mts");
    expect((await code.resolve("first")).flow.name).toBe("one");
    expect((await code.resolve("two")).version.sourcePath).toBe("flows/two.js");
    expect((await code.resolve("a-b")).version.sourcePath).toBe("flows/computed.ts");
    expect((await userError(code.resolve("elsewhere"))).code).toBe("not_found");
  });

  it("of two flows is ambiguous and names both targets", async () => {
    const { code } = await makeProject({ "flows/a.ts": flowFile("twin"), "flows/sub/b.ts": flowFile("twin") });
    const error = await userError(code.resolve("twin"));
    expect(error.code).toBe("ambiguous");
    expect(error.details).toMatchObject({ candidates: ["flows/a.ts:twin", "flows/sub/b.ts:twin"] });
    expect(error.hint).toContain('"flows/a.ts:twin"');
  });

  it("that nothing has is not found, with the nearest names and the files that could not be read", async () => {
    const { code } = await makeProject({
      "flows/a.ts": flowFile("review"),
      "flows/bad.ts": `${flowFile("bad")} const = ;`,
    });
    const error = await userError(code.resolve("revew"));
    expect(error).toMatchObject({ code: "not_found", hint: 'Did you mean "review"?' });
    expect(error.details).toMatchObject({ problems: [expect.stringMatching(/^flows\/bad\.ts:3:8: /)] });
    expect((await userError(code.resolve("zzz"))).hint).toContain("review");
  });

  it("in a project without flows says where to write one", async () => {
    const { code } = await makeProject({});
    expect((await userError(code.resolve("review"))).hint).toContain("flows/name.ts");
  });

  it("is found although unrelated files are broken, and describes only files that hold it", async () => {
    const { code, saved } = await makeProject({
      "flows/good.ts": flowFile("good"),
      "flows/syntax.ts": `${flowFile("syntax")} const = ;`,
      "flows/throws.ts": `${flowFile("throws")} throw new Error("no");`,
      "flows/good.test.ts": 'import "vitest"; // good: flow(',
      "flows/other.ts": flowFile("other"),
    });
    const { version } = await code.resolve("good");
    expect(saved).toEqual([version.hash]);
  });

  it("whose file is broken gives that file's error, and the flow once it is mended", async () => {
    const { code, write } = await makeProject({ "flows/x.ts": `${flowFile("mine")} throw new Error("no");` });
    const error = await userError(code.resolve("mine"));
    expect(error).toMatchObject({ code: "invalid_input", message: expect.stringContaining("flows/x.ts:3:8: throws") });
    await write({ "flows/x.ts": flowFile("mine") });
    expect((await code.resolve("mine")).flow.name).toBe("mine");
  });
});

describe("the list", () => {
  it("does not wait again for a file that hung a moment ago, though the file itself can be asked for", async () => {
    const hangs = 'import { flow } from "savepoint";\nexport const x = flow("x", 1);\nfor (;;) {}';
    const { code } = await makeProject({ "flows/x.ts": hangs }, { describeLimitMs: 700 });
    expect((await code.list()).problems).toHaveLength(1);
    const before = performance.now();
    expect((await code.list()).problems).toMatchObject([{ error: { message: expect.stringContaining("0.7 s") } }]);
    expect(performance.now() - before).toBeLessThan(500);
    await userError(code.resolve("flows/x.ts"));
    expect(performance.now() - before).toBeGreaterThan(700);
  });

  it("holds every flow under flows/ with its target, and the files that could not be read", async () => {
    const { code } = await makeProject({
      "flows/b.ts": flowFile("beta"),
      "flows/a/a.ts": `${flowFile("alpha")}export const gamma = flow("gamma-flow", async () => 1);`,
      "flows/helper.ts": "export const helper = 1;",
      "flows/types.d.ts": "export declare function flow(): void;",
      "flows/node_modules/pkg/index.js": flowFile("hidden"),
      "flows/.cache/x.ts": flowFile("hidden"),
      "flows/bad.ts": `${flowFile("bad")} process.exit(1);`,
    });
    const { flows, problems } = await code.list();
    expect(flows.map(({ name, target }) => [name, target])).toEqual([
      ["alpha", "flows/a/a.ts:alpha"],
      ["gamma-flow", "flows/a/a.ts:gamma"],
      ["beta", "flows/b.ts:beta"],
    ]);
    expect(problems).toMatchObject([{ file: "flows/bad.ts", error: { code: "invalid_input" } }]);
  });
});
