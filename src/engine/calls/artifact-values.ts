import { UserError } from "../../core/errors.ts";
import { didYouMean } from "../../core/suggest.ts";
import { encodeValue } from "../../core/values.ts";
import type { SaveCall } from "../../flows/runtime.ts";
import type { Artifact } from "../../store/artifacts.ts";
import { sha256Of } from "../../store/blobs.ts";
import { selectorsOf } from "../../store/selectors.ts";
import type { Store } from "../../store/store.ts";

/** @throws UnencodableValue, UserError `too_large` */
export function newArtifact(
  { payloads, protection }: Pick<Store, "payloads" | "protection">,
  call: SaveCall,
  producer: { id: string; executionSeq: number; ordinal: number | null },
  at: number,
): Artifact {
  const isText = typeof call.value === "string";
  const encoded = encodeValue(call.value, "value");
  // Of what callers will see: the digest of a value that is a secret would be a way to guess it.
  const shown = protection.redact(isText ? (call.value as string) : encoded);
  return {
    ...producer,
    name: call.name,
    kind: call.kind,
    contentType: contentTypeOf(call.value),
    bytes: Buffer.byteLength(shown),
    sha256: sha256Of(shown),
    tags: call.tags,
    value: payloads.store(encoded),
    createdAt: at,
  };
}

function contentTypeOf(value: unknown): string {
  if (typeof value === "string") return "text/plain; charset=utf-8";
  return value instanceof Uint8Array ? "application/octet-stream" : "application/json";
}

/**
 * The payload column of an artifact that was saved under the name, else of the output of the checkpoint so called.
 * @throws UserError `not_found` or `ambiguous`, with the names that are there
 */
export function readArtifact(store: Store, executionId: string, name: string): string {
  const execution = store.executions.byId(executionId);
  if (execution === undefined) throw new UserError("not_found", `there is no execution ${executionId}`);
  const saved = store.artifacts.newest(execution.seq, name);
  if (saved !== undefined) return saved.value;
  const outputs = store.journal
    .load(execution.seq)
    .filter((entry) => entry.kind === "checkpoint" && entry.status === "completed" && entry.reuse !== "candidate");
  const selectors = selectorsOf(outputs);
  const fitting = outputs.filter((entry) => entry.name === name || selectors.get(entry.ordinal) === name);
  const [only] = fitting;
  if (fitting.length > 1) {
    const candidates = fitting.map(({ ordinal }) => selectors.get(ordinal));
    throw new UserError("ambiguous", `several outputs are called ${name}: ${candidates.join(", ")}`, {
      hint: "Name one of them.",
      details: { candidates },
    });
  }
  if (only?.output == null) {
    const names = [...store.artifacts.list(execution.seq).map((artifact) => artifact.name), ...selectors.values()];
    throw new UserError("not_found", `execution ${executionId} has no artifact ${JSON.stringify(name)}`, {
      hint: didYouMean(name, names) ?? `It has: ${names.join(", ") || "none"}.`,
    });
  }
  return only.output;
}
