import { isUserError, UserError } from "../core/errors.ts";
import { type FormText, fieldOf, formPage, messagePage } from "./page-html.ts";
import { longestValueBytes, valueProblems } from "./rules.ts";
import type { SecretValues } from "./values.ts";
import type { StoredSecret } from "./vault.ts";

export interface PageRequest extends FormText {
  /** Ends the asking: nobody waits for the values any more. */
  signal: AbortSignal;
  /** Words that no value may hide. */
  words?: readonly string[];
  /** Stores the values. What it throws is shown on the page and ends the asking. */
  accept(values: SecretValues): StoredSecret;
}

export interface PageAnswer {
  status: number;
  html: string;
}

type State = "open" | "answered" | "ended" | "expired";

/** One page, which takes values once, while somebody waits for them. */
export class SecretPage {
  /** What was stored. @throws UserError when nothing was */
  readonly answered: Promise<StoredSecret>;
  /** Of a body: what the values may take when every byte is escaped. */
  readonly longestBodyBytes: number;
  readonly #request: PageRequest;
  readonly #outcome = Promise.withResolvers<StoredSecret>();
  readonly #onAbort = () => this.end();
  #state: State = "open";

  constructor(request: PageRequest) {
    this.#request = request;
    this.longestBodyBytes = request.keys.length * (3 * longestValueBytes + 100);
    this.answered = this.#outcome.promise;
    // Whoever asked may have left already.
    this.answered.catch(() => {});
    request.signal.addEventListener("abort", this.#onAbort, { once: true });
    if (request.signal.aborted) this.end();
  }

  /** Nobody waits any more. */
  end(): void {
    this.#close("ended", "the call ended before the values were given: nothing was stored");
  }

  expire(): void {
    this.#close("expired", "nobody gave the values in time: nothing was stored");
  }

  form(): PageAnswer {
    return this.#state === "open" ? { status: 200, html: formPage(this.#request, []) } : gone(this.#state);
  }

  submit(form: ReadonlyMap<string, string>): PageAnswer {
    if (this.#state !== "open") return gone(this.#state);
    const { keys, words } = this.#request;
    const given = keys.map((key, index) => ({ key, value: form.get(fieldOf(index)) ?? "" }));
    const problems = given.flatMap(({ key, value }) => valueProblems(key, value, words));
    if (problems.length > 0) return { status: 422, html: formPage(this.#request, problems) };
    return this.#store(Object.fromEntries(given.map(({ key, value }) => [key, value])));
  }

  #store(values: SecretValues): PageAnswer {
    this.#state = "answered";
    this.#request.signal.removeEventListener("abort", this.#onAbort);
    try {
      const stored = this.#request.accept(values);
      this.#outcome.resolve(stored);
      const sentences = [`The secret ${stored.secret.name} is stored, sealed. You may close this page.`];
      return { status: 200, html: messagePage("Stored", [...sentences, ...stored.warnings]) };
    } catch (error) {
      this.#outcome.reject(error);
      const said = isUserError(error) ? error.message : "Savepoint failed to store it; its log says why";
      return { status: 409, html: messagePage("Nothing was stored", [said, "You may close this page."]) };
    }
  }

  #close(state: State, message: string): void {
    if (this.#state !== "open") return;
    this.#state = state;
    this.#request.signal.removeEventListener("abort", this.#onAbort);
    const { name, keys } = this.#request;
    this.#outcome.reject(
      new UserError("unavailable", message, {
        hint: `Call secrets_create again, or let the person type it in a terminal: \`savepoint secrets set ${name} ${keys.join(" ")}\`.`,
      }),
    );
  }
}

function gone(state: Exclude<State, "open">): PageAnswer {
  const html =
    state === "answered"
      ? messagePage("This page has been used", ["It takes values once. You may close it."])
      : messagePage("Nobody waits for this any more", [
          state === "expired" ? "The time to answer is over." : "The call that asked has ended.",
          "Nothing was stored. Let the program ask again, then use the new page.",
        ]);
  return { status: 410, html };
}
