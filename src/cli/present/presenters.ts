import type { Answer } from "../../client/client.ts";
import { type CatalogueOperation, catalogue } from "../../tools/catalogue.ts";
import type { Output } from "../output.ts";
import { executionText } from "./execution.ts";
import { inboxText } from "./inbox.ts";
import { artifactsTable, executionsTable, stacksText } from "./lists.ts";
import { modelCallsTable, modelsTable, statisticsTable } from "./models.ts";
import { anyTable, anyText, artifactText, replayText, statusOverview } from "./others.ts";
import { type Page, valueText } from "./page.ts";
import { planText } from "./plan.ts";
import { eventsText, logsText } from "./timeline.ts";
import { savedText, validationText, workflowsTable, workflowText } from "./workflows.ts";

type Presented = string | Promise<string>;
type Presenters = { readonly [N in CatalogueOperation["name"]]?: (answer: Answer<N>, page: Page) => Presented };

/** How answers look at a terminal; an operation that is not here is shown field by field. */
const presenters: Presenters = {
  executions_run: executionText,
  executions_get: executionText,
  executions_latest: executionText,
  executions_input: executionText,
  executions_abort_wait: executionText,
  executions_retry: executionText,
  executions_pause: executionText,
  executions_resume: executionText,
  executions_cancel: executionText,
  executions_replay: replayText,
  executions_list: executionsTable,
  executions_waits: inboxText,
  executions_logs: logsText,
  executions_events: eventsText,
  executions_statistics: statisticsTable,
  artifacts_list: artifactsTable,
  artifacts_get: artifactText,
  workflows_list: workflowsTable,
  workflows_get: workflowText,
  workflows_validate: validationText,
  workflows_save: savedText,
  models_list: modelsTable,
  models_calls: modelCallsTable,
  stacks_list: stacksText,
  workflows_plan: planText,
  status: statusOverview,
};

/** @param answer with every text in it made harmless */
export async function presentAnswer(
  operation: string,
  answer: Readonly<Record<string, unknown>>,
  output: Pick<Output, "style" | "width">,
): Promise<string> {
  const page = pageOf(output);
  if (!isWhole(operation, answer)) {
    return `${page.style.dim("The value of a secret stands in what this answer is made of, so it is shown as it came.")}\n${valueText(answer)}`;
  }
  const present = (presenters as Record<string, ((answer: object, page: Page) => Presented) | undefined>)[operation];
  if (present !== undefined) return present(answer, page);
  return isListing(answer) ? anyTable(answer, page) : anyText(answer, page);
}

export function pageOf({ style, width }: Pick<Output, "style" | "width">): Page {
  return { style, width, now: Date.now() };
}

/** Older projects may have secrets whose values are words of answers, so that redaction takes these apart. */
function isWhole(operation: string, answer: object): boolean {
  return catalogue.find(({ name }) => name === operation)?.output.safeParse(answer).success !== false;
}

function isListing(
  answer: Readonly<Record<string, unknown>>,
): answer is Parameters<typeof anyTable>[0] & typeof answer {
  return Array.isArray(answer["items"]) && "total" in answer;
}
