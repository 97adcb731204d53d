import { createHash } from "node:crypto";
import { UserError } from "../../core/errors.ts";
import type { Store } from "../../store/store.ts";

export interface KeyedCall {
  operation: string;
  key: string;
  /** Everything that the caller asked for: the same key may only come with the same request. */
  request: unknown;
}

/**
 * The execution that an earlier call with the key concerned; undefined when the key is new. The caller holds the
 * transaction, and remembers the key in it.
 * @throws UserError `conflict` when the key came with another request before
 */
export function recall(store: Store, call: KeyedCall | undefined): string | undefined {
  if (call === undefined) return undefined;
  const known = store.idempotencyKeys.find(call.operation, call.key);
  if (known === undefined) return undefined;
  if (known.requestHash === hashOf(call.request)) return known.executionId;
  throw new UserError("conflict", `the idempotency key ${JSON.stringify(call.key)} was used with another request`, {
    hint: `It belongs to execution ${known.executionId}. Use a new key for a new request.`,
    details: { execution_id: known.executionId },
  });
}

export function remember(store: Store, call: KeyedCall | undefined, executionId: string, now: number): void {
  if (call === undefined) return;
  const { operation, key, request } = call;
  store.idempotencyKeys.insert({ operation, key, requestHash: hashOf(request), executionId, createdAt: now });
}

function hashOf(request: unknown): string {
  return createHash("sha256").update(stable(request)).digest("hex");
}

/** JSON with sorted keys, so that the order of fields makes no difference. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
