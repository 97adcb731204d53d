import type { Limits } from "../core/guardrails.ts";
import { noUsage, type Usage } from "../core/usage.ts";
import type { Connection } from "./database.ts";

/** Stands for the whole execution where a budget names a journal entry. */
export const wholeExecution = 0;

/** What one budget is about: an execution, or one entry of its journal; executions started there count in it. */
export interface BudgetPlace {
  seq: number;
  ordinal: number;
}

export interface BudgetRow extends BudgetPlace {
  limits: Limits;
  /** What was used in it and below it; `costUsd` is what is known of the cost. */
  used: Usage & { costUsd: number };
  /** Requests whose price is not known. */
  unpriced: number;
  workedMs: number;
  /** Limits of which the warning has been given. */
  warned: string[];
}

export interface Reserved {
  requests: number;
  tokens: number;
  toolCalls: number;
  turns: number;
  costUsd: number;
}

/** What is certainly used once the request is made that a reserve is for. */
export interface Sent {
  tokens: number;
  /** Null where the price is not known. */
  costUsd: number | null;
}

interface ReservationRow {
  id: string;
  execution_seq: number;
  ordinal: number;
  requests: number;
  tool_calls: number;
  turns: number;
  sent_tokens: number;
  sent_cost_usd: number | null;
}

interface Row {
  execution_seq: number;
  ordinal: number;
  limits: string | null;
  requests: number;
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
  reasoning_tokens: number;
  tool_calls: number;
  turns: number;
  cost_usd: number;
  unpriced: number;
  worked_ms: number;
  warned: string;
}

export type Budgets = ReturnType<typeof budgetsTable>;

