import type { ActivationPort } from "../activation/activation-port.ts";
import type { Call } from "../activation/matching.ts";

/** What a call takes instead of running. */
export interface GivenOutput {
  origin: "overridden" | "cached";
  /** Payload column. */
  output: string;
  /** The copy that the body gets; asked for once. */
  read(): unknown;
  /** Told with the event. */
  data?: Record<string, unknown>;
}

/** What a replay was told to take for every call of that name. */
export function overrideOf(activation: ActivationPort, name: string): GivenOutput | undefined {
  const overrides = activation.execution.replay?.overrides ?? {};
  const output = Object.hasOwn(overrides, name) ? overrides[name] : undefined;
  return output === undefined ? undefined : { origin: "overridden", output, read: () => activation.decode(output) };
}

/** Answers a call without running it: one row that starts and ends it. */
export function settleWith(
  activation: ActivationPort,
  { identity, type, given }: { identity: Call; type: string | null; given: GivenOutput },
  resolve: (value: unknown) => void,
): void {
  const { origin, output } = given;
  const endedAt = activation.now();
  const entry = activation.entries.create(identity, { status: "completed", origin, type, output, endedAt });
  activation.ask(entry, () => resolve(given.read()));
  activation.push({
    settles: 1,
    apply: (position) => {
      entry.position = position;
      activation.context.store.journal.insert(activation.fence.seq, entry);
      activation.event(`checkpoint_${origin}`, entry.ordinal, given.data);
    },
    committed: () => activation.entries.settled(entry),
  });
}
