import { shown } from "../core/shown.ts";
import { MisuseError } from "./errors.ts";
import { checkOptions, readTags } from "./option-checks.ts";
import { artifactKinds, type SaveOptions } from "./options.ts";
import { requireScope } from "./scope.ts";

/** Publishes a named value of this execution. Of several of one name the newest wins. */
export async function save(name: string, value: unknown, options: SaveOptions = {}): Promise<void> {
  const { runtime, checkpoint, path } = requireScope("save()");
  if (typeof name !== "string" || name.trim() === "" || name.length > 200) {
    throw new MisuseError("save(): the artifact's name must be a text of 1 to 200 characters");
  }
  const what = `save(${JSON.stringify(name)})`;
  checkOptions<SaveOptions>(what, options, ["kind", "tags"]);
  const { kind = "output", tags = [] } = options;
  if (!artifactKinds.includes(kind)) {
    throw new MisuseError(`${what}: ${shown(kind)} is no artifact kind (${artifactKinds.join(", ")})`);
  }
  await runtime.save({ scope: path, name, value, kind, tags: readTags(what, tags) }, checkpoint);
}

/**
 * Reads an artifact of any execution: one that was saved under the name, or the output of the checkpoint so called.
 * @throws UserError `not_found` or `ambiguous`, with the names that are there
 */
export async function load(executionId: string, name: string): Promise<unknown> {
  const { runtime, checkpoint, path } = requireScope("load()");
  if (typeof executionId !== "string" || typeof name !== "string") {
    throw new MisuseError('load() takes the id of an execution and a name, for example load(executionId(), "report")');
  }
  return runtime.load({ scope: path, executionId, name }, checkpoint);
}
