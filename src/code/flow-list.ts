import { UserError } from "../core/errors.ts";
import { type Candidate, findCandidates } from "./find-flows.ts";
import type { Project } from "./project.ts";
import { type ResolvedFlow, targetOf, type Version } from "./version.ts";
import type { Versions } from "./versions.ts";

export interface ListedFlow extends ResolvedFlow {
  name: string;
  target: string;
}

export interface FlowList {
  flows: ListedFlow[];
  /** Files that may hold flows but could not be read as such. */
  problems: { file: string; error: UserError }[];
}

const atATime = 4;

/** Every flow under `flows/`, in the order of the files; a broken file is a problem, no obstacle. */
export async function listFlows(project: Project, versions: Versions): Promise<FlowList> {
  const { candidates, complete } = findCandidates(project);
  const list = await describeCandidates(candidates, ({ file }) => versions.glance(file));
  return complete ? list : { ...list, problems: [...list.problems, tooMany()] };
}

/** Describes files, a few at a time, each in the way given. */
export async function describeCandidates(
  candidates: Candidate[],
  versionOf: (candidate: Candidate) => Promise<Version>,
): Promise<FlowList> {
  const list: FlowList = { flows: [], problems: [] };
  for (let at = 0; at < candidates.length; at += atATime) {
    const some = candidates.slice(at, at + atATime);
    const parts = await Promise.all(some.map((candidate) => describeCandidate(candidate, versionOf)));
    for (const part of parts) {
      list.flows.push(...part.flows);
      list.problems.push(...part.problems);
    }
  }
  return list;
}

async function describeCandidate(
  candidate: Candidate,
  versionOf: (candidate: Candidate) => Promise<Version>,
): Promise<FlowList> {
  try {
    return { flows: listed(await versionOf(candidate)), problems: [] };
  } catch (error) {
    if (error instanceof UserError) return { flows: [], problems: [{ file: candidate.file, error }] };
    throw error;
  }
}

function listed(version: Version): ListedFlow[] {
  return version.flows.map((flow) => ({ name: flow.name, target: targetOf(version, flow), version, flow }));
}

function tooMany() {
  return {
    file: "flows",
    error: new UserError("too_large", "There are more than 1,000 files under flows/; the others were not looked at", {
      hint: "Name flows in them by path, path/to/file.ts:flow.",
    }),
  };
}
