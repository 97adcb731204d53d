import { after } from "../../core/clock.ts";
import { encodeValue } from "../../core/values.ts";
import type { SleepCall } from "../../flows/runtime.ts";
import type { JournalEntry } from "../../store/journal.ts";
import type { ActivationPort } from "../activation/activation-port.ts";

/** One call of `sleep`: over when its end is on the record, not when the clock says so. */
export const SleepRun = {
  begin(activation: ActivationPort, { scope, name, until }: SleepCall, resolve: () => void): void {
    const encoded = encodeValue("at" in until ? until.at : until.ms, "duration");
    const argumentsHash = activation.context.ports.hashArguments(encoded);
    const call = { kind: "sleep" as const, scope, name, argumentsHash };
    activation.entries.enter(call, (taken) => {
      const dueAt = "at" in until ? until.at.getTime() : after(activation.now(), until.ms);
      const entry = taken ?? activation.entries.create(call, { status: "running", dueAt });
      activation.ask(entry, () => {
        activation.timers.unblock(entry.ordinal);
        resolve();
      });
      if (entry.position !== null) return;
      if (taken === undefined) writeStart(activation, entry);
      activation.timers.block(entry.ordinal, entry.dueAt ?? dueAt, () => writeEnd(activation, entry));
    });
  },
};

function writeStart(activation: ActivationPort, entry: JournalEntry): void {
  activation.note(() => {
    activation.context.store.journal.insert(activation.fence.seq, entry);
    activation.event("sleep_started", entry.ordinal, { until: entry.dueAt });
  });
}

function writeEnd(activation: ActivationPort, entry: JournalEntry): void {
  entry.status = "completed";
  entry.endedAt = activation.now();
  activation.push({
    settles: 1,
    apply: (position) => {
      entry.position = position;
      activation.context.store.journal.update(activation.fence.seq, entry);
      activation.event("sleep_ended", entry.ordinal);
    },
    committed: () => activation.entries.settled(entry),
  });
}
