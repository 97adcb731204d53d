import { isOwnHeader } from "../../core/own-headers.ts";
import { StepFailed } from "../../flows/errors.ts";

/** A request as it goes out. */
export interface OutgoingRequest {
  /** Of the step. */
  id: string;
  method: string;
  url: URL;
  /** What the step sets, secrets filled in: only for the origin that it names. */
  headers: Headers;
  /** What describes the body, wherever it goes. */
  contentType: string | undefined;
  body: string | undefined;
}

interface RequestFields {
  id: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: unknown;
  idempotencyKey: string;
}

const methodsThatChange = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** @throws StepFailed `invalid_url` or `invalid_header`, which show neither a query nor what a header holds */
export function requestOf({ id, method, url, headers, body, idempotencyKey }: RequestFields): OutgoingRequest {
  const own = headersOf(id, headers);
  if (methodsThatChange.has(method) && !own.has("idempotency-key")) own.set("idempotency-key", idempotencyKey);
  const hasJson = body !== undefined && typeof body !== "string" && !own.has("content-type");
  return {
    id,
    method,
    url: addressOf(id, url),
    headers: own,
    contentType: hasJson ? "application/json" : undefined,
    body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
  };
}

/** An address that a request may go to. @throws StepFailed `invalid_url` */
export function addressOf(id: string, given: string, base?: URL): URL {
  const refuse = (what: string, hint: string) => {
    throw new StepFailed(id, `${withoutQuery(given)} ${what}`, { code: "invalid_url", hint });
  };
  if (!URL.canParse(given, base?.href)) refuse("is no address", "An address begins with http:// or https://.");
  const url = new URL(given, base?.href);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    const what = base === undefined ? "is no address of HTTP" : "is where it was sent on to, and no address of HTTP";
    refuse(what, "An address begins with http:// or https://.");
  }
  if (url.username !== "" || url.password !== "") {
    refuse("has a name or a password in it", "Put them into headers, with a secret: there they are not recorded.");
  }
  return url;
}

/** An address as errors and logs show it. */
export function shownAddress({ origin, pathname }: URL): string {
  return origin + pathname;
}

/** Neither what follows the path, nor names and passwords in front of the host. */
function withoutQuery(given: string): string {
  const [plain = ""] = given.split(/[?#]/, 1);
  return JSON.stringify(plain.replace(/\/\/[^/]*@/, "//…@").slice(0, 200));
}

function headersOf(id: string, given: Record<string, string>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    if (isOwnHeader(name)) {
      throw new StepFailed(id, `the header ${name} follows from the request itself`, {
        code: "invalid_header",
        hint: "Leave it out: the address and the body decide it.",
      });
    }
    try {
      headers.append(name, value);
    } catch {
      throw new StepFailed(id, `the header ${JSON.stringify(name)} cannot be sent`, {
        code: "invalid_header",
        hint: "Names of headers are words; values hold no line breaks and no characters beyond Latin-1.",
      });
    }
  }
  return headers;
}
