import { HttpError } from "./answers.ts";
import type { Token } from "./token.ts";

const queryNames = ["token", "access_token", "api_key"];
const challenge = { "www-authenticate": "Bearer" };

/**
 * Lets nobody pass without the token in its header.
 * @throws HttpError `unauthorized`
 */
export function checkToken(request: Request, token: Token): void {
  const query = new URL(request.url).searchParams;
  const misplaced = queryNames.find((name) => query.has(name));
  if (misplaced !== undefined) {
    throw unauthorized(`a token in the query (${misplaced}) is refused: addresses are logged and kept in histories`);
  }
  const given = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (given === undefined) throw unauthorized("the header Authorization with the token is missing");
  if (!token.matches(given)) throw unauthorized("the token is not the one of this server");
}

function unauthorized(message: string): HttpError {
  return new HttpError("unauthorized", message, {
    hint: "Send the header `Authorization: Bearer <token>`; the token is in .savepoint/token in the project's folder.",
    headers: challenge,
  });
}
