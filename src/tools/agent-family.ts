import type { App } from "../app.ts";
import { UserError } from "../core/errors.ts";
import type { Execution } from "./app-types.ts";
import { callText } from "./display.ts";
import type { CallContext } from "./operation.ts";

/**
 * The execution on whose behalf something is started. An agent that works for one passes its id on by the environment,
 * and what it starts stands below that one, whatever it asks for: else it could leave its budget. In another project the
 * id means nothing.
 */
export function parentFor({ app, onProblem }: CallContext, given?: string) {
  const agents = agentsExecution(app);
  if (agents === undefined) {
    if (app.config.parentExecutionId !== undefined && given === undefined) {
      onProblem(
        `SAVEPOINT_PARENT_EXECUTION_ID names no execution of this project (${app.config.parentExecutionId}): what is started now has no parent`,
        undefined,
      );
    }
    return given === undefined ? {} : { parentId: given };
  }
  if (given === undefined) return { parentId: agents.id, parentCheckpoint: app.config.parentCheckpoint };
  const parent = app.findExecution(given);
  if (parent.seq === agents.seq) return { parentId: agents.id, parentCheckpoint: app.config.parentCheckpoint };
  if (standsBelow(app, parent, agents)) return { parentId: parent.id };
  throw new UserError("forbidden", `parent_execution_id: an agent works here for execution ${agents.id}`, {
    hint: "What it starts stands below that one. Leave parent_execution_id out.",
  });
}

/** @throws UserError where an agent would steer what does not stand below the execution that it works for */
export function refuseForeign(app: App, execution: Execution, verb: string): void {
  const agents = agentsExecution(app);
  if (agents === undefined || standsBelow(app, execution, agents)) return;
  throw new UserError(
    "forbidden",
    `execution ${execution.id} cannot be ${verb} by an agent of execution ${agents.id}`,
    {
      hint: `An agent steers what it started: ${callText("executions_get", { execution_id: agents.id })} shows its children. Others are for people.`,
    },
  );
}

/** @throws UserError where an agent would raise a limit: that is asked of a person */
export function refuseRaising(app: App, { id, seq }: Execution, wanted: string | undefined): void {
  if (agentsExecution(app) === undefined) return;
  const raising = app.store.journal
    .pendingWaits(seq)
    .filter(({ name, scope }) => name.startsWith("raise_") && scope.startsWith(`${name}[`));
  // Its selector begins with its name, whatever number or scope follows.
  const isMeant = raising.some(
    ({ name, ordinal }) =>
      wanted === undefined || wanted.startsWith(name) || wanted === app.listings.entryId(id, ordinal),
  );
  if (!isMeant) return;
  throw new UserError("forbidden", "a limit is raised by a person, not by an agent that it limits", {
    hint: `Say in your answer that execution ${id} asks for a higher limit: a person answers it.`,
  });
}

function agentsExecution({ config, store }: App): Execution | undefined {
  return config.parentExecutionId === undefined ? undefined : store.executions.byId(config.parentExecutionId);
}

function standsBelow({ store }: App, execution: Execution, above: Execution): boolean {
  let one: Execution | undefined = execution;
  while (one !== undefined && one.parentSeq !== null) {
    if (one.parentSeq === above.seq) return true;
    one = store.executions.get(one.parentSeq);
  }
  return false;
}
