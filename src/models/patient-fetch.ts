/** What Node.js keeps its own connections in; only through it can a request say how long it waits. */
const dispatcherKey = Symbol.for("undici.globalDispatcher.1");

type Dispatcher = NonNullable<RequestInit["dispatcher"]>;

/**
 * `fetch` that waits for a server as long as it takes: Node.js gives up after five minutes in which nothing came, and a
 * large model on a small machine may need longer for its first word. Who calls it ends it by the signal.
 */
export function patientFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const known: unknown = Reflect.get(globalThis, dispatcherKey);
  if (!isDispatcher(known)) return fetch(input, init);
  return fetch(input, { ...init, dispatcher: patient(known) });
}

/** A `fetch` that goes where it is sent and nowhere else: a redirect would take the key and the prompt along. */
export function withoutRedirects(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (input, init) => fetch(input, { ...init, redirect: "manual" });
}

function patient(dispatcher: Dispatcher): Dispatcher {
  return new Proxy(dispatcher, {
    get(target, property) {
      if (property !== "dispatch") return Reflect.get(target, property);
      const dispatch: Dispatcher["dispatch"] = (options, handler) =>
        target.dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, handler);
      return dispatch;
    },
  });
}

function isDispatcher(value: unknown): value is Dispatcher {
  return typeof value === "object" && value !== null && "dispatch" in value && typeof value.dispatch === "function";
}
