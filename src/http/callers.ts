import { HttpError } from "./answers.ts";

export interface CallerRules {
  /** The name or address that the server listens on. */
  boundHost: string;
  allowedHosts: readonly string[];
  allowedOrigins: readonly string[];
}

const loopback = ["localhost", "127.0.0.1", "[::1]"];
const hostForm = /^([a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

/**
 * Refuses what a web page in the user's browser could have sent: a page that made its own name point to this machine
 * (Host), or one that calls it directly (Origin).
 * @throws HttpError `forbidden`
 */
export function checkCaller(headers: Headers, { boundHost, allowedHosts, allowedOrigins }: CallerRules): void {
  const hosts = new Set([...loopback, inUrl(boundHost).toLowerCase(), ...allowedHosts]);
  const host = headers.get("host") ?? "";
  if (!hosts.has(hostNameOf(host))) {
    throw new HttpError("forbidden", `the header Host names ${shown(host)}, which is not a name of this server`, {
      hint: `Call it by ${loopback[1]} or localhost, or add the name to http.allowed_hosts in savepoint.config.json.`,
    });
  }
  const origin = headers.get("origin");
  if (origin === null || isAllowedOrigin(origin.toLowerCase(), hosts, allowedOrigins)) return;
  throw new HttpError("forbidden", `the header Origin names ${shown(origin)}, whose pages may not call this server`, {
    hint: "Add the origin to http.allowed_origins in savepoint.config.json if its pages are yours.",
  });
}

/** An address as URLs have it: IPv6 in brackets. */
export function inUrl(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** The name alone; empty for a header that no URL could have led to. */
function hostNameOf(header: string): string {
  return hostForm.exec(header.toLowerCase())?.[1] ?? "";
}

function isAllowedOrigin(origin: string, hosts: ReadonlySet<string>, allowed: readonly string[]): boolean {
  if (allowed.includes(origin)) return true;
  if (!/^https?:/.test(origin) || !URL.canParse(origin)) return false;
  const url = new URL(origin);
  return url.origin === origin && hosts.has(url.hostname);
}

function shown(header: string): string {
  return header === "" ? "nothing" : JSON.stringify(header.slice(0, 100));
}
