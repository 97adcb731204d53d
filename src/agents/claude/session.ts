import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Workplace } from "../../core/workplace.ts";
import { removeRememberedFolder, temporaryPath } from "../temporary-folder.ts";

export interface Session {
  /** Claude Code's name for the conversation, a UUID. */
  id: string;
  isResumed: boolean;
  /** Where the files of this run belong. */
  folder: string;
}

/** What a resumed session is told: it holds the task and all that was done of it already. */
export const continuation =
  "You were interrupted, and what you did until then stands. Look at what came of the last thing you began, " +
  "then go on with the task until it is done.";

const remembered = z.looseObject({ session_id: z.uuid() });

/** The session of an attempt that a crash interrupted; its leftovers are removed. */
export async function resumeSession(workplace: Workplace): Promise<Session | undefined> {
  removeRememberedFolder(workplace.remembered["agent_folder"]);
  const known = remembered.safeParse(workplace.remembered);
  return known.success ? open(workplace, known.data.session_id, true) : undefined;
}

export function beginSession(workplace: Workplace): Promise<Session> {
  return open(workplace, randomUUID(), false);
}

/** It is on the disk which session this is, and where its files are, before there is anything of either. */
async function open(workplace: Workplace, id: string, isResumed: boolean): Promise<Session> {
  const folder = temporaryPath();
  await workplace.remember({ session_id: id, agent_folder: folder });
  return { id, isResumed, folder };
}
