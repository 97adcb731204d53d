import type { Clock } from "../core/clock.ts";
import type { AgentAnswer, AgentRequest, ModelAnswer, ModelRequest } from "../core/model-call.ts";
import type { Workplace } from "../core/workplace.ts";
import type { FlowDefinition } from "../flows/flow.ts";
import type { Store } from "../store/store.ts";

/** A version's flow, ready to run. */
export interface LoadedFlow {
  definition: FlowDefinition;
  /** External packages whose version is not the one that the execution was pinned with. */
  dependencyChanges: Record<string, { was: string; now: string | null }>;
}

/** What the engine needs of others; the composition root supplies it. */
export interface EnginePorts {
  /**
   * Loads the code that an execution is pinned to. `load` runs user code: the caller sets the scope in which its
   * console output belongs to the execution.
   * @throws UserError when the version is missing or damaged: the execution is deferred, not failed
   */
  loadFlow(version: string, workflow: string): Promise<LoadedFlow>;
  /** The flow of this name in a version that is loaded here; undefined when there is none, or more than one. */
  loadedFlow(version: string, workflow: string): FlowDefinition | undefined;
  /** Keyed hash of encoded arguments. @throws UserError when the project's data key cannot be unwrapped */
  hashArguments(encoded: string): string;
  /** One value of a secret of the project. @throws UserError `not_found` */
  readSecret(name: string, key: string, workflow: string): string;
  /** Asks a language model. @throws ModelError, GuardrailExceeded */
  askModel(request: ModelRequest, workplace: Workplace, callTool: ToolCaller): Promise<ModelAnswer>;
  /** Lets an agent work. @throws ModelError, GuardrailExceeded */
  runAgent(request: AgentRequest, workplace: Workplace): Promise<AgentAnswer>;
}

export type ToolCaller = (name: string, input: unknown) => Promise<unknown>;

export interface EngineContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly ports: EnginePorts;
}
