import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { processStart } from "../../src/processes/identity.ts";
import { dist, ended, exit, freeze, kill, logsOf, result, run, TestProject, until } from "./project.ts";

let project: TestProject;
let seen: number[] = [];
afterEach(async () => {
  await project.close();
  for (const pid of seen) kill(pid, "SIGKILL");
  seen = [];
});

const isAlive = (pid: number) => processStart(pid) !== null;

async function pidIn(name: string): Promise<number> {
  const path = project.path(name);
  await until(name, () => existsSync(path) && readFileSync(path, "utf8").endsWith("\n"));
  const pid = Number(readFileSync(path, "utf8"));
  seen.push(pid);
  return pid;
}

/** Its first run hangs, with one in the group and one that has left it; the second one ends. */
const hanging = `name: hanging
steps:
  - id: work
    type: shell
    command: |
      echo begun >> begun
      if [ $(wc -l < begun) = 1 ]; then
        setsid sh -c 'trap "" TERM; echo $$ > left; while :; do sleep 0.02; done' </dev/null >/dev/null 2>&1 &
        sh -c 'echo $$ > beside; exec sleep 1000' &
        sleep 1000
      fi
      echo done
outputs: $.work.stdout
`;

describe.skipIf(process.platform !== "linux")("what a shell step has started", () => {
  test.each(["SIGKILL", "SIGSTOP"] as const)(
    "is gone before the step runs again, where its worker got %s",
    async (signal) => {
      project = new TestProject();
      project.write("workflows/hanging.yaml", hanging);
      const app = await project.open();
      const worker = project.worker();
      const execution = await run(app, "workflows/hanging.yaml");
      const pids = [await pidIn("left"), await pidIn("beside")];
      if (signal === "SIGSTOP") await freeze(app, worker.pid ?? 0);
      else worker.kill(signal);
      if (signal === "SIGKILL") await exit(worker);
      project.worker();
      await until("the second run", () => project.lines("begun").length === 2);
      expect(pids.filter(isAlive)).toEqual([]);
      expect(await result(app, execution.id)).toBe("done");
    },
  );
});

test("an execution that a command starts is a child of its execution", async () => {
  project = new TestProject();
  project.flow("below", `export const below = flow("below", async () => "was below");`);
  const program = fileURLToPath(new URL("cli/main.js", dist));
  const command = [process.execPath, program, "run", "flows/below.ts:below"];
  project.write(
    "workflows/above.yaml",
    `name: above\nsteps: [{ id: go, type: shell, command: ${JSON.stringify(command)} }]`,
  );
  const app = await project.open();
  project.worker();
  const { id, seq } = await run(app, "workflows/above.yaml");
  await result(app, id);
  const below = app.store.reader().prepare("SELECT workflow, status FROM executions WHERE parent_seq = ?").all(seq);
  expect(below).toEqual([{ workflow: "below", status: "completed" }]);
});

test("a secret that a command says is redacted in the log, and sealed in what is recorded", async () => {
  project = new TestProject();
  const secret = "tell-nobody-of-this-0123456789";
  project.write(
    "workflows/telling.yaml",
    `name: telling
steps:
  - { id: say, type: shell, command: 'echo "it is $TOKEN"; echo $TOKEN >&2', env: { TOKEN: "{{ secrets.api.TOKEN }}" }, save_artifact: true }
  - { id: wrap, type: shell, command: 'echo $TOKEN | fold -w 7', env: { TOKEN: "{{ secrets.api.TOKEN }}" } }
  - { id: fail, type: shell, command: 'echo "still $TOKEN" >&2; exit 1', env: { TOKEN: "{{ secrets.api.TOKEN }}" } }
`,
  );
  const app = await project.open();
  app.secrets.create({ name: "api", values: { TOKEN: secret }, visibility: "shared" });
  project.worker();
  const execution = await ended(app, (await run(app, "workflows/telling.yaml")).id);
  expect(execution).toMatchObject({ status: "failed", failure: { step: "fail" } });
  expect(logsOf(app, execution).map(({ message }) => message)).toEqual([
    "it is [redacted api.TOKEN]",
    "[redacted api.TOKEN]",
    "[redacted api.TOKEN]",
    "still [redacted api.TOKEN]",
  ]);
  const rows = ["journal", "artifacts", "events", "executions"].flatMap((table) =>
    app.store.reader().prepare(`SELECT * FROM ${table}`).all(),
  );
  expect(JSON.stringify(rows)).not.toContain(secret);
  expect(app.store.artifacts.list(execution.seq).map(({ name }) => name)).toEqual(["say"]);
});
