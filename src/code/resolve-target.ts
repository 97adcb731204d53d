import { basename, extname } from "node:path";
import { UserError } from "../core/errors.ts";
import { nearest } from "../core/suggest.ts";
import { type Places, resolveName } from "./flow-names.ts";
import { locateFile, refuseLocalPath } from "./locate.ts";
import { packageFile, unknownPackage } from "./package-target.ts";
import type { Project } from "./project.ts";
import { suggestion } from "./suggestion.ts";
import { isDefinition, parseTarget, type Target } from "./targets.ts";
import { type DescribedFlow, flowNamed, type ResolvedFlow, targetOf, type Version } from "./version.ts";

/** Finds the workflow that a target means, or throws the error that says what to write instead. */
export async function resolveTarget(project: Project, text: string, places: Places): Promise<ResolvedFlow> {
  const target = parseTarget(text);
  const { versions } = places;
  if (target.kind === "name") return resolveName(project, target.name, places);
  const file = target.kind === "file" ? await fileOf(project, target, places) : await moduleOf(project, target);
  return flowIn(await versions.of(file), target.flow);
}

/** `package/flows.ts:flow` looks like a path; it is one unless only a package has such a file. */
async function fileOf(
  project: Project,
  { path, flow }: Extract<Target, { kind: "file" }>,
  { definitions }: Places,
): Promise<string> {
  try {
    return locateFile(project, { path, flow });
  } catch (error) {
    const isNotFound = error instanceof UserError && error.code === "not_found";
    const file = isNotFound ? await packageFile(project, path) : undefined;
    if (file !== undefined) return file;
    throw (isNotFound ? bareDefinition(path, definitions) : undefined) ?? error;
  }
}

/** `brief.yaml`, where there is `workflows/brief.yaml`. */
function bareDefinition(path: string, definitions: Places["definitions"]): UserError | undefined {
  const candidates = isDefinition(path) ? definitions.named(basename(path, extname(path)).replaceAll("_", "-")) : [];
  const hint = suggestion(candidates);
  if (hint === undefined) return undefined;
  return new UserError("not_found", `There is no file ${JSON.stringify(path)}`, {
    hint,
    details: { field: "target", candidates },
  });
}

async function moduleOf(project: Project, { specifier, flow }: Extract<Target, { kind: "package" }>): Promise<string> {
  const file = await packageFile(project, specifier);
  if (file !== undefined) return file;
  refuseLocalPath(project, specifier, flow);
  throw unknownPackage(specifier, flow);
}

function flowIn(version: Version, name: string | undefined): ResolvedFlow {
  const { flows, sourcePath } = version;
  if (flows.length === 0) throw noFlow(sourcePath);
  const flow = name === undefined ? onlyFlow(version) : flowNamed(flows, name);
  if (flow !== undefined) return { version, flow };
  const names = flows.flatMap((one) => [one.exportName, one.name]);
  const near = nearest(name ?? "", names).map((one) => `${sourcePath}:${one}`);
  throw new UserError("not_found", `${sourcePath} has no flow ${JSON.stringify(name)}`, {
    hint: suggestion(near) ?? `It has: ${flows.map((one) => one.exportName).join(", ")}.`,
    details: { field: "target", candidates: near, flows: flows.map((one) => one.exportName) },
  });
}

function onlyFlow(version: Version): DescribedFlow | undefined {
  const { flows, sourcePath } = version;
  if (flows.length === 1) return flows[0];
  const candidates = flows.map((flow) => targetOf(version, flow));
  throw new UserError("ambiguous", `${sourcePath} holds ${flows.length} flows: ${candidates.join(", ")}`, {
    hint: `Name one of them, for example "${candidates[0]}".`,
    details: { field: "target", candidates },
  });
}

function noFlow(file: string): UserError {
  return new UserError("invalid_input", `${file} exports no flow`, {
    hint: 'Export one: import { flow } from "savepoint"; export const name = flow("name", async (input) => { … });',
    details: { field: "target", file },
  });
}
