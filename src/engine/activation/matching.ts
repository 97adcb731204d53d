import type { EntryKind, JournalEntry } from "../../store/journal.ts";

/** A call of a primitive, as far as it decides which recorded entry belongs to it. */
export interface Call {
  kind: EntryKind;
  scope: string;
  name: string;
  argumentsHash: string | null;
}

/**
 * Which recorded entry a call takes. `held`: entries of its name are left, but none with its arguments; it must wait
 * until nothing else can claim one of them. `none`: nothing is recorded for it, so it runs.
 */
export type Match = { taken: JournalEntry } | "held" | "none";

/** Finds for each call its recorded entry: by scope and name, then by arguments, never by global sequence. */
export class Matcher {
  readonly #groups = new Map<string, Group>();
  #wasAsked = false;

  constructor(entries: readonly JournalEntry[]) {
    for (const entry of entries) this.#group(entry).add(entry);
  }

  /** Whether any call was made. */
  get wasAsked(): boolean {
    return this.#wasAsked;
  }

  /** The call's number among the calls of its scope and name; each call asks once, in call order. */
  number(call: Call): number {
    this.#wasAsked = true;
    return this.#group(call).nextCall++;
  }

  match(call: Call, number: number): Match {
    const group = this.#group(call);
    const taken = group.takeEqual(number, call.argumentsHash);
    if (taken !== undefined) return { taken };
    return group.ownLeft > 0 ? "held" : "none";
  }

  /** For a held call that is released: its occurrence's entry, whatever its arguments were. */
  takeOccurrence(call: Call, number: number): JournalEntry | undefined {
    return this.#group(call).takeOwn(number);
  }

  /** The occurrence that a new entry gets: one more than the journal has. */
  nextOccurrence(call: Pick<Call, "kind" | "scope" | "name">): number {
    return ++this.#group(call).lastOccurrence;
  }

  /** How many calls of that scope and name there were. */
  callsOf(call: Pick<Call, "kind" | "scope" | "name">): number {
    return this.#group(call).nextCall - 1;
  }

  /** What is recorded and nobody asked for. */
  untaken(): JournalEntry[] {
    return [...this.#groups.values()].flatMap((group) => group.untaken());
  }

  #group({ kind, scope, name }: Pick<Call, "kind" | "scope" | "name">): Group {
    const key = `${kind}\n${scope}\n${name}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new Group();
      this.#groups.set(key, group);
    }
    return group;
  }
}

/** The entries of one kind, scope and name. Queues skip what was taken, so each entry is passed once. */
class Group {
  nextCall = 1;
  lastOccurrence = 0;
  ownLeft = 0;
  readonly #byOccurrence = new Map<number, JournalEntry>();
  readonly #byArguments = new Map<string | null, JournalEntry[]>();

  add(entry: JournalEntry): void {
    this.#byOccurrence.set(entry.occurrence, entry);
    const equal = this.#byArguments.get(entry.argumentsHash);
    if (equal === undefined) this.#byArguments.set(entry.argumentsHash, [entry]);
    else equal.push(entry);
    this.lastOccurrence = Math.max(this.lastOccurrence, entry.occurrence);
    if (fitsByPlace(entry)) this.ownLeft++;
  }

  takeEqual(number: number, argumentsHash: string | null): JournalEntry | undefined {
    const same = this.#byOccurrence.get(number);
    if (same !== undefined && same.argumentsHash === argumentsHash) return this.#take(same);
    const equal = this.#byArguments.get(argumentsHash);
    if (equal === undefined) return undefined;
    let first = equal[0];
    while (first !== undefined && !this.#isLeft(first)) {
      equal.shift();
      first = equal[0];
    }
    return first && this.#take(first);
  }

  takeOwn(number: number): JournalEntry | undefined {
    const entry = this.#byOccurrence.get(number);
    return entry !== undefined && fitsByPlace(entry) ? this.#take(entry) : undefined;
  }

  untaken(): JournalEntry[] {
    return [...this.#byOccurrence.values()];
  }

  #isLeft(entry: JournalEntry): boolean {
    return this.#byOccurrence.get(entry.occurrence) === entry;
  }

  #take(entry: JournalEntry): JournalEntry {
    this.#byOccurrence.delete(entry.occurrence);
    if (fitsByPlace(entry)) this.ownLeft--;
    return entry;
  }
}

/** An overridden entry stands for its call even when an earlier override changed that call's arguments. */
function fitsByPlace(entry: JournalEntry): boolean {
  return entry.reuse === "own" || entry.origin === "overridden";
}
