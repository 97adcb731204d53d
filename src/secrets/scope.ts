import { UserError } from "../core/errors.ts";
import { shellWord } from "../core/shell-word.ts";
import type { SecretRow } from "../store/secrets.ts";

/**
 * Lets a workflow read a secret that is meant for it, or for all.
 * @param workflow undefined where no execution asks
 * @throws UserError `forbidden`, with the command by which a person allows it
 */
export function checkScope({ name, workflows }: SecretRow, workflow: string | undefined): void {
  if (workflows === null || (workflow !== undefined && workflows.includes(workflow))) return;
  const allowed = workflows.map((one) => JSON.stringify(one)).join(", ");
  const asking = workflow === undefined ? "what asks is no execution" : `this is one of ${JSON.stringify(workflow)}`;
  throw new UserError(
    "forbidden",
    `only executions of ${allowed} may read the secret ${JSON.stringify(name)}; ${asking}`,
    {
      hint:
        workflow === undefined
          ? `A person lifts it in a terminal: \`savepoint secrets set ${name} --all-workflows\`.`
          : `A person allows it in a terminal: \`savepoint secrets set ${name} ${workflowFlags([...workflows, workflow])}\`.`,
      details: { secret: name, workflows, ...(workflow !== undefined && { workflow }) },
    },
  );
}

function workflowFlags(workflows: readonly string[]): string {
  return workflows.map((name) => `--workflow ${shellWord(name)}`).join(" ");
}
