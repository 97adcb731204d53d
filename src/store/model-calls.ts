import type { Connection } from "./database.ts";
import type { Protection } from "./protection.ts";

export interface NewModelCall {
  executionSeq: number;
  /** The checkpoint's entry in the journal. */
  ordinal: number;
  /** Name of the checkpoint. */
  checkpoint: string;
  kind: "llm" | "agent";
  provider: string;
  model: string;
  /** The name by which the model was asked for, where it was an alias. */
  alias: string | null;
  attempt: number;
  startedAt: number;
}

/** How a call came out; tokens and cost are null where nobody said. */
export interface ModelCallEnd {
  status: "completed" | "failed";
  finishReason: string | null;
  error: string | null;
  retries: number;
  inputTokens: number | null;
  outputTokens: number | null;
  cachedTokens: number | null;
  reasoningTokens: number | null;
  toolCalls: number;
  costUsd: number | null;
  firstTokenMs: number | null;
  latencyMs: number;
}

export type ModelCalls = ReturnType<typeof modelCallsTable>;

/** One row for each call of a model. The caller holds the transaction. */
export function modelCallsTable(connection: Connection, { redact }: Protection) {
  const begin = connection.prepare(
    `INSERT INTO model_calls (execution_seq, ordinal, checkpoint, kind, provider, model, alias, attempt, status,
       started_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'running', ?)`,
  );
  const end = connection.prepare(
    `UPDATE model_calls SET status = ?, finish_reason = ?, error = ?, retries = ?, input_tokens = ?,
       output_tokens = ?, cached_tokens = ?, reasoning_tokens = ?, tool_calls = ?, cost_usd = ?, first_token_ms = ?,
       latency_ms = ? WHERE id = ?`,
  );
  const endLost = connection.prepare(
    "UPDATE model_calls SET status = 'failed', error = 'its process died' WHERE execution_seq = ? AND status = 'running'",
  );
  return {
    /** Ends those of an execution whose process has died. */
    endLost: (executionSeq: number): void => void endLost.run(executionSeq),

    /** @returns the row's id, for `end` */
    begin(call: NewModelCall): number {
      const { executionSeq, ordinal, checkpoint, kind, provider, model, alias, attempt, startedAt } = call;
      return Number(
        begin.run(executionSeq, ordinal, checkpoint, kind, provider, model, alias, attempt, startedAt).lastInsertRowid,
      );
    },

    end(id: number, how: ModelCallEnd): void {
      end.run(
        how.status,
        how.finishReason,
        how.error && redact(how.error),
        how.retries,
        how.inputTokens,
        how.outputTokens,
        how.cachedTokens,
        how.reasoningTokens,
        how.toolCalls,
        how.costUsd,
        how.firstTokenMs,
        how.latencyMs,
        id,
      );
    },
  };
}
