import { z } from "zod";
import type { JsonSchema } from "../core/json-schema.ts";
import { withOtherNames } from "./dialects/json-schema.ts";
import { workflowDefinition } from "./model/definition.ts";
import { model } from "./model/fields.ts";
import { permissionModes } from "./model/plain-steps.ts";

/** Fields that files may have beside those of the model: what they stand for is in the model already. */
const frontMatter = workflowDefinition.partial({ name: true, steps: true }).extend({
  model: model.optional(),
  agent: z
    .strictObject({
      model: model.optional(),
      max_turns: z.int().min(1).optional(),
      allowed_tools: z.array(z.string()).optional(),
      permission_mode: z.enum(permissionModes).optional(),
      prompt: z.string().optional(),
    })
    .optional()
    .meta({ description: "Without steps, the body is the prompt of one agent with these settings." }),
  schedule: z
    .union([
      z.string(),
      z.strictObject({ cron: z.string(), timezone: z.string().optional(), enabled: z.boolean().optional() }),
    ])
    .optional()
    .meta({ description: "A trigger of the type cron." }),
});

/** The JSON Schema of a definition's front matter, for editors: it takes what the reader takes, other systems' names too. */
export function definitionJsonSchema(): JsonSchema {
  const schema: JsonSchema = z.toJSONSchema(frontMatter, { io: "input", unrepresentable: "any", reused: "ref" });
  return { ...withOtherNames(schema), title: "Workflow definition" };
}
