import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, openApp } from "../../src/app.ts";
import type { PriceSettings } from "../../src/models/prices.ts";
import { type ModelRegistry, openModelRegistry } from "../../src/models/registry.ts";
import type { ModelPlace } from "../../src/models/resolution.ts";

/** A project of its own with its vault, and its models as a process with a certain environment sees them. */
export class ModelsProject {
  readonly #root: string;
  readonly app: App;

  private constructor(root: string, app: App) {
    this.#root = root;
    this.app = app;
  }

  static async open(): Promise<ModelsProject> {
    const root = mkdtempSync(join(tmpdir(), "savepoint-models-"));
    const env = { SAVEPOINT_CONFIG_HOME: join(root, "home") };
    return new ModelsProject(root, await openApp({ project: root, env, ensureWorker: false }));
  }

  models(env: NodeJS.ProcessEnv = {}, prices: PriceSettings = {}): ModelRegistry {
    const { store, clock, secrets } = this.app;
    return openModelRegistry({ store, clock, env, prices, secrets });
  }

  secret(name: string, values: Record<string, string>): void {
    this.app.secrets.set({ name, values, visibility: "shared" });
  }

  async close(): Promise<void> {
    await this.app.close();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** A checkpoint that calls a model. */
export function place(step: string, models: Partial<ModelPlace["models"]> = {}): ModelPlace {
  return { step, workflow: "notes", models: { run: {}, flow: {}, ...models } };
}

/** What was thrown, as far as people see it. */
export function thrown(act: () => unknown): { code: unknown; message: string; hint: unknown } {
  try {
    act();
  } catch (error) {
    const { code, message, hint } = error as { code: unknown; message: string; hint: unknown };
    return { code, message, hint };
  }
  throw new Error("nothing was thrown");
}
