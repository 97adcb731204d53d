import type { App } from "../../app.ts";
import { didYouMean } from "../../core/suggest.ts";

const mostNames = 1_000;

/** A name that no execution had so far may be mistyped, or belong to a workflow that is still to come. */
export async function unknownWorkflowWarnings(
  { listings }: App,
  workflows: readonly string[] | null | undefined,
): Promise<string[]> {
  if (workflows == null) return [];
  const { groups } = await listings.statistics({ groupBy: "workflow", limit: mostNames });
  const names = groups.map(({ group }) => group);
  return workflows
    .filter((name) => !names.includes(name.trim()))
    .map((name) =>
      [`no workflow ${JSON.stringify(name.trim())} has run here so far.`, didYouMean(name, names)]
        .filter((sentence) => sentence !== undefined)
        .join(" "),
    );
}
