import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { ModelError } from "../core/model-error.ts";
import { toolFailed } from "./failures.ts";

const mostBytes = 10 * 1024 * 1024;
const mostWords = 4_000;

/**
 * What a tool answered, as data: its structured content; else the one text, as JSON where it is an object or a list;
 * else all that it sent.
 * @throws ModelError `tool_failed` where the tool says that it failed, `too_large`
 */
export function resultOf(tool: string, { content, structuredContent, isError }: CallToolResult): unknown {
  if (isError === true) throw toolFailed(`the tool ${tool}`, wordsOf(content, structuredContent));
  if (structuredContent !== undefined) return structuredContent;
  const [first] = content;
  if (first === undefined) return null;
  refuseLarge(tool, content);
  if (content.length === 1 && first.type === "text") return jsonOrText(first.text);
  return { content };
}

type Content = CallToolResult["content"];

function wordsOf(content: Content, structured: unknown): string {
  const texts = content.flatMap((block) => (block.type === "text" ? [block.text] : []));
  const words = texts.join("\n").trim() || (structured === undefined ? "" : JSON.stringify(structured));
  return words.length > mostWords ? `${words.slice(0, mostWords)}…` : words || "it did not say why";
}

function jsonOrText(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function refuseLarge(tool: string, content: Content): void {
  const bytes = content.reduce((sum, block) => sum + bytesOf(block), 0);
  if (bytes <= mostBytes) return;
  throw new ModelError("too_large", `the tool ${tool} answered with more than ${mostBytes / 1024 / 1024} MiB`, {
    hint: "Ask it for less, or for a link to it.",
  });
}

function bytesOf(block: Content[number]): number {
  if (block.type === "text") return Buffer.byteLength(block.text);
  if (block.type === "image" || block.type === "audio") return (block.data.length * 3) / 4;
  if (block.type !== "resource") return 0;
  const { resource } = block;
  return "blob" in resource ? (resource.blob.length * 3) / 4 : Buffer.byteLength(resource.text);
}
