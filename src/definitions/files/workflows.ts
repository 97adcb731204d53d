import { existsSync } from "node:fs";
import { join } from "node:path";
import type { UserError } from "../../core/errors.ts";
import type { JsonSchema } from "../../core/json-schema.ts";
import { inputSchema } from "../model/inputs.ts";
import { type Problem, problemsOf, startOfFile } from "../problem.ts";
import { type ValidatedDefinition, validateDefinition } from "../validate.ts";
import type { Known } from "../validation/known.ts";
import { readCatalogue, readDefinitionFile } from "./catalogue.ts";
import {
  type DefinitionListing,
  type IndexedDefinition,
  type IndexOptions,
  listDefinitions,
} from "./definition-index.ts";
import { ambiguousName, flowIsNoFile, unknownFile, unknownName } from "./finding.ts";
import { type FilePlace, type Folders, isDefinitionPath, placeOf, shownPath, withShownPaths } from "./place.ts";
import { type SavedDefinition, type SaveRequest, saveDefinition } from "./save.ts";
import { type DefinitionText, sourceOfText } from "./text-source.ts";

/** What is asked of a flow here, whoever describes it. */
export interface AuthoredFlow {
  name: string;
  target: string;
}

export interface WorkflowsOptions<F extends AuthoredFlow> extends Folders, Omit<IndexOptions, "prefix"> {
  /** All flows of the project, and the files that may hold others. */
  flows(): Promise<{ flows: F[]; problems: { file: string; error: UserError }[] }>;
  /** What there is around definitions, besides workflows and modules. */
  around(): Known;
}

export type ListedWorkflow<F extends AuthoredFlow> =
  | { kind: "flow"; name: string; target: string; flow: F }
  | { kind: "definition"; name: string; target: string; definition: IndexedDefinition };

/** A definition with all that is wrong with it and with its place. */
export interface CheckedDefinition extends ValidatedDefinition {
  /** Relative to the project; what it would be called for a text. */
  file: string;
  text: string | undefined;
  /** Null where it cannot be run. */
  inputSchema: JsonSchema | null;
}

export type FoundWorkflow<F extends AuthoredFlow> =
  | Extract<ListedWorkflow<F>, { kind: "flow" }>
  | { kind: "definition"; name: string; target: string; definition: CheckedDefinition };

/** Everything that can be run, by its name. */
export interface Workflows<F extends AuthoredFlow> {
  /** The definitions of the workflows folder; paths of files are relative to it. */
  definitions(): DefinitionListing;
  /** Definitions by their names, then flows; problems are those of files that are not among them. */
  list(): Promise<{ workflows: ListedWorkflow<F>[]; problems: Problem[] }>;
  /** A workflow by its name, or a definition by its path. @throws UserError `not_found` or `ambiguous` */
  find(workflow: string): Promise<FoundWorkflow<F>>;
  /** Definitions as targets need them. */
  readonly files: {
    /** Path of the definition of this name, relative to the project; empty where there is none. */
    named(name: string): string[];
    names(): string[];
    /** What there is around the definitions. */
    known(): Promise<Known>;
  };
  /** @throws UserError `not_found`, or `forbidden` for a path that leads out of the project */
  checkFile(path: string): Promise<CheckedDefinition>;
  checkText(text: DefinitionText): Promise<CheckedDefinition>;
  /** Every file of the folder. */
  checkAll(): Promise<{ definitions: { name: string; target: string }[]; problems: Problem[] }>;
  /** @throws UserError as `saveDefinition`, and `conflict` for the name of a flow */
  save(request: SaveRequest): Promise<SavedDefinition>;
}

export function createWorkflows<F extends AuthoredFlow>(options: WorkflowsOptions<F>): Workflows<F> {
  const { folder } = options;
  const definitions = () => listDefinitions(folder, { ...options, prefix: targetOf("", options) });
  const look = async () => sightOf(definitions(), await options.flows(), options);

  async function checkFile(path: string): Promise<CheckedDefinition> {
    return checkPlace(placeOf(path, options), await look(), options);
  }

  return {
    definitions,
    async list() {
      const { workflows, problems } = await look();
      return { workflows, problems: [...missingFolder(workflows.length, options), ...problems] };
    },
    checkFile,
    files: filesOf(definitions, async () => knownIn(await look(), options), options),

    async find(workflow) {
      if (isDefinitionPath(workflow)) return asFound(await checkFile(workflow));
      const sight = await look();
      const named = oneNamed(workflow, sight.workflows);
      if (named.kind === "flow") return named;
      return asFound(checkPlace({ base: folder, path: named.definition.file.path }, sight, options));
    },

    async checkText(text) {
      const source = sourceOfText(text);
      const validated = validateDefinition(source, { ...knownIn(await look(), options), areModulesUnseen: true });
      return { ...validated, file: source.path, text: text.text, inputSchema: schemaOf(validated) };
    },

    async checkAll() {
      const { definitions: read, problems } = readCatalogue(folder, knownIn(await look(), options));
      const named = read.map(({ name, file }) => ({ name, target: targetOf(file.path, options) }));
      return { definitions: named, problems: withShownPaths(problems, options, folder) };
    },

    async save(request) {
      const sight = await look();
      const flow = sight.workflows.find(({ kind, name }) => kind === "flow" && name === request.name);
      if (flow !== undefined) throw flowIsNoFile(flow);
      const { listing } = sight;
      return saveDefinition(request, { folders: options, listing, known: knownIn(sight, options) });
    },
  };
}

