import { artifactsGet } from "./artifacts-get.ts";
import { artifactsList } from "./artifacts-list.ts";
import {
  executionsAbortWait,
  executionsCancel,
  executionsPause,
  executionsResume,
  executionsRetry,
} from "./executions-control.ts";
import { executionsEvents } from "./executions-events.ts";
import { executionsGet } from "./executions-get.ts";
import { executionsInput } from "./executions-input.ts";
import { executionsLatest } from "./executions-latest.ts";
import { executionsList } from "./executions-list.ts";
import { executionsLogs } from "./executions-logs.ts";
import { executionsReplay } from "./executions-replay.ts";
import { executionsRun } from "./executions-run.ts";
import { executionsStatistics } from "./executions-statistics.ts";
import { executionsWaits } from "./executions-waits.ts";
import { modelsCalls } from "./models-calls.ts";
import { modelsList } from "./models-list.ts";
import type { Operation } from "./operation.ts";
import { secretsCreate } from "./secrets-create.ts";
import { secretsList } from "./secrets-list.ts";
import { stacksList } from "./stacks-list.ts";
import { status } from "./status.ts";
import { workflowsGet } from "./workflows-get.ts";
import { workflowsList } from "./workflows-list.ts";
import { workflowsPlan } from "./workflows-plan.ts";
import { workflowsSave } from "./workflows-save.ts";
import { workflowsValidate } from "./workflows-validate.ts";

const operations = [
  executionsRun,
  executionsGet,
  executionsList,
  executionsLatest,
  executionsLogs,
  executionsEvents,
  executionsWaits,
  executionsInput,
  executionsAbortWait,
  executionsReplay,
  executionsRetry,
  executionsPause,
  executionsResume,
  executionsCancel,
  executionsStatistics,
  workflowsList,
  workflowsGet,
  workflowsValidate,
  workflowsSave,
  workflowsPlan,
  artifactsList,
  artifactsGet,
  secretsCreate,
  secretsList,
  modelsList,
  modelsCalls,
  stacksList,
  status,
] as const;

/** Each operation with its own types, for surfaces that are typed by them. */
export type CatalogueOperation = (typeof operations)[number];

/** Every operation there is, in the order in which surfaces show them: clients cache the list by its text. */
export const catalogue: readonly Operation[] = operations;
