import { GuardrailExceeded } from "../../budgets/exceeded.ts";
import { MisuseError } from "../../flows/errors.ts";
import type { AgentCall, ModelCall, RunningCheckpoint, ToolCall } from "../../flows/runtime.ts";
import type { ActivationPort, RunningBody } from "../activation/activation-port.ts";
import { workplaceOf } from "./workplace.ts";

const oneCall = { requests: 0, tokens: 0, toolCalls: 1, turns: 0, costUsd: 0 };
const callers = { model: "llm()", agent: "agent()", tool: "a tool" } as const;

/** Calls of models, agents and tools: what they do happens in a checkpoint, and counts in its budgets. */
export class OutsideCalls {
  readonly #activation: ActivationPort;

  constructor(activation: ActivationPort) {
    this.#activation = activation;
  }

  async askModel({ request, callTool, parse, isWholeCheckpoint }: ModelCall, inside: RunningCheckpoint) {
    const run = await this.#begin(inside, "model");
    const workplace = workplaceOf(this.#activation, run, isWholeCheckpoint);
    const answer = await this.#within(run, this.#activation.context.ports.askModel(request, workplace, callTool));
    return { value: await parse(answer), answer };
  }

  async runAgent({ request, secrets, parse, isWholeCheckpoint }: AgentCall, inside: RunningCheckpoint) {
    const run = await this.#begin(inside, "agent");
    const workplace = workplaceOf(this.#activation, run, isWholeCheckpoint);
    const set = { ...request.set };
    for (const { variable, name, key } of secrets) {
      set[variable] = await this.#activation.runtime.secret(name, key, inside);
    }
    const answer = await this.#within(run, this.#activation.context.ports.runAgent({ ...request, set }, workplace));
    return { value: await parse(answer), answer };
  }

  async callTool({ server, tool, make }: ToolCall, inside: RunningCheckpoint): Promise<unknown> {
    const run = await this.#begin(inside, "tool");
    const { budget, event } = workplaceOf(this.#activation, run, false);
    const reservation = await this.#within(run, budget.reserve(oneCall));
    event("tool_called", { server, tool });
    const startedAt = this.#activation.now();
    const answered = (status: "completed" | "failed") =>
      event("tool_answered", { server, tool, status, ms: this.#activation.now() - startedAt });
    try {
      // Counted when it goes out, since one that hangs may never end.
      const answer = await make(() => reservation.settle({ toolCalls: 1 }));
      answered("completed");
      return answer;
    } catch (error) {
      answered("failed");
      throw error;
    } finally {
      await reservation.settle({});
    }
  }

  async #begin(inside: RunningCheckpoint, worker: keyof typeof callers): Promise<RunningBody> {
    const run = this.runOf(inside, callers[worker]);
    await run.beginOutside(worker);
    return run;
  }

  /** The checkpoint that is running. @throws MisuseError when it is not any more */
  runOf(inside: RunningCheckpoint, what: string): RunningBody {
    for (const run of this.#activation.running) if (run.context === inside) return run;
    throw new MisuseError(`${what}: checkpoint ${inside.selector} has ended: await everything it starts`);
  }

  /** A limit ends the attempt whatever its code would make of the error: limits that can be caught are none. */
  async #within<T>(run: RunningBody, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof GuardrailExceeded)) throw error;
      run.crash(error);
      return new Promise<never>(() => {});
    }
  }
}
