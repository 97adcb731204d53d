import { GuardrailExceeded } from "../../budgets/exceeded.ts";
import { MisuseError } from "../../flows/errors.ts";
import type { AgentCall, ModelCall, RunningCheckpoint } from "../../flows/runtime.ts";
import type { ActivationPort, RunningBody } from "../activation/activation-port.ts";
import { workplaceOf } from "./workplace.ts";

/** Calls of models and agents: what they do happens in a checkpoint, and counts in its budgets. */
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

  async #begin(inside: RunningCheckpoint, worker: "model" | "agent"): Promise<RunningBody> {
    for (const run of this.#activation.running) {
      if (run.context !== inside) continue;
      await run.beginOutside(worker);
      return run;
    }
    throw new MisuseError(
      `${worker === "model" ? "llm()" : "agent()"}: checkpoint ${inside.selector} has ended: await everything it starts`,
    );
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
