import { z } from "zod";
import type { WorkerRow } from "./app-types.ts";
import { iso } from "./display.ts";
import { listOf, listShown } from "./fields.ts";
import { defineOperation, reading } from "./operation.ts";

const worker = z.object({
  worker_id: z.string(),
  pid: z.number().nullable(),
  kind: z.string(),
  state: z.string(),
  concurrency: z.number(),
  started_at: z.string(),
  heartbeat_at: z.string(),
});

const stack = z.object({
  name: z.string(),
  kind: z.string(),
  active: z.boolean().describe("Executions run here when no stack is named"),
  managed: z.boolean().describe("Savepoint starts its workers"),
  workers: z.array(worker),
});

export const stacksList = defineOperation({
  name: "stacks_list",
  title: "List stacks",
  description:
    "Shows where workflows can run and the workers that live there. Today there is one stack, `local`: this machine. " +
    "Use it when executions stay queued; status says what is overdue.",
  input: z.strictObject({}),
  output: listOf(stack),
  outputShown: listShown(),
  annotations: reading,
  example: {},
  async handler({ app }) {
    const workers = app.stack.workers().map(workerView);
    const items = [{ name: "local", kind: "local", active: true, managed: true, workers }];
    return { items, next_cursor: null, total: items.length, total_is_exact: true };
  },
});

function workerView(row: WorkerRow): z.input<typeof worker> {
  return {
    worker_id: row.id,
    pid: row.pid,
    kind: row.kind,
    state: row.state,
    concurrency: row.concurrency,
    started_at: iso(row.startedAt),
    heartbeat_at: iso(row.heartbeatAt),
  };
}
