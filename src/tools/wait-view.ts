import { z } from "zod";
import { cut, iso, isoOrNull } from "./display.ts";
import type { PendingWaitView } from "./execution-schema.ts";

interface AskedWait {
  name: string;
  detail: Record<string, unknown> | null;
  dueAt: number | null;
}

const longestQuestion = 4_000;
const longestReason = 1_000;

/** What an entry keeps of a wait beside its name. */
const asked = z.object({
  question: z.string().nullish(),
  schema: z.looseObject({}).nullish(),
  metadata: z.looseObject({}).nullish(),
  refused: z.object({ reason: z.string(), at: z.number().nullish() }).nullish().catch(null),
});

export function pendingWaitView(
  id: string,
  selector: string | undefined,
  wait: AskedWait & ({ startedAt: number } | { askedAt: number }),
): PendingWaitView {
  const { schema, metadata, refused } = asked.parse(wait.detail ?? {});
  return {
    wait_id: id,
    name: selector ?? wait.name,
    question: questionOf(wait),
    schema: schema ?? null,
    metadata: metadata ?? null,
    asked_at: iso("startedAt" in wait ? wait.startedAt : wait.askedAt),
    expires_at: isoOrNull(wait.dueAt),
    refused_answer:
      refused == null ? null : { reason: cut(refused.reason, longestReason), at: isoOrNull(refused.at ?? null) },
  };
}

/** What the workflow says of its wait beside the question. */
export function metadataOf({ detail }: Pick<AskedWait, "detail">): Record<string, unknown> | null {
  return asked.parse(detail ?? {}).metadata ?? null;
}

export function questionOf({ detail }: Pick<AskedWait, "detail">): string | null {
  const { question } = asked.parse(detail ?? {});
  return question == null ? null : cut(question, longestQuestion);
}
