import { openBudget } from "../../budgets/budgets.ts";
import { placesAbove } from "../../budgets/places.ts";
import type { Workplace } from "../../core/workplace.ts";
import type { ArtifactKind } from "../../store/artifacts.ts";
import type { ActivationPort, RunningBody } from "../activation/activation-port.ts";
import { groupRecord } from "./group-record.ts";

/** What a model or an agent may know of a running checkpoint, and do to it. */
export function workplaceOf(activation: ActivationPort, run: RunningBody, isWholeCheckpoint: boolean): Workplace {
  const { context, execution, fence } = activation;
  const { store, clock } = context;
  const { ordinal, context: checkpoint } = run;
  const { selector, attempt, signal, idempotencyKey } = checkpoint;
  /** The store's trouble is not that of a model: the activation is dropped, and nothing goes on. */
  const written = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error) => {
      activation.block(error);
      return new Promise<never>(() => {});
    });
  const write = <T>(work: () => T) => written(activation.commit(work));
  const groups = groupRecord(activation);
  const holder = { seq: fence.seq, epoch: fence.epoch, signal };
  return {
    executionId: execution.id,
    executionSeq: fence.seq,
    workflow: execution.workflow,
    ordinal,
    selector,
    step: run.name,
    attempt,
    remembered: isWholeCheckpoint ? run.remembered : {},
    signal,
    idempotencyKey,
    isWholeCheckpoint,
    models: { run: execution.models, flow: activation.models },
    budget: openBudget({ store, clock, write }, placesAbove(store, execution, ordinal, selector), holder),
    event: (type, data) => activation.note(() => activation.event(type, ordinal, data)),
    describe: (fields) => activation.runtime.log(fields, checkpoint),
    progress: (report) => activation.runtime.progress(report, checkpoint),
    save: (name, kind: ArtifactKind, value) =>
      activation.runtime.save({ scope: "", name, kind, value, tags: [] }, checkpoint),
    remember: (fields) => (isWholeCheckpoint ? run.remember(fields) : Promise.resolve()),
    write: (apply) => write(apply),
    recordGroup: groups.record,
    forgetGroup: groups.forget,
  };
}
