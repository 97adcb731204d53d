import { z } from "zod";
import { UserError } from "../core/errors.ts";
import type { CheckedDefinition } from "./app-types.ts";
import { isValid, problemSchema, problemView } from "./definition-problem.ts";
import { callText } from "./display.ts";
import { open } from "./fields.ts";
import { defineOperation, type HandlerContext, reading } from "./operation.ts";
import { definitionFormat, definitionName } from "./workflows-save.ts";

const input = z.strictObject({
  workflow: z.string().min(1).optional().describe("Name of a definition."),
  path: z.string().min(1).optional().describe("A file of the project."),
  text: z.string().optional().describe("The text itself."),
  name: definitionName().optional().describe("What the text will be called."),
  format: definitionFormat(),
});
type Arguments = z.output<typeof input>;

const sources = ["workflow", "path", "text"] as const;

export const workflowsValidate = defineOperation({
  name: "workflows_validate",
  title: "Validate a definition",
  description:
    "Checks a definition without running it and tells all its problems at once, each with line, column, field, message and hint; " +
    "names of models, secrets, servers and workflows too. Takes one of workflow, path and text. " +
    "How to write one: resource savepoint://definitions/guide (JSON Schema: …/schema). When valid, workflows_save writes a text and executions_run runs a file.",
  input,
  output: z.object({
    valid: z.boolean(),
    name: z.string().nullable(),
    file: z.string(),
    problems: z.array(problemSchema),
  }),
  outputShown: z.looseObject({ valid: z.boolean(), problems: z.array(open()) }),
  annotations: reading,
  example: { path: "workflows/release-notes.md" },
  async handler(context, args) {
    const { name = null, file, problems } = await checked(context, args);
    return { valid: isValid(problems), name, file, problems: problems.map(problemView) };
  },
});

async function checked({ app }: HandlerContext, args: Arguments): Promise<CheckedDefinition> {
  refuseAllButOne(args);
  const { workflow, path, text, name, format } = args;
  if (text !== undefined) return app.workflows.checkText({ text, name, format });
  if (path !== undefined) return app.workflows.checkFile(path);
  const found = await app.workflows.find(workflow ?? "");
  if (found.kind === "definition") return found.definition;
  throw new UserError("invalid_input", `${found.name} is a flow, and no definition: ${found.target}`, {
    hint: "The compiler checks TypeScript; executions_run tells what is wrong with it.",
    details: { field: "workflow" },
  });
}

function refuseAllButOne(args: Arguments): void {
  const given = sources.filter((source) => args[source] !== undefined);
  const extra = (["name", "format"] as const).find((field) => args[field] !== undefined && args.text === undefined);
  if (given.length === 1 && extra === undefined) return;
  const what = given.length === 0 ? "none is given" : `${given.join(" and ")} are given`;
  const message = given.length === 1 ? `${extra} goes with text only` : `takes one of ${sources.join(", ")}; ${what}`;
  throw new UserError("invalid_input", `workflows_validate: ${message}`, {
    hint: `Example: ${callText("workflows_validate", workflowsValidate.example)}.`,
  });
}
