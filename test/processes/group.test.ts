import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  endRecordedGroup,
  type Leader,
  type ProcessGroup,
  type Program,
  startGroup,
} from "../../src/processes/group.ts";
import { isProcessAlive } from "../../src/processes/identity.ts";
import { TestProject, until } from "./project.ts";

let folder: string;
let groups: ProcessGroup[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "savepoint-group-"));
  groups = [];
});
afterEach(async () => {
  for (const group of groups) await group.end(0);
  rmSync(folder, { recursive: true });
});

const shell = (script: string): Program => ({
  command: "sh",
  args: ["-c", script],
  cwd: folder,
  env: { PATH: process.env["PATH"] },
  streams: ["ignore", "pipe", "ignore"],
});

async function start(script: string, record: (leader: Leader) => void | Promise<void> = () => {}) {
  const group = await startGroup(shell(script), record);
  groups.push(group);
  return group;
}

const lines = (name: string) => {
  try {
    return readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1);
  } catch {
    return [];
  }
};
const alive = ({ pid, processStart }: Leader) => isProcessAlive(pid, processStart);

describe("a process group", () => {
  test("begins only once its record is written", async () => {
    const order: string[] = [];
    const group = await start("echo ran > ran", async (leader) => {
      expect(alive(leader)).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 100));
      order.push(...lines("ran"), "recorded");
    });
    expect(await group.ended).toEqual({ exitCode: 0, signal: null });
    expect([...order, ...lines("ran")]).toEqual(["recorded", "ran"]);
  });

  test("that cannot be recorded never begins", async () => {
    let leader: Leader | undefined;
    const refused = start("echo ran > ran", (one) => {
      leader = one;
      throw new Error("the disk is full");
    });
    await expect(refused).rejects.toThrow("the disk is full");
    expect(leader && alive(leader)).toBe(false);
    expect(lines("ran")).toEqual([]);
  });

  test("gives its program the streams, and nothing of the lifeline", async () => {
    const group = await start("echo out; (true <&3) 2>/dev/null || echo closed");
    let said = "";
    group.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    await group.ended;
    await until("its words", () => said === "out\nclosed\n");
  });

  test("tells by what its leader ended", async () => {
    expect(await (await start("exit 3")).ended).toEqual({ exitCode: 3, signal: null });
    expect(await (await start("kill -SEGV $$")).ended).toEqual({ exitCode: null, signal: "SIGSEGV" });
  });

  test("is asked to end, and killed when it does not", async () => {
    const polite = await start("trap 'echo bye > bye; exit 0' TERM; echo up > polite; while :; do sleep 0.01; done");
    const stubborn = await start("trap '' TERM; echo up > stubborn; while :; do sleep 0.01; done");
    await until("both", () => lines("polite").length === 1 && lines("stubborn").length === 1);
    await Promise.all([polite.end(3_000), stubborn.end(200)]);
    expect(await polite.ended).toEqual({ exitCode: 0, signal: null });
    expect(lines("bye")).toEqual(["bye"]);
    expect(await stubborn.ended).toEqual({ exitCode: null, signal: "SIGKILL" });
  });

  test("goes with all that its leader left behind", async () => {
    const group = await start("sleep 1000 & echo $! > left; exit 0");
    await group.ended;
    const left = Number(lines("left")[0]);
    expect(isProcessAlive(left, null)).toBe(true);
    await group.end(0);
    await until("the rest to be gone", () => !isRunning(left));
  });

  test("is killed by its record, unless the number has passed to another process", async () => {
    const group = await start("sleep 1000");
    expect(await endRecordedGroup({ ...group.leader, processStart: "another" })).toBe(true);
    expect(await endRecordedGroup({ ...group.leader, processStart: null })).toBe(true);
    expect(alive(group.leader)).toBe(true);
    expect(await endRecordedGroup(group.leader)).toBe(true);
    expect(alive(group.leader)).toBe(false);
  });
});

describe("the process that started a group", () => {
  const starter = (record: string, { script, isAskedFirst }: { script: string; isAskedFirst: boolean }) => `
    import { startGroup } from ${JSON.stringify(new URL("../../dist/processes/group.js", import.meta.url).href)};
    import { writeFileSync } from "node:fs";
    const program = { command: "sh", args: ["-c", ${JSON.stringify(script)}], isAskedFirst: ${isAskedFirst},
      cwd: ${JSON.stringify(folder)}, env: process.env, streams: ["ignore", "ignore", "ignore"] };
    await startGroup(program, ({ pid }) => { writeFileSync(${JSON.stringify(join(folder, "leader"))}, pid + "\\n"); ${record} });
    setInterval(() => {}, 1000);`;

  const usual = { script: "echo ran >> ran; sleep 1000 & echo $! > grandchild; wait", isAskedFirst: false };

  async function killed(record: string, when: () => boolean, program = usual): Promise<void> {
    const project = new TestProject();
    const path = project.write("starter.mjs", starter(record, program));
    const child = project.node([path]);
    await until("the group", when);
    child.kill("SIGKILL");
    await until("the leader to be gone", () => !isRunning(Number(lines("leader")[0])), 5_000);
    await project.close();
  }

  test("takes it with it when it is killed, however little it gives way", async () => {
    await killed("", () => lines("grandchild").length === 1);
    await until("the grandchild to be gone", () => !isRunning(Number(lines("grandchild")[0])));
  });

  test("lets it end what has left the group when it is asked first, and takes it with it all the same", async () => {
    const apart = `setsid sh -c 'echo $$ > apart; exec sleep 1000' & trap 'kill $(cat apart)' TERM`;
    const script = `${apart}; echo $$ > grandchild; while :; do sleep 0.01; done`;
    await killed("", () => lines("grandchild").length === 1 && lines("apart").length === 1, {
      script,
      isAskedFirst: true,
    });
    await until("what left the group to be gone", () => !isRunning(Number(lines("apart")[0])));
  });

  test("leaves nothing when it is killed before the record is written", async () => {
    await killed("return new Promise(() => {});", () => lines("leader").length === 1);
    expect(lines("ran")).toEqual([]);
  });
});

/** A zombie is gone. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
