interface Submission {
  promise: Promise<unknown>;
  /** Whether the body has asked for its result, and so knows of a failure. */
  isTaken: boolean;
}

/** Calls that a body made without awaiting them: it ends when they have. */
export class Submitted {
  readonly #open: Submission[] = [];

  add(promise: Promise<unknown>): { result(): Promise<unknown> } {
    const submission = { promise, isTaken: false };
    this.#open.push(submission);
    // Looked at when the body has ended.
    promise.catch(noop);
    return {
      result() {
        submission.isTaken = true;
        return promise;
      },
    };
  }

  /** @throws the failure of the first call whose result nobody took */
  async finish(): Promise<void> {
    const failures: unknown[] = [];
    for (let at = 0; at < this.#open.length; at++) {
      const submission = this.#open[at];
      await submission?.promise.catch((error: unknown) => {
        if (!submission.isTaken) failures.push(error);
      });
      // A branch that goes on beside the body, after a race that it lost, may start something more now.
      if (at === this.#open.length - 1) await new Promise((resolve) => setImmediate(resolve));
    }
    if (failures.length > 0) throw failures[0];
  }
}

function noop(): void {}
