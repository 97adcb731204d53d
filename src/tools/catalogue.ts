import { artifactsGet } from "./artifacts-get.ts";
import { artifactsList } from "./artifacts-list.ts";
import { executionsCancel, executionsRetry } from "./executions-control.ts";
import { executionsGet } from "./executions-get.ts";
import { executionsInput } from "./executions-input.ts";
import { executionsList } from "./executions-list.ts";
import { executionsLogs } from "./executions-logs.ts";
import { executionsReplay } from "./executions-replay.ts";
import { executionsRun } from "./executions-run.ts";
import { executionsWaits } from "./executions-waits.ts";
import type { Operation } from "./operation.ts";
import { stacksList } from "./stacks-list.ts";
import { status } from "./status.ts";

/** Every operation there is, in the order in which surfaces show them: clients cache the list by its text. */
export const catalogue: readonly Operation[] = [
  executionsRun,
  executionsGet,
  executionsList,
  executionsLogs,
  executionsWaits,
  executionsInput,
  executionsReplay,
  executionsRetry,
  executionsCancel,
  artifactsList,
  artifactsGet,
  stacksList,
  status,
];
