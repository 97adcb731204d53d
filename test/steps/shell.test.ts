import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { processStart } from "../../src/processes/identity.ts";
import { until } from "../helpers/engine.ts";
import { useStepScene } from "../helpers/step-scene.ts";

const scene = useStepScene();

/** A definition of one step, in the braces of YAML. */
const one = (fields: string) => `name: x\ninputs: { word: "it's" }\nsteps: [{ id: go, type: shell, ${fields} }]`;

const pidIn = async (name: string): Promise<number> => {
  const path = join(scene.project(), name);
  await until(() => existsSync(path) && readFileSync(path, "utf8").endsWith("\n"), name);
  return Number(readFileSync(path, "utf8"));
};
const isAlive = (pid: number) => processStart(pid) !== null;

describe("a shell step", () => {
  test("runs a text by a shell, and a list without one", async () => {
    const { output } = await scene.run(`
name: both
inputs: { word: "it's $HOME" }
steps:
  - { id: text, type: shell, command: "echo {{ word | shell }} | tr a-z A-Z; echo oh >&2" }
  - { id: list, type: shell, command: [printf, "%s|", "{{ word }}", "a b", "$HOME;"] }
`);
    expect(output("text")).toEqual({ exit_code: 0, stdout: "IT'S $HOME", stderr: "oh" });
    expect(output("list")).toEqual({ exit_code: 0, stdout: "it's $HOME|a b|$HOME;|", stderr: "" });
  });

  test("works in the workspace of its execution, where cwd is a folder of it", async () => {
    mkdirSync(join(scene.project(), "work/inner"), { recursive: true });
    const { output } = await scene.run(one("command: pwd, cwd: inner"), { request: { workspace: "work" } });
    expect(output("go")).toMatchObject({ stdout: `${scene.project()}/work/inner` });
  });

  test("refuses a folder that is not there, and one to which a symbolic link leads out", async () => {
    symlinkSync("/tmp", join(scene.project(), "out"));
    const missing = await scene.run(one("command: pwd, cwd: nowhere"));
    expect(missing.entry("go").failure).toMatchObject({
      code: "not_found",
      message: expect.stringContaining('cwd "nowhere" is no folder'),
    });
    expect(JSON.stringify(missing.execution)).not.toContain(scene.project());
    const outside = await scene.run(one("command: pwd, cwd: out"));
    expect(outside.entry("go").failure).toMatchObject({ code: "forbidden", hint: expect.stringContaining("links") });
    const workspace = await scene.run(one("command: pwd"), { request: { workspace: "../x" } });
    expect(workspace.entry("go").failure).toMatchObject({ message: expect.stringContaining('the workspace "../x"') });
  });

  test("gives the command an allow-list of variables, its own, and what tells whose work it is", async () => {
    const { execution, output, entry } = await scene.run(
      one('command: env, env: { COUNT: 3, WORD: "{{ word }}", LANG: C }'),
      {
        ports: {
          env: {
            PATH: process.env["PATH"],
            LANG: "de_DE",
            HOME: "/home/me",
            API_KEY: "hidden",
            SAVEPOINT_MASTER_KEY: "no",
          },
        },
      },
    );
    const stdout = (output("go") as { stdout: string }).stdout;
    const variables = Object.fromEntries(stdout.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2)));
    expect(variables).toMatchObject({
      COUNT: "3",
      WORD: "it's",
      LANG: "C",
      HOME: "/home/me",
      SAVEPOINT_PROJECT: scene.project(),
      SAVEPOINT_EXECUTION_ID: execution.id,
      SAVEPOINT_PARENT_EXECUTION_ID: execution.id,
      SAVEPOINT_STEP: "go",
      SAVEPOINT_IDEMPOTENCY_KEY: expect.stringMatching(/./),
    });
    expect(variables).not.toHaveProperty("API_KEY");
    expect(variables).not.toHaveProperty("SAVEPOINT_MASTER_KEY");
    expect(entry("go").status).toBe("completed");
  });

  test("has nothing on its standard input", async () => {
    expect((await scene.run(one("command: cat, timeout: 5"))).output("go")).toMatchObject({ exit_code: 0, stdout: "" });
  });

  test("fails with the end of what was complained of, unless failure is allowed", async () => {
    const command = 'command: "echo out; echo first >&2; echo last >&2; exit 3"';
    const { execution, entry } = await scene.run(one(command));
    expect(entry("go").failure).toMatchObject({ code: "exit_code", step: "go" });
    expect(entry("go").failure?.message).toContain("ended with exit code 3:\nfirst\nlast");
    expect(execution).toMatchObject({ status: "failed", failure: { step: "go" } });
    const allowed = await scene.run(one(`${command}, allow_failure: true`));
    expect(allowed.output("go")).toEqual({ exit_code: 3, stdout: "out", stderr: "first\nlast" });
  });

  test("fails when a signal ended the command, whatever is allowed", async () => {
    const { entry } = await scene.run(one('command: "kill -KILL $$", allow_failure: true'));
    expect(entry("go").failure).toMatchObject({ code: "killed", message: expect.stringContaining("SIGKILL") });
  });

  test("says which program it did not find", async () => {
    const { entry } = await scene.run(one("command: [no-such-program, -x]"));
    expect(entry("go").failure).toMatchObject({
      code: "command_not_found",
      message: 'step go: there is no program "no-such-program"',
    });
    const byShell = await scene.run(one("command: no-such-program -x"));
    expect(byShell.entry("go").failure).toMatchObject({ code: "exit_code", hint: expect.stringContaining("127") });
    expect(byShell.entry("go").failure?.message).toContain("no-such-program");
  });

  test.each([
    ["command: [echo, a, '{{ word }}']", "command[2]"],
    ["command: 'echo {{ word | shell }}'", "command"],
    ["command: env, env: { WORD: '{{ word }}' }", "env.WORD"],
  ])("names what no program takes: %s", async (fields, field) => {
    const failure = async (word: string) => (await scene.run(one(fields), { input: { word } })).entry("go").failure;
    const hint = expect.stringContaining("file") as string;
    const code = "cannot_start";
    expect(await failure("a\0b")).toMatchObject({ code, message: `step go: ${field} holds a NUL character`, hint });
    const message = `step go: ${field} is longer than a program takes (128 KiB)`;
    if (process.platform === "linux") expect(await failure("ü".repeat(65_536))).toMatchObject({ code, message, hint });
    expect(await failure("x".repeat(130_000))).toBeNull();
  });

  test("is tried again where the step says so, each time with the same idempotency key", async () => {
    const command = 'command: "echo $SAVEPOINT_IDEMPOTENCY_KEY >> keys; [ $(wc -l < keys) -ge 3 ]"';
    const { execution, entry } = await scene.run(one(`${command}, retry: { max: 4, backoff: 0.01 }`));
    expect(execution.status).toBe("completed");
    expect(entry("go").attempt).toBe(3);
    const keys = readFileSync(join(scene.project(), "keys"), "utf8").trim().split("\n");
    expect(new Set(keys).size).toBe(1);
  });

  test("writes what the command says into the log line by line while it runs", async () => {
    const { t, id } = await scene.start(
      one(
        "command: \"echo one; echo two >&2; printf half; while [ ! -e on ]; do sleep 0.02; done; printf ' a bar\\\\rdone\\\\n'\"",
      ),
    );
    await until(() => t.logs(id).length === 2, "two lines");
    writeFileSync(join(scene.project(), "on"), "");
    await t.ended(id);
    expect(t.logs(id)).toEqual(["one", "two", "done"]);
  });

  test("keeps the beginning and the end of a long output", async () => {
    const { output, t, execution } = await scene.run(one('command: "seq 1 400000; echo ööö"'));
    const { stdout } = output("go") as { stdout: string };
    expect(Buffer.byteLength(stdout)).toBeLessThan(1024 * 1024 + 100);
    expect(stdout).toMatch(/^1\n2\n3\n[\s\S]*\n\[… \d+ bytes left out …\]\n\d+\n[\s\S]*\n400000\nööö$/);
    expect(t.logs(execution.id)).toHaveLength(10_001);
  });
});

