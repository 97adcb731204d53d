import { UserError } from "../../core/errors.ts";
import { shown } from "../../core/shown.ts";
import type { FileToWrite } from "../written-files.ts";
import { dividedFiles } from "./divided-text.ts";

const forms =
  'Give { "path": "content" }, a list of { path, content }, or a text in which lines such as === FILE: path === stand before each file.';

/**
 * The files that a value stands for: an object of contents by path, a list of files, or a text that holds many.
 * @throws UserError `invalid_input`
 */
export function fileList(files: unknown): FileToWrite[] {
  if (typeof files === "string") return fromText(files);
  if (Array.isArray(files)) return files.map(fromItem);
  if (typeof files === "object" && files !== null) {
    return Object.entries(files).map(([path, content]) => ({ path, content: contentOf(content) }));
  }
  throw new UserError("invalid_input", `files stand for no files: ${shown(files)}`, { hint: forms });
}

/** What a file holds: a text as it is, all else as JSON. */
export function contentOf(value: unknown): string {
  return typeof value === "string" ? value : `${JSON.stringify(value ?? null, null, 2)}\n`;
}

function fromText(text: string): FileToWrite[] {
  const files = dividedFiles(text);
  if (files.length > 0) return files;
  throw new UserError("invalid_input", "the text of files names none", {
    hint: "Ask the model for a line such as === FILE: src/main.ts === before each file, or for fenced blocks that begin with ```ts src/main.ts.",
    details: { beginning: text.slice(0, 200) },
  });
}

function fromItem(item: unknown, index: number): FileToWrite {
  if (typeof item === "object" && item !== null && "path" in item && "content" in item) {
    const { path, content } = item;
    if (typeof path === "string" && path.trim() !== "") return { path, content: contentOf(content) };
  }
  throw new UserError("invalid_input", `files[${index}] is no { path, content }: ${shown(item)}`, { hint: forms });
}
