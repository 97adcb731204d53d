import { StepFailed } from "../flows/errors.ts";

/** Steps that run side by side: once one of them has failed, nothing begins any more, and nobody is waited for. */
export class Halt {
  readonly #parent: Halt | undefined;
  readonly #stopped = Promise.withResolvers<never>();
  #isOver = false;

  constructor(parent: Halt | undefined) {
    this.#parent = parent;
    // Nobody may be looking when it happens.
    this.#stopped.promise.catch(() => {});
    parent?.promise.catch(() => this.stop());
  }

  get isOver(): boolean {
    return this.#isOver || this.#parent?.isOver === true;
  }

  get promise(): Promise<never> {
    return this.#stopped.promise;
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopped.reject(new Error("another step has failed"));
  }

  /** @throws StepFailed where the step is not to begin any more */
  check(step: string): void {
    if (!this.isOver) return;
    // It is the other step's failure, so nothing is recorded of this one.
    const cause = new Error("another step has failed");
    throw new StepFailed(step, "it was left: another step has failed", { code: "left", cause });
  }

  /** What may take for ever is left as it is. @throws StepFailed */
  async whileGoing<T>(step: string, work: Promise<T>): Promise<T> {
    return Promise.race([work, this.promise.catch(() => this.check(step) as never)]);
  }
}
