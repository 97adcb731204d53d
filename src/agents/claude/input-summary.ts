const mostCharacters = 200;
/** The field that tells most about a call, by tool. */
const telling: Record<string, string> = {
  Bash: "command",
  Read: "file_path",
  Write: "file_path",
  Edit: "file_path",
  Glob: "pattern",
  Grep: "pattern",
  WebFetch: "url",
  WebSearch: "query",
};

/** What a tool is called with, in at most 200 characters. */
export function inputSummary(tool: string, input: unknown): string {
  const fields = typeof input === "object" && input !== null ? new Map(Object.entries(input)) : new Map();
  const field: unknown = fields.get(telling[tool] ?? "");
  const text = typeof field === "string" ? field : JSON.stringify(input ?? {});
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters - 1)}…` : text;
}
