import { setLauncher } from "./flows/handles.ts";

export { ModelError } from "./core/model-error.ts";
export type { AgentOptions, AgentResult } from "./flows/agent.ts";
export { agent } from "./flows/agent.ts";
export { load, save } from "./flows/artifacts.ts";
export type { BatchHooks, BatchOptions, BatchRow } from "./flows/batch-llm.ts";
export { batchLlm, composeHooks } from "./flows/batch-llm.ts";
export type { Checkpoint, Submitted } from "./flows/checkpoint.ts";
export { checkpoint, checkpointContext } from "./flows/checkpoint.ts";
export { continueAsNew } from "./flows/continue-as-new.ts";
export { CheckpointFailed, ExecutionFailed, MisuseError, WaitAborted, WaitExpired } from "./flows/errors.ts";
export type { FanOutOptions } from "./flows/fan-out.ts";
export type { Flow, FlowOptions } from "./flows/flow.ts";
export { flow } from "./flows/flow.ts";
export type { Guardrails } from "./flows/guardrails.ts";
export type { Handle, ReplayOptions, RunOptions } from "./flows/handles.ts";
export type { LlmOptions, MessagePart, ModelMessage } from "./flows/llm.ts";
export { llm } from "./flows/llm.ts";
export { log, progress } from "./flows/log.ts";
export type { ModelTool } from "./flows/model-tools.ts";
export { modelTool } from "./flows/model-tools.ts";
export type { ArtifactKind, CheckpointOptions, RetryOptions, SaveOptions } from "./flows/options.ts";
export { secret } from "./flows/secret.ts";
export { sleep } from "./flows/sleep.ts";
export { executionId, isReplay, now, random, uuid } from "./flows/values.ts";
export type { WaitOptions } from "./flows/wait.ts";
export { wait } from "./flows/wait.ts";

/** `review.run()` outside an execution opens the project when it is first called. */
setLauncher(async () => (await import("./client/flow-launcher.ts")).openFlowLauncher());
