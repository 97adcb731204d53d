import type { EventType } from "../../store/events.ts";
import type { Fence } from "../../store/execution.ts";
import type { JournalEntry } from "../../store/journal.ts";
import type { EngineContext } from "../ports.ts";
import type { Delivery } from "./delivery.ts";
import { type Call, Matcher } from "./matching.ts";

/** What the entries need of the activation that they belong to. */
export interface EntriesHost {
  readonly context: EngineContext;
  readonly fence: Fence;
  readonly delivery: Delivery;
  now(): number;
  /** Where a pause takes effect: what would begin waits until the execution is resumed. */
  whenUnpaused(begin: () => void): void;
  /** Queues a write that nobody waits for. */
  note(apply: () => void): void;
  /** Inside a write: appends to the timeline. */
  event(type: EventType, ordinal: number | null, data?: Record<string, unknown>): void;
}

/** From so many entries on, an author should know that waking up takes longer and longer. */
const longJournal = 10_000;

/** The journal of one execution as its activation knows it: what is recorded, and which call took what. */
export class Entries {
  readonly matcher: Matcher;
  readonly #host: EntriesHost;
  readonly #byOrdinal: Map<number, JournalEntry>;
  #nextOrdinal: number;

  /** @param lastOrdinal of the journals before this one */
  constructor(host: EntriesHost, recorded: readonly JournalEntry[], lastOrdinal: number) {
    this.#host = host;
    this.#byOrdinal = new Map(recorded.map((entry) => [entry.ordinal, entry]));
    this.#nextOrdinal = (recorded.at(-1)?.ordinal ?? lastOrdinal) + 1;
    this.matcher = new Matcher(recorded);
  }

  all(): JournalEntry[] {
    return [...this.#byOrdinal.values()];
  }

  get(ordinal: number): JournalEntry | undefined {
    return this.#byOrdinal.get(ordinal);
  }

  get lastOrdinal(): number {
    return this.#nextOrdinal - 1;
  }

  /** Puts what is settled on record before anything is asked, in the order in which it was committed. */
  announceSettled(): void {
    const settled = this.all().filter(({ position }) => position !== null);
    settled.sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
    for (const entry of settled) this.settled(entry);
  }

  /** Finds the call's recorded entry, or holds the call until it is clear that it has none. */
  enter(call: Call, begin: (taken: JournalEntry | undefined) => void): void {
    const number = this.matcher.number(call);
    const match = this.matcher.match(call, number);
    if (match === "none") return this.#host.whenUnpaused(() => begin(undefined));
    if (match !== "held") return this.#take(match.taken, call, begin);
    this.#host.delivery.hold(() => {
      const taken = this.matcher.takeOccurrence(call, number);
      if (taken === undefined) return this.#host.whenUnpaused(() => begin(undefined));
      this.#take(taken, call, begin);
    });
  }

  /** A new entry; whoever asked for it writes it. */
  create(call: Call, fields: Partial<JournalEntry> & Pick<JournalEntry, "status">): JournalEntry {
    const entry: JournalEntry = {
      ordinal: this.#nextOrdinal++,
      kind: call.kind,
      scope: call.scope,
      name: call.name,
      occurrence: this.matcher.nextOccurrence(call),
      argumentsHash: call.argumentsHash,
      origin: null,
      type: null,
      reuse: "own",
      attempt: 1,
      afterPosition: this.#host.delivery.frontier,
      position: null,
      dueAt: null,
      output: null,
      failure: null,
      detail: null,
      metadata: null,
      progress: null,
      startedAt: this.#host.now(),
      endedAt: null,
      ...fields,
    };
    this.#byOrdinal.set(entry.ordinal, entry);
    if (this.#byOrdinal.size === longJournal) this.#warn();
    return entry;
  }

  /** The entry's settlement is on the record: it may be delivered in its turn. */
  settled(entry: JournalEntry): void {
    if (entry.position !== null) this.#host.delivery.record(entry.position, entry.ordinal);
  }

  /** Takes over what other processes settled. */
  merge(foreign: readonly JournalEntry[]): void {
    for (const entry of foreign) {
      const known = this.#byOrdinal.get(entry.ordinal);
      if (known === undefined) this.#byOrdinal.set(entry.ordinal, entry);
      else Object.assign(known, entry);
      this.settled(entry);
    }
  }

  #warn(): void {
    const { context, fence } = this.#host;
    const message = `the journal has ${longJournal} entries, and each wake-up reads all of them: a flow that goes on for ever should call continueAsNew(input) now and then`;
    this.#host.note(() => {
      this.#host.event("journal_long", null, { entries: longJournal });
      const at = this.#host.now();
      context.store.logs.append(fence.seq, {
        at,
        level: "warn",
        source: "engine",
        ordinal: null,
        frontier: null,
        message,
      });
    });
  }

  #take(taken: JournalEntry, call: Call, begin: (taken: JournalEntry) => void): void {
    const changed = taken.argumentsHash !== call.argumentsHash;
    if (taken.reuse === "candidate") this.#adopt(taken, call);
    else if (changed) this.#host.note(() => this.#host.event("input_changed", taken.ordinal));
    begin(taken);
  }

  /** An entry of the replay's source becomes one of this execution when a call takes it. */
  #adopt(entry: JournalEntry, call: Call): void {
    const { context, fence, delivery } = this.#host;
    entry.reuse = "own";
    entry.argumentsHash = call.argumentsHash;
    entry.afterPosition = delivery.frontier;
    if (entry.origin !== "overridden") entry.origin = "replayed";
    const type = entry.origin === "overridden" ? "checkpoint_overridden" : "checkpoint_replayed";
    this.#host.note(() => {
      context.store.journal.update(fence.seq, entry);
      if (entry.kind === "checkpoint") this.#host.event(type, entry.ordinal);
    });
  }
}
