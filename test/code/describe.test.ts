import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { flowFile, makeProject, processesOf, userError, workerScript } from "./project.ts";

const broken = (code: string) => ({
  "flows/x.ts": `import { flow } from "savepoint";\n${code}\nexport const x = flow("x", async () => 1);\n`,
});

describe("describing a version", () => {
  it("happens once per hash, however many ask at once and later", async () => {
    const { code, open, saved, write } = await makeProject({ "flows/x.ts": flowFile("x") });
    const all = await Promise.all([1, 2, 3, 4].map(() => code.resolve("flows/x.ts:x")));
    await open().resolve("x");
    expect(saved).toEqual([all[0]?.version.hash]);
    await write({ "flows/x.ts": flowFile("x", "return 2;") });
    await code.resolve("x");
    expect(saved.length).toBe(2);
  });

  it("keeps what the code prints away from our own output, and gives it with an error", async () => {
    const stdout = vi.spyOn(process.stdout, "write");
    const { code, write } = await makeProject(broken('console.log("to stdout"); console.error("to stderr");'));
    await code.resolve("x");
    await write(broken('console.log("to stdout"); console.error("to stderr"); throw new Error("no");'));
    const error = await userError(code.resolve("flows/x.ts"));
    expect(error.details?.output).toBe("to stdout\nto stderr");
    await write(broken('console.log("x".repeat(1_000_000)); throw new Error("no");'));
    const flooded = String((await userError(code.resolve("flows/x.ts"))).details?.output);
    expect(flooded).toMatch(/^x{65536}\n\(cut at 64 KiB\)$/);
    expect(stdout.mock.calls.flat().join("")).not.toContain("to stdout");
    stdout.mockRestore();
  });

  it("gives the code our environment without the parent execution, and no channel to us", async () => {
    process.env.SAVEPOINT_PARENT_EXECUTION_ID = "parent";
    process.env.SAVEPOINT_TEST_MARK = "mark";
    const { code } = await makeProject(
      broken(
        "throw new Error([process.env.SAVEPOINT_PARENT_EXECUTION_ID, process.env.SAVEPOINT_TEST_MARK, typeof process.send, process.cwd()].join());",
      ),
    );
    const error = await userError(code.resolve("flows/x.ts"));
    delete process.env.SAVEPOINT_PARENT_EXECUTION_ID;
    delete process.env.SAVEPOINT_TEST_MARK;
    expect(error.message).toMatch(/throws while it loads: ,mark,undefined,/);
  });

  it("reports process.exit at the top level with its code and place", async () => {
    const { code } = await makeProject(broken('console.log("before");\n  process.exit(3);'));
    const error = await userError(code.resolve("flows/x.ts"));
    expect(error).toMatchObject({
      code: "invalid_input",
      message: "flows/x.ts:3:11: calls process.exit(3) while it loads",
    });
    expect(error.details).toMatchObject({ line: 3, source_line: "  process.exit(3);", output: "before" });
  });

  it("reports what the top level throws, with the place in the source and paths relative to the project", async () => {
    const { root, code, write } = await makeProject({
      ...broken('import { fail } from "../lib/fail.ts";\nfail(import.meta.filename);'),
      "lib/fail.ts":
        "interface Unused { a: string }\n\nexport function fail(text: string): never {\n  throw new TypeError('bad: ' + text);\n}\n",
    });
    const error = await userError(code.resolve("flows/x.ts"));
    expect(error).toMatchObject({
      code: "invalid_input",
      message: "lib/fail.ts:4:9: throws while it loads: TypeError: bad: flows/x.ts",
    });
    expect(error.details).toMatchObject({
      file: "lib/fail.ts",
      line: 4,
      column: 9,
      source_line: "  throw new TypeError('bad: ' + text);",
    });
    expect(JSON.stringify(error.details) + error.message + error.hint).not.toContain(root);
    for (const thrown of ['"just text"', "undefined", "null", "{ a: 1 }", "Object.create(null)"]) {
      await write(broken(`throw ${thrown};`));
      const odd = await userError(code.resolve("flows/x.ts"));
      expect(odd).toMatchObject({
        code: "invalid_input",
        message: expect.stringMatching(/^flows\/x\.ts: throws .* while it loads/),
      });
    }
  });

  it("survives errors that nobody waits for", async () => {
    const { code } = await makeProject(
      broken(
        'Promise.reject(new Error("lost"));\nsetImmediate(() => { throw new Error("late"); });\nawait new Promise((done) => setTimeout(done, 50));',
      ),
    );
    expect((await code.resolve("x")).flow.name).toBe("x");
  });

  it("ends code that never finishes loading, by a loop, by a timer or by an await on nothing", async () => {
    const { root, open, write } = await makeProject({});
    const code = open({ describeLimitMs: 1_000 });
    for (const hang of ["for (;;) {}", "setInterval(() => {}, 1_000);\nawait new Promise(() => {});"]) {
      await write(broken(hang));
      const error = await userError(code.resolve("flows/x.ts"));
      expect(error).toMatchObject({ code: "invalid_input", message: "flows/x.ts: did not finish loading within 1 s" });
      expect(await processesOf(root)).toEqual([]);
    }
    await write(broken("await new Promise(() => {});"));
    expect((await userError(code.resolve("flows/x.ts"))).message).toContain(
      "a top-level await waits for something that never happens",
    );
  });

  it("ends what the code started, whether it loads or hangs", async () => {
    const { root, open, write } = await makeProject({});
    const start =
      'import { spawn } from "node:child_process";\nspawn("sh", ["-c", "sleep 60 # " + import.meta.dirname], { stdio: "inherit" });';
    const code = open({ describeLimitMs: 1_000 });
    await write(broken(start));
    await code.resolve("flows/x.ts");
    await write(broken(`${start}\nthrow new Error("no");`));
    await userError(code.resolve("flows/x.ts"));
    await write(broken(`${start}\nfor (;;) {}`));
    await userError(code.resolve("flows/x.ts"));
    expect(await processesOf(root)).toEqual([]);
  });

  it("tells a crash and a lack of memory apart", async () => {
    const { code, write } = await makeProject(broken('process.kill(process.pid, "SIGSEGV");\nfor (;;) {}'));
    expect((await userError(code.resolve("flows/x.ts"))).message).toBe(
      "flows/x.ts: crashed with SIGSEGV while it loads",
    );
    await write(broken("process.reallyExit(7);"));
    expect((await userError(code.resolve("flows/x.ts"))).message).toContain("ended its process with code 7");
    await write(broken("const held = [];\nfor (;;) held.push(new Array(1_000_000).fill(1.5));"));
    expect((await userError(code.resolve("flows/x.ts"))).message).toBe("flows/x.ts: ran out of memory while it loads");
  });

  it("is not confused by code that writes to descriptors that it did not open", async () => {
    const { code } = await makeProject(
      broken('import { writeSync } from "node:fs";\nwriteSync(3, "{ no json\\n[]\\n");'),
    );
    expect((await code.resolve("x")).flow.name).toBe("x");
  });

  it("names the flow whose input schema JSON Schema cannot express", async () => {
    const { code } = await makeProject({
      "flows/x.ts":
        'import { flow } from "savepoint";\nexport const x = flow("named", 1, { input: () => { throw new Error("Transforms cannot be represented"); } });',
    });
    const error = await userError(code.resolve("flows/x.ts"));
    expect(error.code).toBe("invalid_input");
    expect(error.message).toContain(
      'the input schema of the flow "named" cannot be expressed as JSON Schema: Transforms',
    );
  });

  it("names the export nearest to one that savepoint does not have", async () => {
    const { code } = await makeProject({
      "flows/x.ts": 'import { flow, chekpoint } from "savepoint";\nexport const x = flow("x", chekpoint);',
    });
    const error = await userError(code.resolve("flows/x.ts"));
    expect(error).toMatchObject({ code: "invalid_input", hint: 'Did you mean "checkpoint"?' });
    expect(error.message).toMatch(
      /^flows\/x\.ts:1:16: The requested module 'savepoint' does not provide an export named 'chekpoint'/,
    );
  });

  it("ends with the process that asked for it, though the code blocks", async () => {
    const { root } = await makeProject(broken("for (;;) {}"));
    const asking = spawn(
      process.execPath,
      [workerScript, JSON.stringify({ root, steps: [{ resolve: "flows/x.ts" }] })],
      { stdio: "ignore" },
    );
    await vi.waitFor(async () => expect((await processesOf(root)).join()).toContain("describe-child"), 5_000);
    await sleep(300);
    asking.kill("SIGKILL");
    await once(asking, "exit");
    await vi.waitFor(async () => expect(await processesOf(root)).toEqual([]), 3_000);
  });
});
