import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { flowFile, installed, makeProject, temporaryFolder, userError, writeFiles } from "./project.ts";

describe("a target that names a file", () => {
  it("gives the flow by its export, by its own name and, when there is one only, without a name", async () => {
    const { code } = await makeProject({
      "flows/review.ts": `
        import { checkpoint, flow } from "savepoint";
        const draft = checkpoint("draft", async () => "text");
        checkpoint("send", async () => 1);
        export const review = flow("document-review", draft, { retries: 2, input: { type: "object" } });
        export default review;
        export const notAFlow = { name: "x" };`,
    });
    const { version, flow } = await code.resolve("flows/review.ts:review");
    expect(flow).toEqual({
      exportName: "review",
      aliases: ["default"],
      name: "document-review",
      inputSchema: { type: "object" },
      options: { retries: 2 },
    });
    expect(version).toMatchObject({ sourcePath: "flows/review.ts", dependencies: {}, checkpoints: ["draft", "send"] });
    expect(version.hash).toMatch(/^[0-9a-f]{64}$/);
    for (const target of ["flows/review.ts", "./flows/review.ts:document-review", "flows/review.ts:default"]) {
      expect((await code.resolve(target)).flow).toEqual(flow);
    }
  });

  it("may be absolute inside the project, and may run through links that stay inside", async () => {
    const { root, code } = await makeProject({ "lib/real.ts": flowFile("real") });
    await symlink(join(root, "lib"), join(root, "linked"));
    expect((await code.resolve(join(root, "lib/real.ts:real"))).version.sourcePath).toBe("lib/real.ts");
    expect((await code.resolve("linked/real.ts:real")).version.sourcePath).toBe("lib/real.ts");
  });

  it("is forbidden outside the project, whether it exists or not, links resolved", async () => {
    const outside = await temporaryFolder();
    await writeFiles(outside, { "out.ts": flowFile("out") });
    const { root, code } = await makeProject({ "flows/a.ts": flowFile("a") });
    await symlink(outside, join(root, "door"));
    await symlink(join(outside, "out.ts"), join(root, "flows/out.ts"));
    await symlink(join(outside, "not-yet.ts"), join(root, "flows/dangling.ts"));
    const targets = [
      "../out.ts:out",
      "../nothing.ts:out",
      join(outside, "out.ts:out"),
      "door/out.ts:out",
      "/etc/passwd",
    ];
    for (const target of [...targets, "door/none.ts:out", "flows/out.ts", "flows/dangling.ts", "flows/../../x.ts"]) {
      const error = await userError(code.resolve(target));
      expect([target, error.code]).toEqual([target, "forbidden"]);
      expect(error.hint).toBeTruthy();
    }
  });

  it("that is missing is not found, with the nearest files", async () => {
    const { code } = await makeProject({
      "flows/review.ts": flowFile("review"),
      "jobs/nightly.ts": flowFile("nightly"),
    });
    const error = await userError(code.resolve("flows/reviw.ts:review"));
    expect(error.code).toBe("not_found");
    expect(error.hint).toBe('Did you mean "flows/review.ts:review"?');
    expect((await userError(code.resolve("review.ts:review"))).hint).toContain('"flows/review.ts:review"');
    expect((await userError(code.resolve("jobs/nigthly.ts"))).hint).toContain('"jobs/nightly.ts"');
    expect((await userError(code.resolve("flows/review:review"))).hint).toContain('"flows/review.ts:review"');
    expect((await userError(code.resolve("flows/review.ts/x.ts"))).code).toBe("not_found");
  });

  it("without such a flow lists those that it holds", async () => {
    const { code } = await makeProject({
      "flows/two.ts": `${flowFile("review")}export const publish = flow("publish", async () => 1);`,
      "flows/none.ts": "export const x = 1;",
    });
    const error = await userError(code.resolve("flows/two.ts:reviw"));
    expect(error).toMatchObject({ code: "not_found", hint: 'Did you mean "flows/two.ts:review"?' });
    expect(error.details).toMatchObject({ flows: ["publish", "review"] });
    const several = await userError(code.resolve("flows/two.ts"));
    expect(several).toMatchObject({
      code: "ambiguous",
      details: { candidates: ["flows/two.ts:publish", "flows/two.ts:review"] },
    });
    const none = await userError(code.resolve("flows/none.ts:x"));
    expect(none.code).toBe("invalid_input");
    expect(none.message).toBe("flows/none.ts exports no flow");
  });

  it("of the wrong shape is invalid input, and so is a file that holds no definition", async () => {
    const { root, code } = await makeProject({ "flows/a.ts": flowFile("a"), "tool.py": "", "notes.md": "" });
    await mkdir(join(root, "folder.ts"));
    for (const target of ["flows", "flows/", "flows:a", "folder.ts:a", "tool.py:main", "", "flows/a.ts:"]) {
      const error = await userError(code.resolve(target));
      expect([target, error.code]).toEqual([target, "invalid_input"]);
      expect(error.hint).toBeTruthy();
    }
    const error = await userError(code.resolve("notes.md"));
    expect(error.code).toBe("invalid_input");
    expect(error.message).toContain("notes.md:1:1");
  });

  it("must not let one name mean two of its flows", async () => {
    const { code } = await makeProject({
      "flows/twins.ts":
        'import { flow } from "savepoint";\nexport const a = flow("same", 1);\nexport const b = flow("same", 2);',
      "flows/crossed.ts":
        'import { flow } from "savepoint";\nexport const a = flow("b", 1);\nexport const b = flow("c", 2);',
    });
    for (const target of ["flows/twins.ts:a", "flows/crossed.ts:b"]) {
      const error = await userError(code.resolve(target));
      expect(error.code).toBe("invalid_input");
      expect(error.message).toContain("means two flows, the exports a and b");
    }
  });
});

describe("a target that names a package", () => {
  const flows = 'import { flow } from "savepoint"; export const nightly = flow("nightly", async () => 1);';
  const manifest = { name: "team", version: "1.0.0", type: "module", exports: { "./jobs": { import: "./jobs.js" } } };

  it("gives a flow of the project's node_modules", async () => {
    const { code } = await makeProject({
      "node_modules/team/package.json": JSON.stringify(manifest),
      "node_modules/team/jobs.js": flows,
      ...installed("solo", "1.0.0", flows),
      "node_modules/solo/more.ts": flows,
    });
    const { version, flow } = await code.resolve("team/jobs:nightly");
    expect(version.sourcePath).toBe("node_modules/team/jobs.js");
    expect(flow.name).toBe("nightly");
    expect((await code.resolve("solo:nightly")).version.sourcePath).toBe("node_modules/solo/index.js");
  });

  it("is not found when there is none, and forbidden when it is linked from outside", async () => {
    const outside = await temporaryFolder();
    await writeFiles(outside, { "package.json": JSON.stringify({ ...manifest, name: "far" }), "jobs.js": flows });
    const { root, code } = await makeProject({ "node_modules/.keep": "" });
    await symlink(outside, join(root, "node_modules/far"));
    expect((await userError(code.resolve("far/jobs:nightly"))).code).toBe("forbidden");
    const error = await userError(code.resolve("team/jobs:nightly"));
    expect(error).toMatchObject({ code: "not_found", hint: expect.stringContaining("Install the package") });
    expect((await userError(code.resolve("node:fs:readFile"))).code).toBe("not_found");
  });
});
