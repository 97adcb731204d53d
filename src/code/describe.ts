import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../core/errors.ts";
import type { Bundle } from "./bundle.ts";
import { describeProblem } from "./describe-problem.ts";
import { runDescribeChild } from "./describe-process.ts";
import type { Description } from "./description.ts";
import type { Project } from "./project.ts";
import type { DescribedFlow } from "./version.ts";
import { versionUrl } from "./version-files.ts";

/** Loads a bundle in a short-lived process of its own and answers what it exports. */
export async function describeBundle(project: Project, bundle: Bundle, limitMs: number): Promise<Description> {
  const request = {
    moduleUrl: versionUrl(project, bundle.hash),
    sourceUrl: pathToFileURL(join(project.root, bundle.sourcePath)).href,
    savepointEntry: project.savepointEntry.href,
  };
  const { end, output } = await runDescribeChild(request, { cwd: project.root, limitMs });
  if (end.kind !== "described") throw describeProblem(project, bundle, { end, output, limitMs });
  refuseTwins(bundle.sourcePath, end.description.flows);
  return end.description;
}

/** Executions name their flow: within a version a name must mean one flow, be it an export's or a flow's own. */
function refuseTwins(file: string, flows: DescribedFlow[]): void {
  for (const flow of flows) {
    const twin = flows.find((other) => other !== flow && namesOf(other).includes(flow.name));
    if (twin === undefined) continue;
    throw new UserError(
      "invalid_input",
      `${file}: the name "${flow.name}" means two flows, the exports ${flow.exportName} and ${twin.exportName}`,
      {
        hint: `Give one of them another name: flow("name", …).`,
        details: { file, exports: [flow.exportName, twin.exportName] },
      },
    );
  }
}

function namesOf({ exportName, aliases, name }: DescribedFlow): string[] {
  return [exportName, ...(aliases ?? []), name];
}
