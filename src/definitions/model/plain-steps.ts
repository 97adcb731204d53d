import { z } from "zod";
import { test } from "./condition.ts";
import * as field from "./fields.ts";

/** What every step may say. */
export const common = {
  id: field.identifier,
  title: z.string().optional(),
  description: z.string().optional(),
  /** The step is skipped unless this holds. */
  when: test.optional(),
  depends_on: z.array(z.string()).optional(),
  next_step: z.string().optional(),
  /** How often jumps may lead here. */
  max_visits: field.count.default(25),
  /** In milliseconds, for one attempt. */
  timeout: field.duration.optional(),
  retry: z
    .union([field.wholeNumber, z.strictObject({ max: field.wholeNumber, backoff: field.duration.optional() })], {
      error: "must be a number of further attempts, or { max, backoff }",
    })
    .transform((given): { max: number; backoff?: number | undefined } =>
      typeof given === "number" ? { max: given } : given,
    )
    .optional(),
  on_error: z.enum(["fail", "continue"]).default("fail"),
  guardrails: field.guardrails.optional(),
  /** Saves the output as an artifact, under this name or the step's. */
  save_artifact: z.union([z.boolean(), field.oneLine], { error: "must be true, false or a name" }).optional(),
};

const asked = {
  system: field.text.optional(),
  model: field.model.optional(),
  temperature: z.number().min(0, "must be 0 or more").max(2, "must be at most 2").optional(),
  max_tokens: field.count.optional(),
  output_schema: field.jsonSchema.optional(),
};

export const llm = z.strictObject({
  ...common,
  type: z.literal("llm"),
  prompt: field.text,
  ...asked,
  output_file: field.filledText.optional(),
});

export const batchLlm = z.strictObject({
  ...common,
  type: z.literal("batch_llm"),
  items: z.unknown().meta({ description: "A list, or a reference to one" }),
  prompt: field.text,
  ...asked,
  item_variable: field.identifier.default("item"),
  concurrency: field.concurrency.default(3),
});

export const permissionModes = ["default", "acceptEdits", "plan", "auto", "dontAsk", "bypassPermissions"] as const;

export const agent = z.strictObject({
  ...common,
  type: z.literal("agent"),
  prompt: field.text,
  model: field.model.optional(),
  max_turns: field.count.default(50),
  allowed_tools: z.array(field.oneLine).optional(),
  permission_mode: z.enum(permissionModes).optional(),
  mcp_servers: z.array(field.oneLine).optional(),
  workspace: field.filledText.optional(),
});

export const tool = z.strictObject({
  ...common,
  type: z.literal("tool"),
  server: field.oneLine,
  tool: field.oneLine,
  args: z.record(z.string(), z.unknown()).default({}),
});

const texts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));

export const shell = z.strictObject({
  ...common,
  type: z.literal("shell"),
  command: z.union([field.filledText, z.array(field.text).min(1, "must name a program")], {
    error: "must be a text, which a shell runs, or a list of a program and its arguments",
  }),
  cwd: field.filledText.optional(),
  env: texts.default({}),
  allow_failure: z.boolean().default(false),
});

export const writeFile = z.strictObject({
  ...common,
  type: z.literal("write_file"),
  /** Of the file; with `files` the folder that they go into. */
  path: field.filledText.optional(),
  content: z.unknown().optional(),
  files: z.unknown().optional().meta({
    description:
      "Many files: contents by path, a list of { path, content }, or a text with a line === FILE: path === before each",
  }),
});

const statusCode = z
  .int("must be a status such as 200")
  .min(100, "must be 100 or more")
  .max(599, "must be at most 599");

export const http = z.strictObject({
  ...common,
  type: z.literal("http"),
  method: z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]).default("GET"),
  url: field.filledText,
  headers: texts.default({}),
  body: z.unknown().optional(),
  expect_status: z
    .union([statusCode, z.array(statusCode).min(1, "must not be empty")], {
      error: "must be a status or a list of them",
    })
    .transform((given): number[] => (typeof given === "number" ? [given] : given))
    .optional(),
});

export const functionStep = z.strictObject({
  ...common,
  type: z.literal("function"),
  /** Beside the definition's file. */
  module: field.filledText.default("tools.ts"),
  function: z.string().regex(/^[A-Za-z_$][\w$]*$/, "must be the name of an exported function"),
  args: z.record(z.string(), z.unknown()).default({}),
});

const option = z.strictObject({ id: field.identifier, label: z.string().optional(), next_step: z.string().optional() });

export const human = z.strictObject({
  ...common,
  type: z.literal("human"),
  question: field.filledText,
  options: z
    .array(
      z
        .union([field.identifier, option], { error: "must be an id, or { id, label, next_step }" })
        .transform((given): z.infer<typeof option> => (typeof given === "string" ? { id: given } : given)),
    )
    .min(1, "must hold at least one option")
    .optional(),
  schema: field.jsonSchema.optional(),
  /** fail, continue, skip, or the id of an option. */
  on_timeout: z.string().default("fail"),
  notify: z
    .union([field.filledText, z.strictObject({ url: field.filledText })], { error: "must be an address, or { url }" })
    .transform((given): { url: string } => (typeof given === "string" ? { url: given } : given))
    .optional(),
});

export const childWorkflow = z.strictObject({
  ...common,
  type: z.literal("workflow"),
  workflow: field.oneLine,
  input: z.unknown().optional(),
  wait: z.boolean().default(true),
});

export const sleep = z.strictObject({
  ...common,
  type: z.literal("sleep"),
  duration: z.union([z.string(), z.number()]).optional(),
  until: field.filledText.optional(),
});

export const set = z.strictObject({
  ...common,
  type: z.literal("set"),
  value: z.unknown().superRefine((value, context) => {
    if (value === undefined) field.refuse(context, [], { message: "a set step needs a value", code: "missing_field" });
  }),
});

export const emit = z.strictObject({
  ...common,
  type: z.literal("emit"),
  event: field.filledText,
  data: z.unknown().optional(),
});
