import { StepFailed } from "../../flows/errors.ts";

const mostBytes = 16 * 1024 * 1024;
const textual =
  /^text\/|[/+](json|xml|javascript|ecmascript|yaml|toml|graphql|csv)$|\/(x-www-form-urlencoded|x-ndjson|ndjson|x-yaml|sql)$/;

/** The body of an answer: JSON as what it says, texts as they are, anything else as `{ base64 }`. */
export async function bodyOf(response: Response, id: string): Promise<unknown> {
  const bytes = await readAll(response, id);
  if (bytes.length === 0) return null;
  const type = response.headers.get("content-type") ?? "";
  const [essence = ""] = type.toLowerCase().split(";", 1);
  const text = essence.trim() === "" || textual.test(essence.trim()) ? decoded(bytes, type) : undefined;
  if (text === undefined) return { base64: bytes.toString("base64") };
  return /[/+]json$/.test(essence.trim()) ? parsed(text) : text;
}

/** The headers by name; of several of one name all values. */
export function headersIn({ headers }: Response): Record<string, string> {
  return Object.fromEntries([...headers.keys()].map((name) => [name, headers.get(name) ?? ""]));
}

async function readAll(response: Response, id: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > mostBytes) {
      throw new StepFailed(id, `the answer has more than ${mostBytes} bytes`, {
        code: "too_large",
        hint: "Ask for less of it, or fetch it in a shell step into a file.",
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Undefined where it is no text in the way in which it says it is. */
function decoded(bytes: Buffer, type: string): string | undefined {
  const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(type)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What says it is JSON and is not is still a text: that something was done must not be lost. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
