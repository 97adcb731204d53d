import { Console } from "node:console";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, Fixtures, openApp } from "../../app.ts";
import type { Session } from "../session.ts";

/** The project, with its state in a folder of its own, and a worker in this process. */
export interface TestBed {
  session: Session;
  app: App;
  fixtures: Fixtures;
}

/** Opens a test bed, and leaves nothing of it behind. */
export async function withTestBed<T>(
  session: Session,
  { folder, isLive }: { folder: string; isLive: boolean },
  act: (bed: TestBed) => Promise<T>,
): Promise<T> {
  const place = realpathSync(mkdtempSync(join(tmpdir(), "savepoint-test-")));
  const workspace = join(place, "workspace");
  mkdirSync(workspace);
  const restore = consoleToStderr();
  try {
    const fixtures = new Fixtures(folder, { isLive, workspace });
    const stateFolder = join(place, "state");
    const app = await openApp({ ...openOptions(session), stateFolder, ensureWorker: false, fixtures });
    try {
      if (isLive) await takeOver(session, app);
      app.engine.startWorker({ concurrency: 10, onProblem: session.output.warn });
      return await act({ session, app, fixtures });
    } finally {
      await app.close();
    }
  } finally {
    restore();
    rmSync(place, { recursive: true, force: true, maxRetries: 5 });
  }
}

function openOptions({ source: { project, env }, output }: Session) {
  const named = { ...(project !== undefined && { project }), ...(env !== undefined && { env }) };
  return { ...named, onProblem: (message: string) => output.warn(message) };
}

/** What live steps need of the project beside its files. */
async function takeOver(session: Session, app: App): Promise<void> {
  // Opening it would make it.
  if (!existsSync(join(app.config.projectRoot, ".savepoint"))) return;
  const project = await openApp({ ...openOptions(session), ensureWorker: false });
  try {
    for (const { name, keys } of project.secrets.list()) {
      const values = Object.fromEntries(keys.map((key) => [key, project.secrets.read(name, key)]));
      app.secrets.create({ name, values, visibility: "shared" });
    }
    for (const { secret, secretKey, baseUrl, ...alias } of project.models.aliases.list()) {
      app.models.aliases.register({
        ...alias,
        ...(secret !== null && { secret }),
        ...(secretKey !== null && { secretKey }),
        ...(baseUrl !== null && { baseUrl }),
      });
      if (alias.isDefault) app.models.aliases.setDefault(alias.name);
    }
  } finally {
    await project.close();
  }
}

/** What functions print must not stand in the answer. */
function consoleToStderr(): () => void {
  const { console: original } = globalThis;
  globalThis.console = new Console({ stdout: process.stderr, stderr: process.stderr });
  return () => {
    globalThis.console = original;
  };
}
