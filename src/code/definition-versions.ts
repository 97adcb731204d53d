import { UserError } from "../core/errors.ts";
import { readDefinitionFile } from "../definitions/files/catalogue.ts";
import type { WorkflowDefinition } from "../definitions/model/definition.ts";
import { describeDefinition, stepsOf } from "../definitions/model/describe.ts";
import type { StepType } from "../definitions/model/steps.ts";
import type { Problem } from "../definitions/problem.ts";
import type { Known } from "../definitions/validation/known.ts";
import { bundleDefinition } from "./definition-bundle.ts";
import type { Project } from "./project.ts";
import type { Version, VersionCatalog } from "./version.ts";
import { keepVersionFiles } from "./version-files.ts";

/** What the project knows of its definitions. */
export interface DefinitionFiles {
  /** Paths, relative to the project root, of the definitions of this name. */
  named(name: string): string[];
  names(): string[];
  /** What there is around definitions, but for the names of other workflows. */
  around(): Known;
  /** All of it; flows must be looked at for their names. */
  known(): Promise<Known>;
}

interface Deps {
  catalog: VersionCatalog;
  definitions: DefinitionFiles;
}

const mostShown = 20;
/** Steps that are no checkpoints: they wait, or hold others. */
const others: readonly StepType[] = ["human", "sleep", "parallel", "loop"];

/**
 * The version of a definition's file as it is now.
 * @throws UserError `invalid_input` with all that is wrong with it
 */
export async function definitionVersion(project: Project, sourcePath: string, deps: Deps): Promise<Version> {
  const definition = await readValid(project, sourcePath, deps.definitions);
  const bundle = await bundleDefinition(project, sourcePath, definition);
  await keepVersionFiles(project, bundle);
  const before = deps.catalog.find(bundle.hash);
  if (before !== undefined) return before;
  const { hash, dependencies } = bundle;
  const steps = stepsOf(definition.steps);
  const { inputSchema, description, limits } = describeDefinition(definition);
  const options = { ...(description !== undefined && { description }), ...(limits !== undefined && { limits }) };
  const version: Version = {
    kind: "definition",
    hash,
    sourcePath,
    dependencies,
    flows: [{ exportName: definition.name, name: definition.name, inputSchema, options }],
    steps: steps.map(({ id, type }) => ({ id, type })),
    checkpoints: steps.filter(({ type }) => !others.includes(type)).map(({ id }) => id),
  };
  deps.catalog.save(version);
  return version;
}

async function readValid(
  project: Project,
  sourcePath: string,
  { around, known }: DefinitionFiles,
): Promise<WorkflowDefinition> {
  const read = (what: Known) => {
    const { definition, problems } = readDefinitionFile(project.root, { path: sourcePath, folder: undefined }, what);
    if (definition === undefined) throw invalidDefinition(sourcePath, problems);
    return definition;
  };
  const definition = read(around());
  return stepsOf(definition.steps).some(({ type }) => type === "workflow") ? read(await known()) : definition;
}

function invalidDefinition(sourcePath: string, problems: readonly Problem[]): UserError {
  const errors = problems.filter(({ severity }) => severity === "error");
  const [first, ...others] = errors.map(({ line, column, field, message, hint }) => {
    const where = `${sourcePath}:${line}:${column}${field === "" ? "" : ` ${field}`}`;
    return `${where}: ${message}${hint === undefined ? "" : ` (${hint})`}`;
  });
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return new UserError("invalid_input", `${first ?? `${sourcePath} is no valid definition`}${more}`, {
    hint: `workflows_validate ${JSON.stringify({ path: sourcePath })} shows all of them. Nothing was started.`,
    details: { field: "target", file: sourcePath, problems: problems.slice(0, mostShown) },
  });
}
