import { MisuseError } from "./errors.ts";
import { artifactKinds, type SaveOptions } from "./options.ts";
import { requireScope } from "./scope.ts";

/** Publishes a named value of this execution. Of several of one name the newest wins. */
export async function save(name: string, value: unknown, options: SaveOptions = {}): Promise<void> {
  const { runtime, checkpoint } = requireScope("save()");
  const { kind = "output", tags = [] } = options;
  if (typeof name !== "string" || name.trim() === "" || name.length > 200) {
    throw new MisuseError("save(): the artifact's name must be a text of 1 to 200 characters");
  }
  if (!artifactKinds.includes(kind)) {
    throw new MisuseError(`save(): ${JSON.stringify(kind)} is no artifact kind (${artifactKinds.join(", ")})`);
  }
  await runtime.save({ name, value, kind, tags }, checkpoint);
}

/**
 * Reads an artifact of any execution: one that was saved under the name, or the output of the checkpoint so called.
 * @throws UserError `not_found` or `ambiguous`, with the names that are there
 */
export async function load(executionId: string, name: string): Promise<unknown> {
  const { runtime, checkpoint } = requireScope("load()");
  return runtime.load(executionId, name, checkpoint);
}
