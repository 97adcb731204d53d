import { shown } from "../core/shown.ts";
import { MisuseError } from "./errors.ts";
import { checkOptions, isOptions } from "./option-checks.ts";
import { type NormalSchema, normalizeSchema, type SchemaLike, type SchemaOutput } from "./schema.ts";

/** A function that a model may call while it answers. */
export interface ModelTool<Input extends SchemaLike = SchemaLike> {
  description?: string;
  input: Input;
  /** Its result goes back to the model as JSON; what it throws as an error that the model reads. */
  run(input: SchemaOutput<Input>): unknown;
}

/** A tool whose `run` gets what its schema lets through. */
export function modelTool<const Input extends SchemaLike>(tool: ModelTool<Input>): ModelTool {
  return tool as unknown as ModelTool;
}

export interface ReadTool {
  name: string;
  description: string | undefined;
  input: NormalSchema;
  run(input: unknown): unknown;
}

/** @throws MisuseError */
export function readTools(what: string, tools: Record<string, ModelTool> | undefined): ReadTool[] {
  if (tools === undefined) return [];
  if (!isOptions(tools)) throw new MisuseError(`${what}: tools must be an object of tools; it is ${shown(tools)}`);
  return Object.entries(tools).map(([name, tool]) => readTool(`${what}: tools.${name}`, name, tool));
}

function readTool(what: string, name: string, tool: ModelTool): ReadTool {
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name)) {
    throw new MisuseError(`${what}: providers take names of 1 to 64 letters, digits, "_" and "-", a letter first`);
  }
  checkOptions<ModelTool>(what, tool, ["description", "input", "run"]);
  if (typeof tool.run !== "function")
    throw new MisuseError(`${what}: run must be a function; it is ${shown(tool.run)}`);
  if (tool.description !== undefined && typeof tool.description !== "string") {
    throw new MisuseError(`${what}: description must be a text; it is ${shown(tool.description)}`);
  }
  const run = (input: unknown) => tool.run(input as never);
  return { name, description: tool.description, input: normalizeSchema(tool.input, `${what}.input`), run };
}
