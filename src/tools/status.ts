import { basename } from "node:path";
import { z } from "zod";
import type { App } from "../app.ts";
import { messageOf } from "../core/errors.ts";
import { executionStatuses } from "../core/statuses.ts";
import { busyWith, freeBytes, remedyOf } from "./blocked.ts";
import { cut, iso, isoOrNull, shownText } from "./display.ts";
import { open } from "./fields.ts";
import { defineOperation, reading } from "./operation.ts";
import { overdueSince } from "./overdue.ts";

const mostCounted = 1_000;
const mostOverdue = 20;
const mostBlocked = 20;
/** With less the next write of a larger value may fail, and a full disk keeps even the word "blocked" from being written. */
const leastFreeBytes = 20 * 1024 * 1024;

const output = z.object({
  version: z.string(),
  node_version: z.string(),
  project: z.object({ name: z.string(), root: z.string(), note: z.string().nullable() }),
  database_schema: z.number().nullable(),
  executions: z.record(z.string(), z.number()).nullable(),
  executions_are_exact: z.boolean().describe("False where a count stopped at 1,000"),
  workers_alive: z.number().nullable(),
  overdue: z.array(z.object({ execution_id: z.string(), status: z.string(), since: z.string() })),
  blocked: z.array(z.object({ execution_id: z.string(), reason: z.string() })),
  next_wake_at: z.string().nullable(),
  warnings: z.array(z.string()),
});

export const status = defineOperation({
  name: "status",
  title: "Status of Savepoint",
  description:
    "Tells how Savepoint and its project are: version, project folder, executions by status, living workers, what is overdue because no worker runs it, what is blocked, and warnings. " +
    "Use it first when something does not go on.",
  input: z.strictObject({}),
  output,
  outputShown: z.looseObject({
    version: z.string(),
    workers_alive: z.number().nullable(),
    overdue: z.array(open()),
    blocked: z.array(open()),
    warnings: z.array(z.string()),
  }),
  annotations: reading,
  example: {},
  async handler({ app }) {
    const warnings: string[] = [];
    // What cannot be read becomes a warning: this operation must answer when others fail.
    const tryTo = async <T>(what: string, read: () => T | Promise<T>): Promise<T | null> => {
      try {
        return await read();
      } catch (error) {
        warnings.push(`${what} cannot be read: ${cut(messageOf(error), 300)}`);
        return null;
      }
    };
    const counts = await tryTo("executions", () => countByStatus(app));
    const workers = await tryTo("workers", () => app.stack.workers().length);
    const overdue = (await tryTo("overdue executions", () => overdueOf(app))) ?? [];
    const busy = overdue.length === 0 ? null : await tryTo("running executions", () => busyWith(app));
    if (overdue.length > 0) warnings.push(overdueWarning(overdue.length, workers, busy ?? []));
    const blocked = (await tryTo("blocked executions", () => blockedOf(app))) ?? [];
    warnings.push(...blockedWarnings(blocked));
    warnings.push(...((await tryTo("free space", () => diskWarnings(app))) ?? []));
    await tryTo("secrets (so nothing can be redacted or sealed)", () => app.secrets.check());
    const { projectRoot, projectNote } = app.config;
    if (projectNote !== undefined) warnings.push(projectNote);
    return {
      version: app.version,
      node_version: process.versions.node,
      project: { name: basename(projectRoot), root: projectRoot, note: projectNote ?? null },
      database_schema: await tryTo("database", () => app.listings.schemaNumber()),
      executions: counts && Object.fromEntries([...counts].map(([key, count]) => [key, Math.min(count, mostCounted)])),
      executions_are_exact: counts !== null && [...counts.values()].every((count) => count <= mostCounted),
      workers_alive: workers,
      overdue: overdue.slice(0, mostOverdue),
      blocked: blocked.slice(0, mostBlocked),
      next_wake_at: isoOrNull(await tryTo("next wake time", () => app.store.executions.nextWakeAt())),
      warnings,
    };
  },
});

function countByStatus({ store }: App): Map<string, number> {
  return new Map(executionStatuses.map((one) => [one, store.executions.countIn(one)]));
}

function overdueOf({ store, clock }: App) {
  const now = clock.now();
  return store.executions.due(now).flatMap(({ id, status: found, wake_at: wakeAt }) => {
    const since = overdueSince({ status: found, wakeAt }, now);
    return since === null ? [] : [{ execution_id: id, status: found, since: iso(since) }];
  });
}

async function blockedOf(app: App) {
  const { items } = await app.listings.blocked(mostCounted);
  return items.map(({ id, reason }) => ({ execution_id: id, reason: shownText(app, reason) }));
}

/** One for each thing to mend, with the first reason of its kind. */
function blockedWarnings(blocked: Awaited<ReturnType<typeof blockedOf>>): string[] {
  const [first] = blocked;
  if (first === undefined) return [];
  const kinds = Map.groupBy(blocked, ({ reason }) => remedyOf(reason, first.execution_id));
  return [...kinds].map(([remedy, [one, ...others]]) => {
    const what = others.length === 0 ? "1 execution is blocked" : `${others.length + 1} executions are blocked`;
    return `${what}: ${one?.reason}. ${one === undefined ? remedy : remedyOf(one.reason, one.execution_id)}`;
  });
}

function diskWarnings(app: App): string[] {
  const free = freeBytes(app);
  if (free >= leastFreeBytes) return [];
  const left = Math.floor(free / 1024);
  return [`The disk that holds the project has only ${left} KiB left: free some space, or executions cannot go on.`];
}

function overdueWarning(count: number, workers: number | null, running: readonly string[]): string {
  const what = count === 1 ? "1 execution is overdue" : `${count < 100 ? count : "100 or more"} executions are overdue`;
  return workers === 0
    ? `${what} and no worker lives: start one with \`savepoint worker\`.`
    : `${what}: the workers are busy${running.length === 0 ? "" : ` (they run ${running.join(", ")})`}, or have gone silent. Their logs are in .savepoint/logs/.`;
}
