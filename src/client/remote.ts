import { z } from "zod";
import { errorCodes, messageOf, UserError } from "../core/errors.ts";
import { type CallOptions, operationsOn } from "./operations.ts";
import { followRemote, type Request } from "./remote-stream.ts";
import type { RemoteOptions, SavepointClient } from "./savepoint-client.ts";

const errorAnswer = z.object({
  error: z.object({
    code: z.enum(errorCodes).catch("internal"),
    message: z.string(),
    hint: z.string().nullish(),
    details: z.record(z.string(), z.unknown()).nullish(),
  }),
});

export function openRemote({ url, token }: RemoteOptions): SavepointClient {
  const request = requester(baseOf(url), token);
  const call = async (name: string, args: object, { signal }: CallOptions = {}) => {
    const response = await request(pathOf(name), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(args),
      signal: signal ?? null,
    });
    return (await response.json()) as Record<string, unknown>;
  };
  return {
    ...operationsOn(call),
    call,
    follow: (executionId, options = {}) => followRemote(request, executionId, options),
    close: async () => {},
  };
}

function requester(base: URL, token: string): Request {
  return async (path, { headers, ...init } = {}) => {
    const response = await fetch(new URL(path, base), {
      ...init,
      headers: { ...(headers as Record<string, string> | undefined), authorization: `Bearer ${token}` },
      // A redirect would hand the token to whoever it names.
      redirect: "error",
    }).catch((error: unknown) => {
      throw init.signal?.aborted === true ? error : unreachable(base, error);
    });
    if (response.ok) return response;
    throw await errorOf(base, response);
  };
}

function pathOf(name: string): string {
  return `api/${name.replace("_", "/")}`;
}

function baseOf(url: string | URL): URL {
  const base = URL.canParse(String(url)) ? new URL(url) : undefined;
  if (base === undefined || !/^https?:$/.test(base.protocol)) {
    throw new UserError("invalid_input", `${JSON.stringify(String(url))} is not the URL of a server`, {
      hint: "Pass the address that `savepoint serve` prints, for example http://127.0.0.1:7420.",
    });
  }
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return base;
}

function unreachable(base: URL, error: unknown): UserError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return new UserError("unavailable", `the server at ${base.origin} cannot be reached: ${messageOf(cause)}`, {
    hint: "Is it running? `savepoint serve` in the project's folder starts it and prints its address.",
    cause: error,
  });
}

async function errorOf(base: URL, response: Response): Promise<UserError> {
  const text = await response.text();
  const answer = errorAnswer.safeParse(parsed(text));
  if (answer.success) {
    const { code, message, hint, details } = answer.data.error;
    return new UserError(code, message, { hint: hint ?? undefined, details: details ?? undefined });
  }
  return new UserError("unavailable", `${base.origin} answered ${response.status} and is no Savepoint server`, {
    hint: "Compare the address with the one that `savepoint serve` prints.",
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
