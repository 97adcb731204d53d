import { z } from "zod";
import type { App } from "../app.ts";
import { UserError } from "../core/errors.ts";
import { problemSchema, problemView } from "./definition-problem.ts";
import { open } from "./fields.ts";
import { defineOperation } from "./operation.ts";

export const definitionName = () => z.string().min(1).max(100);

export const definitionFormat = () =>
  z.enum(["markdown", "yaml", "toml"]).optional().describe("Of the text; markdown where it begins with ---.");

const exampleText = `---
description: Greets somebody
inputs: { who: { type: string, required: true } }
steps:
  - { id: greet, type: emit, event: greeted, data: "Hello {{ who }}" }
---
`;

export const workflowsSave = defineOperation({
  name: "workflows_save",
  title: "Save a definition",
  description:
    "Writes a definition into the workflows folder if nothing is wrong with it; else it is an error with all problems, and nothing is written. " +
    "How to write one: resource savepoint://definitions/guide. Modules of function steps cannot be passed: write them as files. " +
    "With overwrite it replaces the file that holds it. Then executions_run runs it by name.",
  input: z.strictObject({
    name: definitionName().describe("In kebab-case: release-notes."),
    text: z.string().min(1).describe("Markdown with front matter, YAML or TOML."),
    format: definitionFormat(),
    overwrite: z.boolean().default(false).describe("Replace the definition of this name."),
  }),
  output: z.object({
    name: z.string(),
    target: z.string(),
    created: z.boolean(),
    problems: z.array(problemSchema).describe("Warnings"),
  }),
  outputShown: z.looseObject({ name: z.string(), target: z.string(), problems: z.array(open()) }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
  example: { name: "greeting", text: exampleText },
  async handler({ app }, args) {
    refuseSecrets(app, args.text);
    const { name, path, isNew, problems } = await app.workflows.save(args);
    return { name, target: path, created: isNew, problems: problems.map(problemView) };
  },
});

function refuseSecrets({ store }: App, text: string): void {
  if (store.protection.redact(text) === text) return;
  throw new UserError("invalid_input", "text holds the value of a secret, and files are kept in the clear", {
    hint: "Write {{ secrets.name.KEY }} in shell env, http headers or tool args instead. Nothing was written.",
    details: { field: "text" },
  });
}
