import { encodeValue } from "../../core/values.ts";
import type { SkipCall } from "../../flows/runtime.ts";
import type { ActivationPort } from "../activation/activation-port.ts";

/** Records that a checkpoint was not taken: one row that starts and ends it. */
export function skip(activation: ActivationPort, { scope, name, type, why }: SkipCall, resolve: () => void): void {
  const argumentsHash = activation.context.ports.hashArguments(encodeValue(["skipped", why], "arguments"));
  const call = { kind: "checkpoint" as const, scope, name, argumentsHash };
  activation.entries.enter(call, (taken) => {
    const entry =
      taken ??
      activation.entries.create(call, {
        status: "skipped",
        type,
        metadata: { skipped: why },
        endedAt: activation.now(),
      });
    activation.ask(entry, resolve);
    if (entry.position !== null) return;
    activation.push({
      settles: 1,
      apply: (position) => {
        Object.assign(entry, { status: "skipped", position, dueAt: null, endedAt: activation.now() });
        const { seq } = activation.fence;
        const { journal } = activation.context.store;
        if (taken === undefined) journal.insert(seq, entry);
        else journal.update(seq, entry);
        activation.event("checkpoint_skipped", entry.ordinal, { why });
      },
      committed: () => activation.entries.settled(entry),
    });
  });
}
