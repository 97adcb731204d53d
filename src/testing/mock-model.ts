import { UserError } from "../core/errors.ts";
import { type MockReply, type MockRequest, type Resolved, resolveReply } from "./mock-reply.ts";

/**
 * A language model that answers as the test says. It stands for the provider's server alone: aliases, budgets, traces,
 * streaming and the checks of structured answers are the real ones.
 *
 * @example
 * const model = mockModel(byContent({ refund: "billing", crash: "engineering" }, "other"));
 */
export class MockModel {
  /** What was asked, oldest first. */
  readonly requests: MockRequest[] = [];
  readonly #reply: MockReply | readonly MockReply[];

  constructor(reply: MockReply | readonly MockReply[]) {
    this.#reply = reply;
  }

  /** @throws UserError `not_found` when nothing was asked yet */
  get lastRequest(): MockRequest {
    const last = this.requests.at(-1);
    if (last !== undefined) return last;
    throw new UserError("not_found", "the mocked model has not been asked anything", {
      hint: "Await what asks it first, run.settled() for example; model.requests is a list that may be empty.",
    });
  }

  /** For the test engine: what it answers to a request, which is kept. */
  async answer(asked: Omit<MockRequest, "call">): Promise<Resolved> {
    const request = { ...asked, call: this.requests.length + 1 };
    this.requests.push(request);
    return resolveReply(Array.isArray(this.#reply) ? this.#inTurn(this.#reply, request) : this.#reply, request);
  }

  #inTurn(replies: readonly MockReply[], { call, step }: MockRequest): MockReply {
    const reply = replies[call - 1];
    if (reply !== undefined) return reply;
    throw new UserError("not_found", `the mocked model has ${replies.length} answers, and ${step} asks for one more`, {
      hint: "A list is answered in turn, once. Pass a function for any number of requests; what it returns may be a list.",
    });
  }
}

/** @param reply what it answers: one reply for all requests, or a list of replies that are given in turn */
export function mockModel(reply: MockReply | readonly MockReply[]): MockModel {
  return new MockModel(reply);
}
