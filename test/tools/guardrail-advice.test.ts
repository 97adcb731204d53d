import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { flowFile, ToolProject } from "./project.ts";

const flows = flowFile(`
const work = checkpoint("work", async () => new Promise((resolve) => setTimeout(resolve, 3_000, "done")));
const brief = checkpoint("brief", async () => new Promise((resolve) => setTimeout(resolve, 3_000)), {
  guardrails: { maxTime: 50 },
});
export const limited = flow("limited", async () => work(), { guardrails: { maxTime: 60 } });
export const asking = flow("asking", async () => work(), { guardrails: { maxTime: 60, onExceed: "ask" } });
export const step = flow("step", async () => brief());
`);

let project: ToolProject;
beforeEach(async () => {
  project = new ToolProject({ "flows/flows.ts": flows });
  project.use(await project.open({ worker: true }));
});
afterEach(() => project.close());

interface Execution {
  execution_id: string;
  status: string;
  next: string;
  pending_waits: { name: string; schema: { examples: number[] } }[];
}

const run = (target: string) => project.call<Execution>("executions_run", { target, wait_seconds: 20 });

describe("what to do at a limit", () => {
  test("that was the execution's is told as a retry with a higher one", async () => {
    const { execution_id, status, next } = await run("limited");
    expect(status).toBe("failed");
    const call = /executions_retry (\{.*\}\}), for example/.exec(next)?.[1] ?? "null";
    expect(JSON.parse(call)).toEqual({ execution_id, guardrails: { max_time: expect.any(Number) } });
    const retried = await project.call<Execution>("executions_retry", JSON.parse(call));
    const ended = await project.call<Execution>("executions_get", {
      execution_id: retried.execution_id,
      wait_seconds: 20,
    });
    expect(ended.status).toBe("completed");
  });

  test("that was a checkpoint's own is told as a matter of the code", async () => {
    const { status, next } = await run("step");
    expect(status).toBe("failed");
    expect(next).toContain("The limit is a checkpoint's own");
    expect(next).toContain('"code":"current"');
    expect(next).not.toContain("executions_retry");
  });

  test("where a person is asked is told without a number to repeat, and with how the work is ended", async () => {
    const { execution_id, pending_waits: waits, next } = await run("asking");
    const [wait] = waits;
    expect(wait?.name).toMatch(/^raise_max_time/);
    expect(next).toContain("which a person decides");
    expect(next).toContain(`"value":"<${wait?.schema.examples[0]} or more>"`);
    expect(next).toContain(`executions_abort_wait {"execution_id":"${execution_id}","wait":"${wait?.name}"}`);
    expect(next).not.toContain("still runs");
  });
});
