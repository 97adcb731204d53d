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
  /** Where in the body it stands: "" is the flow body itself. */
  scope: string;
  question: string | null;
  schema: NormalSchema | null;
  timeoutMs: number | null;
  onTimeout: "fail" | { value: unknown };
  metadata: Record<string, unknown> | null;
  /** How long before its deadline the timeline says that it is near; null: it does not. */
  warnBeforeMs: number | null;
}

/** How a wait was answered. */
export interface WaitAnswer {
  value: unknown;
  /** Who it was, where they said so; null for a deadline's default as well. */
  answeredBy: string | null;
  /** Milliseconds since the epoch. */
  answeredAt: number;
  isExpired: boolean;
}

export interface SleepCall {
  scope: string;
  name: string;
  until: { ms: number } | { at: Date };
}

export interface SaveCall {
  scope: string;
  name: string;
  value: unknown;
  kind: ArtifactKind;
  tags: string[];
}

export interface LoadCall {
  scope: string;
  executionId: string;
  name: string;
}

export interface ProgressReport {
  stage?: string | undefined;
  current?: number | undefined;
  total?: number | undefined;
}

export interface ChildCall {
  /** Name of the flow to run. */
  name: string;
  scope: string;
  /** What it is, so that a namesake is told from it; or the version that another target means. */
  workflow: { definition: object } | { version: string; target: string };
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

/** A call of a tool that no model asked for. */
export interface ToolCall {
  server: string;
  tool: string;
  /** `onSend` is awaited right before the call goes out, if it does: only then it counts. */
  make(onSend: () => Promise<void>): Promise<unknown>;
}

/** What a step that was not taken leaves on the record. */
export interface SkipCall {
  scope: string;
  name: string;
  type: string;
  /** In a few words. */
  why: string;
}

/** What was asked for the whole execution when it was started. */
export interface RunSettings {
  readonly workflow: string;
  /** The folder in which its programs work, relative to the project; null: the project's root. */
  readonly workspace: string | null;
  /** Limits for attempts of steps, in milliseconds: name of the step, or `*` for all. */
  readonly timeouts: Readonly<Record<string, number>>;
}

/** The record of the process groups of a checkpoint, by which they are found and ended after a crash. */
export interface GroupRecord {
  /** @throws when the lease is lost */
  record(leader: { pid: number; processStart: string | null }): Promise<void>;
  forget(pid: number): Promise<void>;
}

/** What the engine does for the primitives; one for each activation of an execution. */
export interface FlowRuntime {
  readonly executionId: string;
  readonly isReplay: boolean;
  readonly settings: RunSettings;
  checkpoint(call: CheckpointCall): Promise<unknown>;
  /** The same, which the body need not await. */
  submit(call: CheckpointCall): { result(): Promise<unknown> };
  wait(call: WaitCall): Promise<WaitAnswer>;
  sleep(call: SleepCall): Promise<void>;
  /** Records a checkpoint that is not taken. */
  skip(call: SkipCall): Promise<void>;
  /** Starts another execution, whose end this one may await. */
  child(call: ChildCall): Promise<Handle>;
  /** Ends the body; the execution goes on with this input and an empty journal. Never settles. */
  continueAsNew(input: unknown): Promise<never>;
  value<T>(name: "now" | "random" | "uuid", make: () => T, scope: string): T;
  log(fields: Record<string, unknown>, inside: RunningCheckpoint | undefined): void;
  progress(report: ProgressReport, inside: RunningCheckpoint | undefined): void;
  save(call: SaveCall, inside: RunningCheckpoint | undefined): Promise<void>;
  load(call: LoadCall, inside: RunningCheckpoint | undefined): Promise<unknown>;
  /** Puts an event of the workflow's own on the timeline, with the end of the checkpoint: once, if that completes. */
  emit(event: string, data: unknown, inside: RunningCheckpoint): void;
  /** For programs that the checkpoint starts. */
  groups(inside: RunningCheckpoint): GroupRecord;
  secret(name: string, key: string, inside: RunningCheckpoint): Promise<string>;
  askModel(call: ModelCall, inside: RunningCheckpoint): Promise<{ value: unknown; answer: ModelAnswer }>;
  runAgent(call: AgentCall, inside: RunningCheckpoint): Promise<{ value: unknown; answer: AgentAnswer }>;
  /** Makes the call once the budgets have room for it, and shows it on the timeline. */
  callTool(call: ToolCall, inside: RunningCheckpoint): Promise<unknown>;
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
  /** The branch of the flow body, `pages[3]` for example; "" is the body itself. */
  readonly path: string;
}

/**
 * One storage in the whole process, so that a project's own copy of this package and the running installation
 * understand each other.
 */
const key = Symbol.for("savepoint.scope");
const shared = globalThis as unknown as Record<symbol, AsyncLocalStorage<Scope> | undefined>;
shared[key] ??= new AsyncLocalStorage<Scope>();
export const scopeStorage: AsyncLocalStorage<Scope> = shared[key];
