import matter from "gray-matter";
import { messageOf } from "../../core/errors.ts";
import type { Finding } from "../problem.ts";
import { startOfFile } from "../problem.ts";

export interface MarkdownParts {
  /** The front matter with blanks for the line above it, so that offsets in it are those in the file. */
  yaml: string;
  bodyStart: number;
}

const fence = "---";

/**
 * Parts front matter and body. gray-matter would run JavaScript in front matter and answers malformed files from a
 * cache when it is called without options: so every engine is replaced, and none reads anything.
 */
export function partMarkdown(text: string, findings: Finding[]): MarkdownParts | undefined {
  if (!text.startsWith(fence)) return { yaml: "", bodyStart: 0 };
  const split = splitting(text, findings);
  if (split === undefined) return undefined;
  const { front, body } = split;
  const bodyStart = text.length - body.length;
  if (front === "") return { yaml: "", bodyStart };
  const frontStart = /^---[ \t]*ya?ml/i.exec(text)?.[0].length ?? fence.length;
  const frontEnd = frontStart + front.length;
  const isClosed = text.startsWith(fence, frontEnd + 1);
  if (!isClosed) {
    const hint = "Write a line --- below the front matter; what follows it is the body.";
    findings.push({ code: "syntax", at: startOfFile, field: "", message: "the front matter has no end", hint });
    return undefined;
  }
  // The split is before the line feed: a carriage return left alone there is a syntax error in YAML.
  const yaml = text.slice(frontStart, frontEnd).replace(/\r$/, "");
  return { yaml: " ".repeat(frontStart) + yaml, bodyStart };
}

function splitting(text: string, findings: Finding[]): { front: string; body: string } | undefined {
  const language = /^---([^\r\n-][^\r\n]*)/.exec(text)?.[1]?.trim() ?? "";
  if (language !== "" && !/^ya?ml$/i.test(language)) {
    const isCode = /^(js|javascript|coffee|coffeescript|cson)$/i.test(language);
    findings.push({
      code: isCode ? "hostile" : "syntax",
      at: startOfFile,
      field: "",
      message: `front matter in ${JSON.stringify(language.slice(0, 40))} is refused`,
      hint: "Write it in YAML, below a line that is ---, or make the whole file .toml or .yaml.",
    });
    return undefined;
  }
  try {
    const parted = matter(text, { engines, language: "yaml" });
    return { front: parted.matter, body: parted.content };
  } catch (error) {
    findings.push({ code: "syntax", at: startOfFile, field: "", message: `front matter: ${messageOf(error)}` });
    return undefined;
  }
}

const engines = {
  yaml: { parse: () => ({}), stringify: refuse },
  json: { parse: refuse, stringify: refuse },
  javascript: { parse: refuse, stringify: refuse },
  js: { parse: refuse, stringify: refuse },
};

function refuse(): never {
  throw new Error("only YAML is read as front matter");
}
