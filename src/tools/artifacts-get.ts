import { z } from "zod";
import type { App } from "../app.ts";
import { UserError } from "../core/errors.ts";
import { artifactSchema } from "./artifact-refs.ts";
import { artifactWindow } from "./artifact-window.ts";
import { callText } from "./display.ts";
import { json, open } from "./fields.ts";
import { type FoundArtifact, findArtifactById, findArtifactByName } from "./find-artifact.ts";
import { defineOperation, reading } from "./operation.ts";

const input = z.strictObject({
  artifact_id: z.string().min(1).optional().describe("Its id; or pass execution_id and name."),
  execution_id: z.string().min(1).optional(),
  name: z.string().min(1).optional().describe('What it was saved as, a checkpoint\'s selector, "result" or "input".'),
  offset: z.number().int().min(0).default(0).describe("Character to begin with: next_offset of the answer before."),
  max_chars: z.number().int().min(1).max(100_000).default(20_000),
});

export const artifactsGet = defineOperation({
  name: "artifacts_get",
  title: "Read an artifact",
  description:
    "Reads an artifact by artifact_id, or by execution_id and name: a saved artifact, a checkpoint's output, the execution's input or result. " +
    "JSON that fits comes whole in `value`; anything longer as a window of `text`, continued with next_offset. Bytes come as base64.",
  input,
  output: z.object({
    artifact: artifactSchema,
    encoding: z.enum(["text", "json", "base64"]),
    value: json().optional(),
    text: z.string().optional(),
    offset: z.number(),
    total_chars: z.number(),
    next_offset: z.number().nullable(),
  }),
  outputShown: z.looseObject({
    artifact: open(),
    encoding: z.string(),
    text: z.string().optional(),
    total_chars: z.number(),
    next_offset: z.number().nullable(),
  }),
  annotations: reading,
  example: { execution_id: "0199a3f2", name: "report" },
  async handler({ app }, args) {
    const { ref, column } = find(app, args);
    const { payloads, protection } = app.store;
    const { offset, max_chars: maxChars } = args;
    const { redactValue } = protection;
    return { artifact: ref, ...artifactWindow(payloads.read(column), { offset, maxChars, redactValue }) };
  },
});

function find(app: App, { artifact_id: id, execution_id: executionId, name }: z.output<typeof input>): FoundArtifact {
  if (id !== undefined && executionId === undefined && name === undefined) return findArtifactById(app, id);
  if (id === undefined && executionId !== undefined && name !== undefined) {
    return findArtifactByName(app, app.findExecution(executionId), name);
  }
  const list =
    executionId === undefined ? "" : ` ${callText("artifacts_list", { execution_id: executionId })} shows the names.`;
  throw new UserError("invalid_input", "artifacts_get takes either artifact_id, or execution_id and name", {
    hint: `Example: ${callText("artifacts_get", artifactsGet.example)}.${list}`,
  });
}
