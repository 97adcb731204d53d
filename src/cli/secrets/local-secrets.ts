import { type App, openApp } from "../../app.ts";
import { inTypedWords } from "../problems.ts";
import type { Session } from "../session.ts";

export type SecretMetadata = ReturnType<App["secrets"]["list"]>[number];

/** Works on the project's store itself: values never leave over a protocol. */
export async function withApp<T>({ source }: Session, act: (app: App) => T | Promise<T>): Promise<T> {
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
    throw inTypedWords(error, { flags: [], positionals: [], usage: "savepoint secrets", example: "" });
  } finally {
    await app.close();
  }
}

/** As operations show it. */
export function metadataView({ name, keys, visibility, createdAt }: SecretMetadata) {
  return { name, keys, visibility, created_at: new Date(createdAt).toISOString() };
}
