import { systemClock } from "../../src/core/clock.ts";
import { decodeValue } from "../../src/core/values.ts";
import type { JournalEntry } from "../../src/store/journal.ts";
import { inFolder } from "../folder.ts";
import { type Member, until, withMembers } from "../members/members.ts";
import type { Command, Outcome } from "../members/protocol.ts";
import { type EngineProcess, openProcess } from "../simulated/process.ts";
import { count, emptyTally, messageOf, type Suite, type Tally } from "./suite.ts";

const processes = 4;
const callsEach = 25;
const leaseMs = 5_000;
/** So much later all members begin at the same instant. */
const headStartMs = 40;

/** Calls that come at the same instant from several processes and connections: one of them wins. */
export const races: Suite = {
  name: "races",
  async run({ seed, programs }) {
    const tally = emptyTally();
    for (let round = 0; round < roundsOf(programs); round++) {
      for (const [name, race] of Object.entries(all)) {
        try {
          await inFolder((folder) => withMembers(processes, folder, (members) => race({ folder, members, tally })));
          count(tally, name);
        } catch (error) {
          const repeat = "npm run crash -- --only races";
          tally.mismatches.push({ suite: "races", seed, what: `${name}: ${messageOf(error)}`, repeat });
        }
      }
    }
    return tally;
  },
  floor: ({ programs }) => ({
    checkpoints: roundsOf(programs) * 2,
    counts: Object.fromEntries(Object.keys(all).map((name) => [name, roundsOf(programs)])),
  }),
};

function roundsOf(programs: number): number {
  return Math.min(20, Math.max(1, Math.floor(programs / 250)));
}

interface Course {
  folder: string;
  members: Member[];
  tally: Tally;
}

const all: Record<string, (course: Course) => Promise<void>> = {
  "a hundred answers": hundredAnswers,
  "answers before the wait": earlyAnswers,
  "answers at the deadline": answersAtDeadline,
  "one answer's key": oneAnswersKey,
  "answers after cancel": answersAfterCancel,
  "one run's key": oneRunsKey,
  "workers that start together": workersTogether,
};

async function hundredAnswers(course: Course): Promise<void> {
  const asked = await askFirst(course, null);
  const outcomes = await answerAll(course, { do: "answer", execution: asked.id, wait: "first", times: callsEach });
  const [winner] = requireOneWinner(outcomes, ["conflict"]);
  await look(course, async (process) => {
    requireAnswer(firstWait(process, asked.id), winner);
    await requireOutcome(process, asked.id, { answer: winner });
    requireEvents(process, asked.id, { wait_answered: 2 });
  });
}

async function earlyAnswers(course: Course): Promise<void> {
  const id = await start(course, { flow: "asking", input: { timeoutMs: null } });
  const early = { do: "answer", execution: id, wait: "first", early: true, times: callsEach } as const;
  const [winner] = requireOneWinner(await answerAll(course, early), ["conflict"]);
  await work(course);
  await look(course, async (process) => {
    await until("the second wait", () => isPending(process, id, "second"));
    requireAnswer(firstWait(process, id), winner);
    await requireOutcome(process, id, { answer: winner });
    requireEvents(process, id, { wait_answered: 2, answered_early: 1 });
  });
}

/** Half of the answers come before the deadline and half after it; the record says who was first, and all agree. */
async function answersAtDeadline(course: Course): Promise<void> {
  const asked = await askFirst(course, 150);
  const outcomes = await Promise.all(
    course.members.map((member, index) => {
      const at = (asked.dueAt ?? 0) + (index - 2) * 2;
      return member.outcomes({ do: "answer", execution: asked.id, wait: "first", times: callsEach, at });
    }),
  );
  const won = outcomes.flat().flatMap((one) => ("value" in one ? [one.value] : []));
  if (won.length > 1) throw new Error(`${won.length} answers won`);
  requireCodes(outcomes.flat(), ["conflict", "invalid_state"]);
  await look(course, async (process) => {
    await until("the second wait", () => isPending(process, asked.id, "second"));
    const [winner] = won;
    const first = firstWait(process, asked.id);
    if (winner !== undefined) requireAnswer(first, winner);
    else if (first.status !== "expired") throw new Error(`nobody answered, and the wait is ${first.status}`);
    if (first.dueAt !== asked.dueAt) throw new Error("the deadline moved");
    await requireOutcome(process, asked.id, winner === undefined ? { ended: "WaitExpired" } : { answer: winner });
    requireEvents(process, asked.id, winner === undefined ? { wait_expired: 1 } : { wait_answered: 2 });
  });
}

async function oneAnswersKey(course: Course): Promise<void> {
  const asked = await askFirst(course, null);
  const same = { do: "answer", execution: asked.id, wait: "first", value: "same", key: "k", times: callsEach } as const;
  requireCodes(await answerAll(course, same), []);
  const other = { ...same, value: "other" };
  requireOneWinner([{ value: "none" }, ...(await answerAll(course, other))], ["conflict"]);
  await look(course, async (process) => {
    requireAnswer(firstWait(process, asked.id), "same");
    await requireOutcome(process, asked.id, { answer: "same" });
    requireEvents(process, asked.id, { wait_answered: 2 });
  });
}

async function answersAfterCancel(course: Course): Promise<void> {
  const asked = await askFirst(course, null);
  await course.members[0]?.tell({ do: "cancel", execution: asked.id });
  const late = { do: "answer", execution: asked.id, wait: "first", times: callsEach } as const;
  requireOneWinner([{ value: "none" }, ...(await answerAll(course, late))], ["invalid_state"]);
  await look(course, async (process) => {
    if (process.get(asked.id).status !== "cancelled") throw new Error("it is not cancelled any more");
    requireEvents(process, asked.id, { execution_cancelled: 1, wait_answered: 0 });
  });
}

