import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { ModelError } from "../core/model-error.ts";
import { toolFailed } from "./failures.ts";

const mostBinary = 10 * 1024 * 1024;
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
  if (content.length === 1 && first.type === "text") return jsonOrText(first.text);
  refuseLarge(tool, content);
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
  const bytes = content.reduce((sum, block) => sum + (binaryOf(block).length * 3) / 4, 0);
  if (bytes <= mostBinary) return;
  const most = `${mostBinary / 1024 / 1024} MiB`;
  throw new ModelError("too_large", `the tool ${tool} answered with more than ${most} of binary data`, {
    hint: "Ask it for less, or for a link to it.",
  });
}

function binaryOf(block: Content[number]): string {
  if (block.type === "image" || block.type === "audio") return block.data;
  return block.type === "resource" && "blob" in block.resource ? block.resource.blob : "";
}