/** Everything that there is at one moment. */
interface Sight<F extends AuthoredFlow> {
  listing: DefinitionListing;
  workflows: ListedWorkflow<F>[];
  problems: Problem[];
}

function sightOf<F extends AuthoredFlow>(
  listing: DefinitionListing,
  { flows, problems }: Awaited<ReturnType<WorkflowsOptions<F>["flows"]>>,
  folders: Folders,
): Sight<F> {
  const workflows: ListedWorkflow<F>[] = [
    ...listing.definitions.map((one) => definitionItem(one, targetOf(one.file.path, folders))),
    ...flows.map((flow) => ({ kind: "flow" as const, name: flow.name, target: flow.target, flow })),
  ];
  workflows.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const ofFolder = withShownPaths(listing.problems, folders, folders.folder);
  return { listing, workflows, problems: [...ofFolder, ...problems.map(asProblem)] };
}

const usualFolder = "workflows";

/** A project may well have flows alone; one that names another folder means one that is there. */
function missingFolder(count: number, { projectRoot, folder }: Folders): Problem[] {
  const path = shownPath({ base: folder, path: "" }, { projectRoot, folder });
  if (existsSync(folder) || (count > 0 && path === usualFolder)) return [];
  const message = `there is no folder ${path}/`;
  const hint = "savepoint workflows init makes it, with an example. SAVEPOINT_WORKFLOWS may name another.";
  return problemsOf(path, [{ severity: "warning", code: "not_readable", at: startOfFile, field: "", message, hint }]);
}

/** A flow that cannot be described now may well be the one that is named: then names are not checked. */
function knownIn<F extends AuthoredFlow>(
  { listing, workflows, problems }: Sight<F>,
  { around, ...folders }: WorkflowsOptions<F>,
): Known {
  const isComplete = problems.every(({ code }) => code !== "not_readable");
  const inputs = listing.definitions.flatMap(({ name, file, inputSchema: schema }) =>
    schema === null ? [] : [[name, schema] as const, [targetOf(file.path, folders), schema] as const],
  );
  return {
    ...around(),
    workflows: isComplete ? workflows.map(({ name }) => name) : undefined,
    ambiguous: ambiguousIn(workflows),
    inputs: new Map(inputs),
  };
}

function ambiguousIn(workflows: readonly { name: string; target: string }[]): Map<string, string[]> {
  const targets = new Map<string, string[]>();
  for (const { name, target } of workflows) targets.set(name, [...(targets.get(name) ?? []), target]);
  return new Map([...targets].filter(([, all]) => all.length > 1));
}

function checkPlace<F extends AuthoredFlow>(
  place: FilePlace,
  sight: Sight<F>,
  options: WorkflowsOptions<F>,
): CheckedDefinition {
  const { base, path } = place;
  const { definitions, problems: ofFolder } = sight.listing;
  if (!existsSync(join(base, path))) {
    const targets = definitions.map(({ file }) => targetOf(file.path, options));
    throw unknownFile(shownPath(place, options), targets);
  }
  const listed = readDefinitionFile(base, { path, folder: undefined }, knownIn(sight, options));
  const own = base === options.folder ? ofFolder.filter(({ file }) => file === path) : [];
  const problems = withShownPaths([...own, ...listed.problems], options, base);
  return { ...listed, problems, file: shownPath(place, options), inputSchema: schemaOf(listed) };
}

function filesOf(
  definitions: () => DefinitionListing,
  known: () => Promise<Known>,
  folders: Folders,
): Workflows<never>["files"] {
  return {
    named: (wanted) =>
      definitions().definitions.flatMap(({ name, file }) => (name === wanted ? [targetOf(file.path, folders)] : [])),
    names: () => definitions().definitions.map(({ name }) => name),
    known,
  };
}

function oneNamed<F extends AuthoredFlow>(name: string, workflows: ListedWorkflow<F>[]): ListedWorkflow<F> {
  const [first, ...others] = workflows.filter((one) => one.name === name);
  if (first === undefined) throw unknownName(name, workflows);
  if (others.length > 0) throw ambiguousName(name, [first, ...others]);
  return first;
}

/** Where a file of the folder lies, relative to the project. */
function targetOf(path: string, folders: Folders): string {
  return shownPath({ base: folders.folder, path }, folders);
}

function schemaOf({ definition }: ValidatedDefinition): JsonSchema | null {
  return definition === undefined ? null : inputSchema(definition.inputs);
}

function definitionItem(definition: IndexedDefinition, target: string) {
  return { kind: "definition" as const, name: definition.name, target, definition };
}

function asFound(definition: CheckedDefinition) {
  const { name = definition.file, file } = definition;
  return { kind: "definition" as const, name, target: file, definition };
}

/** A flow's file is told in the same form as a definition's. */
function asProblem({ file, error }: { file: string; error: UserError }): Problem {
  const place = { file, line: 1, column: 1, field: "" };
  return {
    severity: "error",
    code: "not_readable",
    ...place,
    message: error.message,
    ...(error.hint !== undefined && { hint: error.hint }),
  };
}
