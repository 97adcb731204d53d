import { executionIn, perform } from "../answers.ts";
import type { Spoken } from "../problems.ts";
import type { Session } from "../session.ts";

/** The execution that is meant where none is named. */
export async function newestId(session: Session, spoken: Spoken): Promise<string> {
  const newest = executionIn(await perform(session, "executions_latest", {}, spoken));
  return newest?.execution_id ?? "";
}
