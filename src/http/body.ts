import { HttpError } from "./answers.ts";

/**
 * The JSON body of a request; undefined when there is none.
 * @throws HttpError `unsupported` for another type, `too_large`, or `invalid_input` for what is no JSON
 */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const type = request.headers.get("content-type");
  if (type !== null) checkType(type, request.headers.get("content-encoding"));
  const text = await readText(request, maxBytes, "JSON");
  if (text === "") return undefined;
  if (type === null) checkType("nothing", null);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HttpError("invalid_input", `the body is no JSON: ${error instanceof Error ? error.message : ""}`, {
      hint: 'Send a JSON object, for example {"limit": 5}.',
    });
  }
}

/** The fields of a form of one of our pages. @throws HttpError `unsupported`, `too_large` or `invalid_input` */
export async function readForm(request: Request, maxBytes: number): Promise<URLSearchParams> {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers.get("content-type") ?? "")) {
    throw new HttpError("unsupported", "this page takes its own form only", {
      status: 415,
      hint: "Open the page in a browser.",
    });
  }
  return new URLSearchParams(await readText(request, maxBytes, "a form"));
}

function checkType(type: string, encoding: string | null): void {
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new HttpError("unsupported", `the body is declared as ${type.slice(0, 100)}`, {
      status: 415,
      hint: "Send JSON with the header `Content-Type: application/json`.",
    });
  }
  if (encoding !== null && encoding !== "identity") {
    throw new HttpError("unsupported", `the body is encoded with ${encoding.slice(0, 100)}`, {
      status: 415,
      hint: "Send it without Content-Encoding.",
    });
  }
}

async function readText(request: Request, maxBytes: number, what: string): Promise<string> {
  const bytes = await readBytes(request, maxBytes).catch((error: unknown) => {
    if (error instanceof HttpError) throw error;
    // The client has gone in the middle of it, so that nobody will read this.
    throw new HttpError("invalid_input", "the body broke off", { hint: "Send the request again." });
  });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new HttpError("invalid_input", "the body is no UTF-8", { hint: `Send ${what} in UTF-8.` });
  }
}

/** Stops as soon as it is too long, whatever length was declared. */
async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError("too_large", `the body has more than ${maxBytes} bytes`, {
    hint: "Put the value into a file of the project and pass its path, or raise http.max_body_bytes in savepoint.config.json.",
  });
}
