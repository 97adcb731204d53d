import type { Connections } from "../connections/connections.ts";
import type { Limits } from "../core/guardrails.ts";
import type { Fixtures } from "./fixtures/fixtures.ts";

/** What steps need of the project around them; the composition root supplies it. */
export interface StepPorts {
  /** Symbolic links resolved. */
  readonly projectRoot: string;
  /** Of the process that runs the steps. */
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly fetch: typeof globalThis.fetch;
  /** The servers of the project's MCP configuration. */
  readonly connections: Pick<Connections, "callTool">;
  /** Entries of the project's MCP configuration as agents take them. @throws UserError for a name that is not there */
  agentServers(names: readonly string[]): AgentServers;
  /** A text without the values of known secrets, for what leaves the project. */
  redact(text: string): string;
  /** A page on which a wait can be answered, by its place; undefined where nobody serves one. */
  answerLink(executionId: string, wait: string): string | undefined;
  /** What a target means now. @throws UserError where it means nothing, or does not take such an input */
  locateWorkflow(target: string, input: unknown): Promise<LocatedWorkflow>;
  /** In a test of a definition: what stands for its steps. */
  readonly fixtures?: Pick<Fixtures, "covers" | "take" | "workspace"> | undefined;
}

export interface AgentServers {
  /** As they stand in the configuration, with variables that the agent fills in. */
  servers: Record<string, unknown>;
  /** Names of these variables. */
  variables: string[];
}

/** A version that can be started. */
export interface LocatedWorkflow {
  /** Name of the workflow. */
  name: string;
  /** As it is recorded with the execution. */
  target: string;
  version: string;
  timeoutMs: number | null;
  limits?: Limits | undefined;
}

/** What the modules that a definition brings along export: by module, as its steps write it, and by name. */
export type StepFunctions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
