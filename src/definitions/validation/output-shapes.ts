import { type Branch, memberOf, plain, type Tree } from "../reading/tree.ts";
import type { Outline } from "./outline.ts";

/** What is known of a step's output before it runs. */
export type OutputShape =
  | { kind: "any" }
  | { kind: "scalar"; what: string }
  | { kind: "list"; items: OutputShape }
  /** `isClosed`: it has no other members; else other members are unlikely. */
  | { kind: "object"; members: Record<string, OutputShape>; isClosed: boolean };

const any: OutputShape = { kind: "any" };
const text: OutputShape = { kind: "scalar", what: "a text" };
const number: OutputShape = { kind: "scalar", what: "a number" };
const writtenFile = closed({ path: text, bytes: number, sha256: text });

/** What a step of each kind answers; steps of the other kinds may answer anything. */
export function outputShape(step: Outline): OutputShape {
  switch (step.kind) {
    case "llm":
      return answerShape(step.tree);
    case "batch_llm":
      return listOf(closed({ index: number, item: any, status: text, output: answerShape(step.tree), error: any }));
    case "agent":
      return closed({ result: text, turns: number, tool_calls: number, session_id: text });
    case "shell":
      return closed({ exit_code: number, stdout: text, stderr: text });
    case "write_file":
      return memberOf(step.tree, "files") === undefined
        ? writtenFile
        : closed({ folder: text, files: listOf(writtenFile) });
    case "http":
      return closed({ status: number, headers: any, body: any });
    case "human":
      return closed({ option: text, value: any, comment: text, answered_by: text, answered_at: text });
    case "parallel":
      return closed(
        Object.fromEntries(step.lists.flatMap(({ steps }) => steps.map((one) => [one.id, outputShape(one)]))),
      );
    case "loop":
      return listOf(any);
    default:
      return any;
  }
}

/** Why a way into a shape cannot exist, and what does; undefined where it may. */
export function wrongTurn(
  shape: OutputShape,
  path: readonly (string | number)[],
  depth = 0,
): { depth: number; step: string | number; what: string; names: string[]; isSure: boolean } | undefined {
  const [step, ...rest] = path;
  if (step === undefined || shape.kind === "any") return undefined;
  if (typeof step === "string" && conveniences.has(step) && shape.kind !== "object") return undefined;
  if (shape.kind === "scalar") return { depth, step, what: shape.what, names: [], isSure: true };
  if (shape.kind === "list") {
    if (typeof step === "string") return { depth, step, what: "a list", names: [], isSure: true };
    return wrongTurn(shape.items, rest, depth + 1);
  }
  const member = Object.hasOwn(shape.members, step) ? shape.members[step] : undefined;
  if (member !== undefined) return wrongTurn(member, rest, depth + 1);
  if (step === "size") return undefined;
  return { depth, step, what: "an object", names: Object.keys(shape.members), isSure: shape.isClosed };
}

/** Templates offer these on texts and lists. */
const conveniences = new Set(["size", "first", "last"]);

function answerShape(step: Branch): OutputShape {
  const schema = memberOf(step, "output_schema");
  return schema === undefined ? text : schemaShape(schema);
}

function schemaShape(schema: Tree): OutputShape {
  const type = memberOf(schema, "type");
  const name = type && plain(type);
  if (name === "string") return text;
  if (name === "integer" || name === "number") return number;
  if (name === "boolean") return { kind: "scalar", what: "true or false" };
  if (name === "array") {
    const items = memberOf(schema, "items");
    return listOf(items === undefined ? any : schemaShape(items));
  }
  const properties = memberOf(schema, "properties");
  if (name !== "object" || properties?.kind !== "branch") return any;
  const additional = memberOf(schema, "additionalProperties");
  if (additional !== undefined && plain(additional) !== false) return any;
  const members = [...properties.entries].map(([key, value]) => [key, schemaShape(value)] as const);
  return { kind: "object", members: Object.fromEntries(members), isClosed: additional !== undefined };
}

function closed(members: Record<string, OutputShape>): OutputShape {
  return { kind: "object", members, isClosed: true };
}

function listOf(items: OutputShape): OutputShape {
  return { kind: "list", items };
}
