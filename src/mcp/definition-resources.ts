import type { ReadResourceResult, Resource } from "@modelcontextprotocol/sdk/types.js";
import { definitionJsonSchema } from "../app.ts";
import { definitionGuide } from "./definition-guide.ts";

const guide = {
  uri: "savepoint://definitions/guide",
  name: "definition-guide",
  title: "How a definition is written",
  description: "Front matter, every type of step with its fields, values and control flow, on one page.",
  mimeType: "text/markdown",
};

const schema = {
  uri: "savepoint://definitions/schema",
  name: "definition-schema",
  title: "JSON Schema of definitions",
  description: "Of the front matter, and of .yaml and .toml files.",
  mimeType: "application/schema+json",
};

/** What a client needs to write definitions. */
export const definitionResources: readonly Resource[] = [guide, schema];

/** Undefined for any other address. */
export function readDefinitionResource(uri: string): ReadResourceResult | undefined {
  const text = textOf(uri);
  if (text === undefined) return undefined;
  const { mimeType } = uri === guide.uri ? guide : schema;
  return { contents: [{ uri, mimeType, text }] };
}

function textOf(uri: string): string | undefined {
  if (uri === guide.uri) return definitionGuide;
  return uri === schema.uri ? JSON.stringify(definitionJsonSchema()) : undefined;
}
