import { messageOf } from "../core/errors.ts";
import { callOperation } from "../tools/call.ts";
import { type LinkedWait, linkedWait } from "../tools/linked-wait.ts";
import { valueOnForm, waitForm } from "../tools/wait-form.ts";
import { contentOf, controls, inTitles } from "./answer-form.ts";
import { HttpError } from "./answers.ts";
import { readForm } from "./body.ts";
import { escaped, escapedLines, messagePage, type Page, pageResponse, strong } from "./page-html.ts";
import type { HttpServices } from "./services.ts";

interface Link {
  executionId: string;
  /** Its place. */
  wait: string;
  token: string;
}

const longestName = 100;
const longestForm = 1024 * 1024;
const nothingSent = new URLSearchParams();

/** The page on which whoever holds the link answers one wait. */
export async function answerPage(
  services: HttpServices,
  request: Request,
  link: Omit<Link, "token">,
): Promise<Response> {
  try {
    return pageResponse(await pageFor(services, request, link));
  } catch (error) {
    if (error instanceof HttpError)
      return pageResponse(messagePage(error.status, "That was not taken", [error.message]));
    services.onProblem("the page of a wait failed", error);
    return pageResponse(
      messagePage(503, "This cannot be shown now", ["Savepoint's log says why. Try again in a moment."]),
    );
  }
}

async function pageFor(services: HttpServices, request: Request, place: Omit<Link, "token">): Promise<Page> {
  const { app } = services;
  const sent = request.method === "POST" ? await readForm(request, longestForm) : undefined;
  const token = sent?.get("token") ?? new URL(request.url).searchParams.get("token") ?? "";
  if (!app.answerLinks.matches(token, place.executionId, place.wait)) {
    return messagePage(403, "This link is not valid", [
      "It does not belong to a question of this project. Copy it in full, as it was sent.",
    ]);
  }
  const found = linkedWait(app, place.executionId, place.wait);
  if (found.state !== "open") return settledPage(found);
  const link = { ...place, token };
  if (sent === undefined) return askingPage(found, { link, sent: nothingSent });
  if (!isFromHere(request, app.config.http.publicUrl)) {
    return messagePage(403, "That was not taken", ["Only this page itself may send its form. Open the link again."]);
  }
  return answer(services, { found, link, sent });
}

type OpenWait = Extract<LinkedWait, { state: "open" }>;

async function answer(
  { app, closing, onProblem }: HttpServices,
  { found, link, sent }: { found: OpenWait; link: Link; sent: URLSearchParams },
): Promise<Page> {
  const { executionId, wait } = link;
  const form = waitForm(found.wait.schema);
  let value: unknown;
  try {
    value = valueOnForm(form, contentOf(form, sent));
  } catch (error) {
    return askingPage(found, { link, sent, problem: `That is no JSON: ${messageOf(error)}` });
  }
  const caller = sent.get("answered_by")?.trim().slice(0, longestName) || "link";
  const args = { execution_id: executionId, wait: found.wait.wait_id, value: value ?? null, wait_seconds: 0 };
  const outcome = await callOperation({ app, signal: closing, caller, onProblem }, "executions_input", args);
  if (outcome.ok) {
    return messagePage(200, "Answered", [
      `Your answer was recorded, and ${found.workflow} goes on.`,
      "You may close this page.",
    ]);
  }
  const { code, message, details } = outcome.error;
  if (code === "invalid_input") {
    const problems: unknown = details?.["problems"];
    const problem = Array.isArray(problems) ? problems.map((one) => inTitles(form, String(one))).join("; ") : message;
    return askingPage(found, { link, sent, problem });
  }
  const now = linkedWait(app, executionId, wait);
  return now.state === "open" ? messagePage(503, "That was not taken", [message]) : settledPage(now);
}

interface Asking {
  link: Link;
  sent: URLSearchParams;
  problem?: string;
}

function askingPage({ workflow, wait }: OpenWait, { link, sent, problem }: Asking): Page {
  const { question, schema, expires_at: until, refused_answer: refused } = wait;
  const reason = problem ?? (refused === null ? undefined : `The last answer was refused: ${refused.reason}`);
  const { fields, buttons } = controls(waitForm(schema), sent);
  return {
    status: problem === undefined ? 200 : 422,
    title: `${workflow} asks`,
    body: [
      `<p class="question"><bdi>${escapedLines(question ?? `${wait.name}?`)}</bdi></p>`,
      until === null ? "" : `<p class="small">It waits until <time datetime="${until}">${spoken(until)}</time>.</p>`,
      reason === undefined ? "" : `<p class="problem" role="alert">${escaped(reason)}</p>`,
      '<form method="post" autocomplete="off">',
      `<input type="hidden" name="token" value="${escaped(link.token)}">`,
      fields,
      nameField(sent.get("answered_by") ?? ""),
      `<p>${buttons}</p>`,
      "</form>",
      '<p class="small">Whoever has the address of this page can answer this question, once. Do not pass it on.</p>',
    ].join("\n"),
  };
}

function nameField(given: string): string {
  return `<label>Your name (optional, recorded with the answer)<input name="answered_by" maxlength="${longestName}" autocomplete="name" value="${escaped(given)}"></label>`;
}

function settledPage(found: Exclude<LinkedWait, { state: "open" }>): Page {
  switch (found.state) {
    case "unknown":
      return messagePage(404, "There is no such question", ["The run that asked has been removed."]);
    case "unasked":
      return {
        status: 404,
        title: "Not asked yet",
        body: `<p>${strong(found.workflow)} has not come to this question. Reload this page in a moment.</p>\n<p><a href="">Reload</a></p>`,
      };
    case "answered": {
      const by = found.by === null ? "" : ` by ${found.by}`;
      const at = found.at === null ? "" : ` on ${spoken(found.at)}`;
      return messagePage(410, "Answered already", [`This question was answered${by}${at}. The first answer counts.`]);
    }
    case "expired":
      return messagePage(410, "Too late", [
        `The time to answer is over, and ${found.workflow} has gone on without it.`,
      ]);
    case "over":
      return messagePage(410, "Nobody waits for this any more", [
        `${found.workflow} has ended, or no longer asks this.`,
      ]);
    default:
      return found satisfies never;
  }
}

/** A page elsewhere must not send an answer, even with the address of this one. */
function isFromHere(request: Request, publicUrl: string | undefined): boolean {
  const origin = request.headers.get("origin");
  if (origin === null || !URL.canParse(origin)) return false;
  if (publicUrl !== undefined && origin === new URL(publicUrl).origin) return true;
  return new URL(origin).host === request.headers.get("host");
}

function spoken(instant: string): string {
  return `${instant.slice(0, 16).replace("T", " ")} UTC`;
}
