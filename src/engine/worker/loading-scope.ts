import type { Clock } from "../../core/clock.ts";
import { MisuseError } from "../../flows/errors.ts";
import type { FlowRuntime, Scope } from "../../flows/runtime.ts";
import type { Execution } from "../../store/execution.ts";
import type { NewLog } from "../../store/logs.ts";

/** The scope in which a version is loaded: what its top level prints belongs to the execution that needs it. */
export class LoadingScope {
  readonly scope: Scope;

  constructor(execution: Execution, append: (log: NewLog) => void, clock: Clock) {
    const refuse = (): never => {
      throw new MisuseError("primitives work inside a flow's body, not at the top level of its file");
    };
    const runtime: FlowRuntime = {
      executionId: execution.id,
      isReplay: execution.replayedFrom !== null,
      checkpoint: refuse,
      submit: refuse,
      settings: { workflow: execution.workflow, workspace: execution.workspace, timeouts: execution.timeouts },
      wait: refuse,
      sleep: refuse,
      skip: refuse,
      child: refuse,
      continueAsNew: refuse,
      value: refuse,
      log: refuse,
      progress: refuse,
      save: refuse,
      load: refuse,
      emit: refuse,
      groups: refuse,
      secret: refuse,
      askModel: refuse,
      runAgent: refuse,
      callTool: refuse,
      print: (level, message) =>
        append({ at: clock.now(), level, source: "flow", ordinal: null, frontier: null, message }),
      crash: (error) =>
        append({
          at: clock.now(),
          level: "error",
          source: "flow",
          ordinal: null,
          frontier: null,
          message: String(error),
        }),
    };
    this.scope = { runtime, checkpoint: undefined, path: "" };
  }
}
