import { hostname } from "node:os";
import type { GroupRecord } from "../../flows/runtime.ts";
import type { ActivationPort } from "../activation/activation-port.ts";

/** Puts process groups of an execution on the record, so that whoever takes it over ends them first. */
export function groupRecord(activation: ActivationPort): GroupRecord {
  const { fence, context } = activation;
  const { store, clock } = context;
  return {
    record: ({ pid, processStart }) =>
      activation.commit(() => {
        if (store.executions.advance(fence, 0) === undefined) throw new Error("the lease is gone");
        const startedAt = clock.now();
        store.processGroups.put({ executionSeq: fence.seq, pid, processStart, host: hostname(), startedAt });
      }),
    forget: (pid) =>
      activation
        .commit(() => store.processGroups.remove(fence.seq, hostname(), pid))
        .catch((error: unknown) => {
          // The store's trouble is not that of a program: the activation is dropped, and nothing goes on.
          activation.block(error);
          return new Promise<never>(() => {});
        }),
  };
}
