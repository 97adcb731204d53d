import { UserError } from "../core/errors.ts";
import { nearest } from "../core/suggest.ts";
import { type Candidate, findCandidates } from "./find-flows.ts";
import { describeCandidates, type FlowList, type ListedFlow } from "./flow-list.ts";
import { refuseLocalPath } from "./locate.ts";
import type { Project } from "./project.ts";
import { suggestion } from "./suggestion.ts";
import type { ResolvedFlow } from "./version.ts";
import type { Versions } from "./versions.ts";

/** The one flow under `flows/` that a bare name means; only where no file's text holds the name, all are described. */
export async function resolveName(project: Project, name: string, versions: Versions): Promise<ResolvedFlow> {
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
  throw unknownName(name, { flows: [...first.flows, ...rest.flows], problems: [...first.problems, ...rest.problems] });
}

/** A flow's own name counts before the name under which a file exports it. */
function matches(flows: ListedFlow[], name: string): ListedFlow[] {
  const own = flows.filter((flow) => flow.name === name);
  return own.length > 0 ? own : flows.filter(({ flow }) => flow.exportName === name);
}

function onlyOne(name: string, found: ListedFlow[]): ResolvedFlow {
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return { version: first.version, flow: first.flow };
  const candidates = found.map(({ target }) => target);
  throw new UserError("ambiguous", `${JSON.stringify(name)} names ${found.length} flows: ${candidates.join(", ")}`, {
    hint: `Name the file as well, for example "${candidates[0]}".`,
    details: { field: "target", candidates },
  });
}

function defines({ text }: Candidate, name: string): boolean {
  const quoted = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(
    `\\bflow\\s*(<[^(]*>)?\\(\\s*["'\`]${quoted}["'\`]|\\bexport\\s+(const|let|var)\\s+${quoted}\\b`,
  ).test(text);
}

function unknownName(name: string, { flows, problems }: FlowList): UserError {
  const names = flows.map((flow) => flow.name);
  const near = nearest(name, names);
  return new UserError("not_found", `There is no flow named ${JSON.stringify(name)}`, {
    hint: suggestion(near) ?? knownFlows(names),
    details: {
      field: "target",
      candidates: near,
      ...(problems.length > 0 && { problems: problems.map(({ error }) => error.message) }),
    },
  });
}

function knownFlows(names: string[]): string {
  if (names.length > 0) return `Flows here: ${names.slice(0, 20).join(", ")}.`;
  return "There is no flow under flows/ yet: write flows/name.ts, or name a file, path/to/file.ts:flow.";
}
