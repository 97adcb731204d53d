import { messageOf, UserError } from "../core/errors.ts";
import type { HttpServices } from "./services.ts";

/** @throws UserError `unavailable` that names what is missing */
export function ready({ app }: Pick<HttpServices, "app">): Response {
  try {
    app.listings.schemaNumber();
  } catch (error) {
    throw notReady("database", `the database does not answer: ${messageOf(error)}`);
  }
  const workers = app.stack.workers().filter(({ state }) => state === "active").length;
  if (workers === 0) throw notReady("worker", "no worker lives");
  return Response.json({ status: "ready", version: app.version, workers_alive: workers });
}

function notReady(missing: string, message: string): UserError {
  return new UserError("unavailable", message, {
    hint: "GET /api/status tells more. A worker that has just been started needs a moment.",
    details: { missing: [missing] },
  });
}