describe("the artifact of a shell step", () => {
  test("is a text with the command, how it ended, and all that it wrote", async () => {
    const { artifacts } = await scene.run(one('command: [sh, -c, "echo out; printf oh >&2"], save_artifact: true'));
    expect(artifacts).toEqual({
      go: "$ sh -c 'echo out; printf oh >&2'\nexit code 0\n--- stdout ---\nout\n--- stderr ---\noh\n",
    });
  });

  test("is there when the command failed, and holds more than the output", async () => {
    const { artifacts, execution } = await scene.run(
      one('command: "seq 1 400000; exit 1", save_artifact: "test {{ word }}"'),
    );
    expect(execution.status).toBe("failed");
    const report = String(artifacts["test it's"]);
    expect(report).toContain("exit code 1\n--- stdout ---\n1\n2\n");
    expect(report).toContain("\n200000\n");
  });
});

describe("what a command has started", () => {
  const background = (then: string) =>
    `sh -c 'echo $$ > left; exec sleep 1000' & while [ ! -s left ]; do sleep 0.01; done; ${then}`;

  test("ends with it, also where it holds the output open", async () => {
    const began = performance.now();
    const { output } = await scene.run(one(`command: ${JSON.stringify(background("echo done"))}`));
    expect(output("go")).toMatchObject({ exit_code: 0, stdout: "done" });
    expect(isAlive(await pidIn("left"))).toBe(false);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test("ends with the time of an attempt, and before the next one begins", async () => {
    const early = "for p in $(cat begun 2>/dev/null); do kill -0 $p 2>/dev/null && echo $p >> early; done";
    const command = `${early}; ${background("echo $$ >> begun; trap '' TERM; while :; do sleep 0.02; done")}`;
    const fields = `command: ${JSON.stringify(command)}, timeout: 0.4, retry: { max: 1, backoff: 0 }`;
    const { entry, execution } = await scene.run(one(fields));
    expect(entry("go").failure).toMatchObject({ code: "timeout" });
    expect(execution.status).toBe("failed");
    const pids = readFileSync(join(scene.project(), "begun"), "utf8").trim().split("\n").map(Number);
    expect(existsSync(join(scene.project(), "early"))).toBe(false);
    const left = await pidIn("left");
    await until(() => ![...pids, left].some(isAlive), "their end");
  });

  test("ends when the execution is cancelled", async () => {
    const { t, id } = await scene.start(one(`command: ${JSON.stringify(background("sleep 1000"))}`));
    const pid = await pidIn("left");
    await t.engine.cancel(id);
    await until(() => !isAlive(pid), "its end");
    await until(() => t.store.reader().prepare("SELECT 1 FROM process_groups").all().length === 0, "its record");
  });
});

test("a secret stands in the variables of a command, and not in what is recorded of its call", async () => {
  const { entry, output } = await scene.run(
    one('command: "printf %s $TOKEN | wc -c | tr -d \' \'", env: { TOKEN: "{{ secrets.api.TOKEN }}" }'),
    {
      engine: { ports: { readSecret: () => "tell-nobody-of-this" } },
    },
  );
  expect(output("go")).toMatchObject({ stdout: "19" });
  expect(JSON.stringify(entry("go"))).not.toContain("tell-nobody");
});

test("a script of the project runs by its path", async () => {
  writeFileSync(join(scene.project(), "mine.sh"), "#!/bin/sh\necho mine $1\n");
  chmodSync(join(scene.project(), "mine.sh"), 0o755);
  const { output } = await scene.run(one("command: [./mine.sh, yours]"));
  expect(output("go")).toMatchObject({ stdout: "mine yours" });
});
