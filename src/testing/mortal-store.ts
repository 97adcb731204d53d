import type { Store } from "../store/store.ts";

/** What keeps a process alive: once it is pulled nothing of the process is written any more. */
export interface Plug {
  isPulled: boolean;
}

/**
 * Stands in the way of each transaction; `last` runs inside it, just before the commit. What it throws, the store
 * throws.
 */
export type OnWrite = (write: (last?: () => void) => unknown) => unknown;

/**
 * The real store, except that once the plug is pulled nothing is written and the worker finds that it holds nothing.
 */
export function mortalStore(store: Store, plug: Plug, onWrite: OnWrite | undefined): Store {
  return {
    ...store,
    executions: { ...store.executions, ownedBy: (owner) => (plug.isPulled ? [] : store.executions.ownedBy(owner)) },
    write<T>(work: () => T): T {
      if (plug.isPulled) throw new Error("this process is dead");
      if (onWrite === undefined) return store.write(work);
      const write = (last?: () => void) =>
        store.write(() => {
          const written = work();
          last?.();
          return written;
        });
      return onWrite(write) as T;
    },
  };
}