async function oneRunsKey(course: Course): Promise<void> {
  await work(course);
  const { folder } = course;
  const input = { folder } as never;
  const ids = await together(course, { do: "run", flow: "quick", input, key: "one", times: callsEach });
  requireCodes(ids, []);
  if (new Set(ids.map(givenBy)).size !== 1) throw new Error("one key gave several executions");
  await look(course, async (process) => {
    await requireQuick(process, ids.map(givenBy)[0] ?? "");
    const found = process.store.reader().prepare("SELECT count(*) AS executions FROM executions").get();
    requireEqual("executions", found, { executions: 1 });
  });
  course.tally.checkpoints++;
}

/** On a folder that holds nothing yet: all members open it and begin to work at once. */
async function workersTogether(course: Course): Promise<void> {
  const { folder, members, tally } = course;
  await Promise.all(members.map((member) => member.tell({ do: "work", leaseMs })));
  const runs = await together(course, { do: "run", flow: "quick", input: { folder } as never, times: 10 });
  requireCodes(runs, []);
  await look(course, async (process) => {
    for (const id of runs.map(givenBy)) await requireQuick(process, id);
  });
  tally.checkpoints += runs.length;
}

async function requireQuick(process: EngineProcess, id: string): Promise<void> {
  await until("the execution to end", () => process.get(id).status === "completed");
  requireEvents(process, id, { execution_started: 1, checkpoint_completed: 1, execution_completed: 1 });
}

/** An execution that has asked its first wait, on a worker of the first member. */
async function askFirst(course: Course, timeoutMs: number | null): Promise<{ id: string; dueAt: number | null }> {
  await work(course);
  const id = await start(course, { flow: "asking", input: { timeoutMs } });
  return look(course, async (process) => {
    await until("the first wait", () => isPending(process, id, "first"));
    return { id, dueAt: firstWait(process, id).dueAt };
  });
}

async function work({ members: [first] }: Course): Promise<void> {
  await first?.tell({ do: "work", leaseMs });
}

async function start({ members: [first] }: Course, run: { flow: "asking"; input: object }): Promise<string> {
  const [outcome] = (await first?.outcomes({ do: "run", ...run, input: run.input as never, times: 1 })) ?? [];
  return outcome === undefined ? "" : givenBy(outcome);
}

function answerAll(course: Course, command: Extract<Command, { do: "answer" }>): Promise<Outcome[]> {
  return together(course, command);
}

async function together({ members }: Course, command: Extract<Command, { do: "answer" | "run" }>): Promise<Outcome[]> {
  const at = Date.now() + headStartMs;
  return (await Promise.all(members.map((member) => member.outcomes({ ...command, at })))).flat();
}

async function look<T>({ folder }: Course, read: (process: EngineProcess) => Promise<T>): Promise<T> {
  const process = openProcess(folder, [], { clock: systemClock });
  try {
    return await read(process);
  } finally {
    await process.close();
  }
}

function isPending({ store, get }: EngineProcess, id: string, name: string): boolean {
  return store.journal.pendingWaits(get(id).seq).some((wait) => wait.name === name);
}

function firstWait({ store, get }: EngineProcess, id: string): JournalEntry {
  const wait = store.journal.waits(get(id).seq).find(({ name }) => name === "first");
  if (wait === undefined) throw new Error("the first wait is not on the record");
  return wait;
}

function requireOneWinner(outcomes: Outcome[], codes: string[]): string[] {
  requireCodes(outcomes, codes);
  const won = outcomes.flatMap((one) => ("value" in one ? [one.value] : []));
  if (won.length !== 1) throw new Error(`${won.length} of ${outcomes.length} calls won`);
  return won;
}

function requireCodes(outcomes: Outcome[], codes: string[]): void {
  const other = outcomes.find((one) => "code" in one && !codes.includes(one.code));
  if (other !== undefined) throw new Error(`a call came out as ${JSON.stringify(other)} instead of ${codes.join()}`);
}

function requireAnswer(wait: JournalEntry, value: string | undefined): void {
  const found = wait.output === null ? undefined : decodeValue(wait.output);
  requireEqual("the wait", { status: wait.status, found }, { status: "answered", found: value });
}

/** Lets the execution go on to its end and compares what its body saw. */
async function requireOutcome(process: EngineProcess, id: string, result: object): Promise<void> {
  await until("the second wait", () => isPending(process, id, "second"));
  await process.engine.answer(id, { wait: "second", value: null });
  await until("the end", () => process.get(id).status === "completed");
  const execution = process.get(id);
  const found = execution.status === "completed" && execution.result !== null ? decodeValue(execution.result) : null;
  requireEqual("the result", found, result);
}

function requireEvents({ store, get }: EngineProcess, id: string, wanted: Record<string, number>): void {
  const counted = store
    .reader()
    .prepare<[number, string], { count: number }>(
      "SELECT count(*) AS count FROM events WHERE execution_seq = ? AND type = ?",
    );
  for (const [type, number] of Object.entries(wanted)) {
    requireEqual(`events ${type}`, counted.get(get(id).seq, type)?.count, number);
  }
}

function requireEqual(what: string, found: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: ${left} instead of ${right}`);
}

function givenBy(outcome: Outcome): string {
  if (!("value" in outcome)) throw new Error(`a call was refused: ${JSON.stringify(outcome)}`);
  return outcome.value;
}
