import { type App, openApp } from "../app.ts";
import { storeTrouble } from "../tools/call-error.ts";
import { inTypedWords } from "./problems.ts";
import type { Session } from "./session.ts";

/** Works on the project's store itself, for what no protocol offers. */
export async function withApp<T>({ source, command }: Session, act: (app: App) => T | Promise<T>): Promise<T> {
  const { onProblem, ...project } = source;
  const app = await openApp({
    ...(project.project !== undefined && { project: project.project }),
    ...(project.env !== undefined && { env: project.env }),
    ensureWorker: false,
    ...(onProblem !== undefined && { onProblem }),
  });
  try {
    return await act(app);
  } catch (error) {
    throw inTypedWords(storeTrouble(error) ?? error, {
      flags: [],
      positionals: [],
      usage: `savepoint ${command.replaceAll(".", " ")}`,
      example: "",
    });
  } finally {
    await app.close();
  }
}
