import { UserError } from "../core/errors.ts";
import { nearest } from "../core/suggest.ts";
import type { DefinitionFiles } from "./definition-versions.ts";
import { type Candidate, findCandidates } from "./find-flows.ts";
import { describeCandidates, type FlowList, type ListedFlow } from "./flow-list.ts";
import { refuseLocalPath } from "./locate.ts";
import type { Project } from "./project.ts";
import { suggestion } from "./suggestion.ts";
import type { ResolvedFlow } from "./version.ts";
import type { Versions } from "./versions.ts";

/** Where workflows are looked for by their name. */
export interface Places {
  versions: Versions;
  definitions: Pick<DefinitionFiles, "named" | "names">;
}

/**
 * The one workflow that a bare name means: a definition, or a flow under `flows/`; only where no file's text holds the
 * name, all flows are described.
 */
export async function resolveName(
  project: Project,
  name: string,
  { versions, definitions }: Places,
): Promise<ResolvedFlow> {
  const [definition, ...others] = definitions.named(name);
  if (definition === undefined) return resolveFlow(project, name, { versions, definitions });
  const flows = findCandidates(project).candidates.filter((candidate) => defines(candidate, name));
  if (others.length > 0 || flows.length > 0) {
    throw ambiguous(name, [definition, ...others, ...flows.map(({ file }) => `${file}:${name}`)]);
  }
  const version = await versions.of(definition);
  const [flow] = version.flows;
  if (flow === undefined) throw new Error(`the version of ${definition} has no workflow`);
  return { version, flow };
}

async function resolveFlow(project: Project, name: string, { versions, definitions }: Places): Promise<ResolvedFlow> {
  const { candidates } = findCandidates(project);
  const likely = candidates.filter(({ text }) => text.includes(name));
  const first = await describeCandidates(likely, (one) =>
    defines(one, name) ? versions.of(one.file) : versions.glance(one.file),
  );
  const found = matches(first.flows, name);
  if (found.length > 0) return onlyOne(name, found);
  // A file that plainly defines the flow but is broken: its error says more than "not found".
  const broken = first.problems.find(({ file }) => likely.some((one) => one.file === file && defines(one, name)));
  if (broken !== undefined) throw broken.error;
  const others = candidates.filter((candidate) => !likely.includes(candidate));
  const rest = await describeCandidates(others, ({ file }) => versions.glance(file));
  const computed = matches(rest.flows, name);
  if (computed.length > 0) return onlyOne(name, computed);
  refuseLocalPath(project, name, undefined);
  const all = { flows: [...first.flows, ...rest.flows], problems: [...first.problems, ...rest.problems] };
  throw unknownName(name, all, definitions.names());
}

/** A flow's own name counts before the name under which a file exports it. */
function matches(flows: ListedFlow[], name: string): ListedFlow[] {
  const own = flows.filter((flow) => flow.name === name);
  return own.length > 0 ? own : flows.filter(({ flow }) => flow.exportName === name);
}

function onlyOne(name: string, found: ListedFlow[]): ResolvedFlow {
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return { version: first.version, flow: first.flow };
  throw ambiguous(
    name,
    found.map(({ target }) => target),
  );
}

function ambiguous(name: string, candidates: string[]): UserError {
  return new UserError(
    "ambiguous",
    `${JSON.stringify(name)} names ${candidates.length} workflows: ${candidates.join(", ")}`,
    {
      hint: `Name the file as well, for example "${candidates[0]}".`,
      details: { field: "target", candidates },
    },
  );
}

function defines({ text }: Candidate, name: string): boolean {
  const quoted = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(
    `\\bflow\\s*(<[^(]*>)?\\(\\s*["'\`]${quoted}["'\`]|\\bexport\\s+(const|let|var)\\s+${quoted}\\b`,
  ).test(text);
}

function unknownName(name: string, { flows, problems }: FlowList, definitions: readonly string[]): UserError {
  const names = [...new Set([...flows.map((flow) => flow.name), ...definitions])];
  const near = nearest(name, names);
  return new UserError("not_found", `There is no workflow named ${JSON.stringify(name)}`, {
    hint: suggestion(near) ?? knownNames(names),
    details: {
      field: "target",
      candidates: near,
      ...(problems.length > 0 && { problems: problems.map(({ error }) => error.message) }),
    },
  });
}

function knownNames(names: string[]): string {
  if (names.length > 0) return `Workflows here: ${names.slice(0, 20).join(", ")}.`;
  return "There is no workflow yet: write flows/name.ts or workflows/name.md, or name a file, path/to/file.ts:flow.";
}