/** Statements on budgets and on what is held in reserve of them. The caller holds an immediate transaction to write. */
export function budgetsTable(connection: Connection) {
  const find = connection.prepare<[number, number], Row>(
    "SELECT * FROM budgets WHERE execution_seq = ? AND ordinal = ?",
  );
  const all = connection.prepare<[number], Row>("SELECT * FROM budgets WHERE execution_seq = ? ORDER BY ordinal");
  const limit = connection.prepare(
    `INSERT INTO budgets (execution_seq, ordinal, limits) VALUES (?, ?, ?)
     ON CONFLICT (execution_seq, ordinal) DO UPDATE SET limits = excluded.limits`,
  );
  const add = connection.prepare(
    `INSERT INTO budgets (execution_seq, ordinal, requests, input_tokens, output_tokens, cached_tokens,
       reasoning_tokens, tool_calls, turns, cost_usd, unpriced)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (execution_seq, ordinal) DO UPDATE SET
       requests = requests + excluded.requests, input_tokens = input_tokens + excluded.input_tokens,
       output_tokens = output_tokens + excluded.output_tokens, cached_tokens = cached_tokens + excluded.cached_tokens,
       reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
       tool_calls = tool_calls + excluded.tool_calls, turns = turns + excluded.turns,
       cost_usd = cost_usd + excluded.cost_usd, unpriced = unpriced + excluded.unpriced`,
  );
  const work = connection.prepare(
    `INSERT INTO budgets (execution_seq, ordinal, worked_ms) VALUES (?, ?, ?)
     ON CONFLICT (execution_seq, ordinal) DO UPDATE SET worked_ms = worked_ms + excluded.worked_ms`,
  );
  const warn = connection.prepare("UPDATE budgets SET warned = ? WHERE execution_seq = ? AND ordinal = ?");
  const hold = connection.prepare(
    `INSERT INTO reservations (id, execution_seq, ordinal, holder_seq, holder_epoch, requests, tokens, tool_calls,
       turns, cost_usd, sent_tokens, sent_cost_usd) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const free = connection.prepare("DELETE FROM reservations WHERE execution_seq = ? AND ordinal = ? AND id = ?");
  // What a process held that has died counts no more: another has taken the execution, or nobody runs it.
  const held = connection.prepare<[number, number], Reserved>(
    `SELECT coalesce(sum(r.requests), 0) AS requests, coalesce(sum(r.tokens), 0) AS tokens,
       coalesce(sum(r.tool_calls), 0) AS toolCalls, coalesce(sum(r.turns), 0) AS turns,
       coalesce(sum(r.cost_usd), 0) AS costUsd
     FROM reservations r JOIN executions e ON e.seq = r.holder_seq
     WHERE r.execution_seq = ? AND r.ordinal = ? AND e.status = 'running' AND e.epoch = r.holder_epoch`,
  );
  const ownerless = connection.prepare<[number, number], ReservationRow>(
    `SELECT * FROM reservations WHERE execution_seq = ? AND ordinal = ? AND NOT EXISTS (SELECT 1 FROM executions e
       WHERE e.seq = holder_seq AND e.status = 'running' AND e.epoch = holder_epoch)`,
  );
  const any = connection.prepare<[], unknown>("SELECT 1 FROM reservations LIMIT 1");
  const heldBefore = connection.prepare<[number, number], ReservationRow>(
    "SELECT * FROM reservations WHERE holder_seq = ? AND holder_epoch < ?",
  );
  const count = (place: BudgetPlace, usage: Usage) => {
    add.run(
      place.seq,
      place.ordinal,
      usage.requests,
      usage.inputTokens,
      usage.outputTokens,
      usage.cachedTokens,
      usage.reasoningTokens,
      usage.toolCalls,
      usage.turns,
      usage.costUsd ?? 0,
      // What nobody knows the cost of is one request at least, also where only its cost comes after it.
      usage.costUsd === null ? Math.max(1, usage.requests) : 0,
    );
  };
  /** Its request was made, or may have been. */
  const countLost = (row: ReservationRow) => {
    const { id, execution_seq: seq, ordinal, requests, turns, tool_calls: toolCalls } = row;
    free.run(seq, ordinal, id);
    const usage = { ...noUsage, requests, turns, toolCalls, inputTokens: row.sent_tokens, costUsd: row.sent_cost_usd };
    count({ seq, ordinal }, usage);
  };
  return {
    find(place: BudgetPlace): BudgetRow | undefined {
      const row = find.get(place.seq, place.ordinal);
      return row && toBudget(row);
    },

    ofExecution(seq: number): BudgetRow | undefined {
      const row = find.get(seq, wholeExecution);
      return row && toBudget(row);
    },

    /** The execution's own budget and those of its entries. */
    list: (seq: number): BudgetRow[] => all.all(seq).map(toBudget),

    setLimits({ seq, ordinal }: BudgetPlace, limits: Limits): void {
      limit.run(seq, ordinal, JSON.stringify(limits));
    },

    add: count,

    addWork: ({ seq, ordinal }: BudgetPlace, ms: number): void => void work.run(seq, ordinal, Math.round(ms)),
    setWarned: ({ seq, ordinal }: BudgetPlace, names: string[]): void =>
      void warn.run(JSON.stringify(names), seq, ordinal),

    reserve(
      id: string,
      { seq, ordinal }: BudgetPlace,
      holder: { seq: number; epoch: number },
      { requests, tokens, toolCalls, turns, costUsd, sent }: Reserved & { sent: Sent },
    ): void {
      for (const row of ownerless.all(seq, ordinal)) countLost(row);
      hold.run(
        id,
        seq,
        ordinal,
        holder.seq,
        holder.epoch,
        requests,
        tokens,
        toolCalls,
        turns,
        costUsd,
        sent.tokens,
        sent.costUsd,
      );
    },

    /**
     * Counts what processes had in reserve that ran the execution before this epoch: their requests were made, and
     * nobody tells any more what came of them.
     */
    countLost(holderSeq: number, epoch: number): void {
      if (any.get() === undefined) return;
      for (const row of heldBefore.all(holderSeq, epoch)) countLost(row);
    },

    /** @returns whether it was still held */
    free: (id: string, { seq, ordinal }: BudgetPlace): boolean => free.run(seq, ordinal, id).changes === 1,

    /** What living holders have in reserve. */
    held: ({ seq, ordinal }: BudgetPlace): Reserved => held.get(seq, ordinal) ?? nothing,
  };
}

const nothing: Reserved = { requests: 0, tokens: 0, toolCalls: 0, turns: 0, costUsd: 0 };

function toBudget(row: Row): BudgetRow {
  return {
    seq: row.execution_seq,
    ordinal: row.ordinal,
    limits: row.limits === null ? {} : JSON.parse(row.limits),
    used: {
      requests: row.requests,
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      cachedTokens: row.cached_tokens,
      reasoningTokens: row.reasoning_tokens,
      toolCalls: row.tool_calls,
      turns: row.turns,
      costUsd: row.cost_usd,
    },
    unpriced: row.unpriced,
    workedMs: row.worked_ms,
    warned: JSON.parse(row.warned),
  };
}
