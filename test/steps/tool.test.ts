import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { wholeExecution } from "../../src/store/budgets.ts";
import { stdioServer, useConnections } from "../helpers/connections/connections.ts";
import { useStepScene } from "../helpers/step-scene.ts";
import { until } from "../processes/project.ts";

const scene = useStepScene();
const connections = useConnections();

const one = (fields: string, more = "") =>
  `name: x\ninputs: { word: word, list: [1, 2] }\n${more}steps: [{ id: go, type: tool, server: local, ${fields} }]`;

function run(text: string, options: Parameters<typeof scene.run>[1] = {}) {
  return scene.run(text, { ports: { connections: connections.open({ local: stdioServer() }) }, ...options });
}

/** Whether anything that the execution left on the disk holds a text. */
function isOnDisk(folder: string, text: string): boolean {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).some(
    (entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(text),
  );
}

describe("a tool step", () => {
  test("answers the tool's structured content, with values in its arguments as what they are", async () => {
    const { output, entry, t, execution } = await run(
      one('tool: echo, args: { a: "{{ inputs.list }}", b: "<{{ word }}>" }'),
    );
    expect(output("go")).toMatchObject({ a: [1, 2], b: "<word>" });
    expect(entry("go")).toMatchObject({ type: "tool_call", status: "completed" });
    expect(t.events(execution.id)).toEqual(expect.arrayContaining(["tool_called", "tool_answered"]));
  });

  test("says by the checkpoint's key which call it is", async () => {
    const { output } = await run(one("tool: echo, args: {}"));
    expect(output("go")).toMatchObject({
      meta: {
        "savepoint/idempotencyKey": expect.stringMatching(/./) as string,
        progressToken: expect.anything() as unknown,
      },
    });
  });

  test("hands over real secrets, of which nothing is written down", async () => {
    const secret = "s3cr3t-value-of-a-token";
    const { output, t } = await run(one('tool: measure, args: { token: "{{ secrets.github.TOKEN }}" }'), {
      engine: { ports: { readSecret: () => secret } },
    });
    expect(output("go")).toEqual({ sha256: createHash("sha256").update(secret).digest("hex") });
    expect(isOnDisk(t.folder, "measure")).toBe(true);
    expect(isOnDisk(t.folder, secret)).toBe(false);
  });

  test("shows how the tool goes on", async () => {
    const { t, execution, output, entry } = await run(one("tool: slow, args: { ms: 120 }"));
    expect(output("go")).toBe("done");
    expect(entry("go").progress).toEqual({ stage: "part 3", current: 3, total: 3 });
    expect(t.events(execution.id).filter((type) => type === "progress")).toHaveLength(3);
  });

  test("fails with the tool's words, and what it may do about it", async () => {
    const { execution, entry } = await run(one("tool: fail, args: {}"));
    expect(execution).toMatchObject({
      status: "failed",
      failure: { step: "go", message: "step go: the tool fail failed: no such repository\nlook again" },
    });
    expect(entry("go").failure).toMatchObject({ code: "tool_failed" });
    const { execution: mistyped } = await run(one("tool: ecko, args: {}"));
    expect(mistyped).toMatchObject({
      failure: { hint: expect.stringMatching(/^Did you mean "echo"\?/) as string },
    });
  });

  test("is tried again as it says, on a server that is there again", async () => {
    const { output, entry, execution } = await run(
      `name: x\nsteps:\n  - { id: die, type: tool, server: local, tool: die, retry: { max: 1, backoff: 10ms }, on_error: continue }\n  - { id: go, type: tool, server: local, tool: echo, args: { still: here } }`,
    );
    expect(execution.status).toBe("completed");
    expect(entry("die")).toMatchObject({ attempt: 2, failure: { code: "connection_lost" } });
    expect(output("go")).toMatchObject({ still: "here" });
  });

  test("is not tried again where the call itself is wrong", async () => {
    const { entry } = await run(one("tool: strict, args: { wrong: 1 }, retry: { max: 3, backoff: 10ms }"));
    expect(entry("go")).toMatchObject({ attempt: 1, failure: { code: "invalid_input" } });
    const { entry: failing } = await run(one("tool: fail, args: {}, retry: { max: 1, backoff: 10ms }"));
    expect(failing("go")).toMatchObject({ attempt: 2, failure: { code: "tool_failed" } });
  });

  test("takes its call back when its time is over", async () => {
    const open = connections.open({ local: stdioServer() });
    const file = join(connections.root, "calls");
    const { execution } = await run(one(`tool: hang, timeout: 1s, args: { file: "${file}" }`), {
      ports: { connections: open },
    });
    expect(execution).toMatchObject({ status: "failed", failure: { step: "go" } });
    await until("the server to know", () => open.lines("calls").includes("cancelled"));
  });

  test("counts as a call of a tool in the limits of the step, the workflow and the run", async () => {
    const spent = { status: "failed", failure: { guardrail: { limit: "max_tool_calls", allowed: 2, used: 2 } } };
    const text = (limits: string) => `name: x
${limits}
steps:
  - id: all
    type: loop
    items: [1, 2, 3]
    steps: [{ id: go, type: tool, server: local, tool: echo, args: { n: "{{ item }}" } }]`;
    expect((await run(text("guardrails: { max_tool_calls: 2 }"))).execution).toMatchObject(spent);
    const { execution } = await run(text("title: all"), { request: { limits: { max_tool_calls: 2 } } });
    expect(execution).toMatchObject(spent);
    const one = text("title: all").replace("tool: echo", "guardrails: { max_tool_calls: 1 }, tool: echo");
    const unsent = `name: x
guardrails: { max_tool_calls: 1 }
steps:
  - { id: none, type: tool, server: local, tool: ecko, on_error: continue }
  - { id: nowhere, type: tool, server: elsewhere, tool: echo, on_error: continue }
  - { id: wrong, type: tool, server: local, tool: strict, args: { wrong: 1 }, on_error: continue }
  - { id: go, type: tool, server: local, tool: echo }`;
    const { execution: sent, t: engine } = await run(unsent);
    expect(sent).toMatchObject({ status: "completed" });
    expect(engine.store.budgets.find({ seq: sent.seq, ordinal: wholeExecution })?.used).toMatchObject({ toolCalls: 1 });
    const { execution: within, t } = await run(one);
    expect(within).toMatchObject({ status: "completed" });
    expect(t.store.budgets.find({ seq: within.seq, ordinal: 0 })?.used).toMatchObject({ toolCalls: 3 });
  });
});
