import { shown } from "../core/shown.ts";
import { MisuseError } from "./errors.ts";
import { checkOptions } from "./option-checks.ts";

export interface FanOutOptions {
  /** How many run at a time. Default 20. */
  concurrency?: number;
}

const usualConcurrency = 20;

/**
 * Calls `call` for each item, so many at a time, and answers the results in the order of the items. After a failure
 * nothing more begins; what runs is awaited, and then the failure that came first is thrown.
 */
export async function forEachItem<Item, Result>(
  items: readonly Item[],
  { concurrency = usualConcurrency }: FanOutOptions,
  call: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const run = async () => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      try {
        results[index] = await call(items[index] as Item, index);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, run));
  if (failures.length > 0) throw failures[0];
  return results;
}

/** Every combination of one item of each list, the last list's items changing fastest, with the places they come from. */
export function combinations(lists: readonly (readonly unknown[])[]): { items: unknown[]; place: number[] }[] {
  return lists.reduce<{ items: unknown[]; place: number[] }[]>(
    (before, list) =>
      before.flatMap(({ items, place }) =>
        list.map((item, index) => ({ items: [...items, item], place: [...place, index] })),
      ),
    [{ items: [], place: [] }],
  );
}

/** @throws MisuseError */
export function checkFanOut(what: string, lists: readonly unknown[], options: FanOutOptions): void {
  const wrong = lists.findIndex((list) => !Array.isArray(list));
  if (wrong >= 0) throw new MisuseError(`${what}: it takes arrays; argument ${wrong + 1} is ${shown(lists[wrong])}`);
  checkOptions<FanOutOptions>(what, options, ["concurrency"]);
  const { concurrency = usualConcurrency } = options;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw new MisuseError(`${what}: concurrency must be a whole number of 1 or more; it is ${shown(concurrency)}`);
  }
}
