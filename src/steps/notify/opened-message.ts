import type { JsonSchema } from "../../core/json-schema.ts";
import { shellWord } from "../../core/shell-word.ts";

/** What a person is asked, and for how long. */
export interface AskedPerson {
  question: string;
  options: { id: string; label: string }[] | null;
  schema: JsonSchema;
  timeoutMs: number | null;
}

export interface OpenedWait {
  executionId: string;
  workflow: string;
  step: string;
  /** Where it stands, which is known before it is asked. */
  wait: string;
  asked: AskedPerson;
  /** A page on which it can be answered; undefined where nobody serves one. */
  link: string | undefined;
  now: number;
}

/** What a webhook is told of a wait that is about to open. */
export function openedMessage({ executionId, workflow, step, wait, asked, link, now }: OpenedWait): object {
  const { question, options, schema, timeoutMs } = asked;
  const command = `savepoint answer ${executionId} --name ${shellWord(wait)}`;
  return {
    type: "wait.opened",
    // What chat programs show of a webhook.
    text: `${workflow} asks: ${question}\n${link ?? command}`,
    timestamp: new Date(now).toISOString(),
    data: {
      execution_id: executionId,
      workflow,
      step,
      wait,
      question,
      options,
      schema: options === null ? schema : null,
      expires_at: timeoutMs === null ? null : new Date(now + timeoutMs).toISOString(),
      link: link ?? null,
      answer_command: command,
    },
  };
}
