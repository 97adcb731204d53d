import { AsyncLocalStorage } from "node:async_hooks";
import type { Limits } from "../core/guardrails.ts";
import type { AgentAnswer, AgentRequest, ModelAnswer, ModelRequest } from "../core/model-call.ts";
import type { Handle } from "./handles.ts";
import type { ArtifactKind, CheckpointOptions } from "./options.ts";
import type { NormalSchema } from "./schema.ts";

export interface CheckpointCall {
  name: string;
  /** Where in the body it stands: "" is the flow body itself. */
  scope: string;
  args: unknown[];
  fn: (...args: never[]) => unknown;
  options: CheckpointOptions;
}

export interface WaitCall {
  name: string;
  question: string | null;
  schema: NormalSchema | null;
  timeoutMs: number | null;
  onTimeout: "fail" | { value: unknown };
  metadata: Record<string, unknown> | null;
}

export interface SaveCall {
  name: string;
  value: unknown;
  kind: ArtifactKind;
  tags: string[];
}

export interface ProgressReport {
  stage?: string | undefined;
  current?: number | undefined;
  total?: number | undefined;
}

export interface ChildCall {
  /** Name of the flow to run. */
  name: string;
  /** What it is, so that a namesake is told from it. */
  definition: object;
  input: unknown;
  tags: string[];
  timeoutMs: number | null;
  /** Default: where the parent runs. */
  stack: string | undefined;
  /** What limits it beside those above it. */
  limits: Limits | undefined;
  models: Record<string, string>;
}

export interface ModelCall {
  request: ModelRequest;
  /** Runs one of the request's tools with the model's input. */
  callTool(name: string, input: unknown): Promise<unknown>;
  /** What the caller gets of an answer. @throws ModelError when it does not fit */
  parse(answer: ModelAnswer): Promise<unknown>;
  /** Whether the call is all that its checkpoint does. */
  isWholeCheckpoint: boolean;
}

export interface AgentCall {
  request: AgentRequest;
  /** Variables that the agent finds in its environment, and the secrets that they hold. */
  secrets: { variable: string; name: string; key: string }[];
  parse(answer: AgentAnswer): Promise<unknown>;
  isWholeCheckpoint: boolean;
}

/** What the engine does for the primitives; one for each activation of an execution. */
export interface FlowRuntime {
  readonly executionId: string;
  readonly isReplay: boolean;
  checkpoint(call: CheckpointCall): Promise<unknown>;
  /** The same, which the body need not await. */
  submit(call: CheckpointCall): { result(): Promise<unknown> };
  wait(call: WaitCall): Promise<unknown>;
  sleep(until: { ms: number } | { at: Date }): Promise<void>;
  /** Starts another execution, whose end this one may await. */
  child(call: ChildCall): Promise<Handle>;
  /** Ends the body; the execution goes on with this input and an empty journal. Never settles. */
  continueAsNew(input: unknown): Promise<never>;
  value<T>(name: "now" | "random" | "uuid", make: () => T): T;
  log(fields: Record<string, unknown>, inside: RunningCheckpoint | undefined): void;
  progress(report: ProgressReport, inside: RunningCheckpoint | undefined): void;
  save(call: SaveCall, inside: RunningCheckpoint | undefined): Promise<void>;
  load(executionId: string, name: string, inside: RunningCheckpoint | undefined): Promise<unknown>;
  secret(name: string, key: string, inside: RunningCheckpoint): Promise<string>;
  askModel(call: ModelCall, inside: RunningCheckpoint): Promise<{ value: unknown; answer: ModelAnswer }>;
  runAgent(call: AgentCall, inside: RunningCheckpoint): Promise<{ value: unknown; answer: AgentAnswer }>;
  /** Something that user code wrote to the console. */
  print(level: "debug" | "info" | "warn" | "error", message: string, inside: RunningCheckpoint | undefined): void;
  /** User code threw where nobody can catch it. */
  crash(error: unknown, inside: RunningCheckpoint | undefined): void;
}

/** What a checkpoint's body may know of itself. */
export interface RunningCheckpoint {
  readonly selector: string;
  /** Counts from 1. */
  readonly attempt: number;
  /** The same for every attempt of this call, in every process: hand it to services that drop repeated requests. */
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
}

/** Where in an execution the code that is running stands. */
export interface Scope {
  readonly runtime: FlowRuntime;
  readonly checkpoint: RunningCheckpoint | undefined;
}

/**
 * One storage in the whole process, so that a project's own copy of this package and the running installation
 * understand each other.
 */
const key = Symbol.for("savepoint.scope");
const shared = globalThis as unknown as Record<symbol, AsyncLocalStorage<Scope> | undefined>;
shared[key] ??= new AsyncLocalStorage<Scope>();
export const scopeStorage: AsyncLocalStorage<Scope> = shared[key];
