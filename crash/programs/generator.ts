import { below, type Random } from "./random.ts";
import type { End, Program, Step } from "./steps.ts";

/** Makes the program of a seed. */
export function makeProgram(random: Random): Program {
  const steps = new Generator(random).block({ depth: 2, isRaced: false, isChild: false }, 5);
  return { steps, end: endOf(below(random, 20)), round: 0 };
}

interface Place {
  depth: number;
  /** A foreign await that itself ends a race leaves nothing on the record, so a race holds none. */
  isRaced: boolean;
  isChild: boolean;
}

class Generator {
  readonly #random: Random;
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  block(place: Place, most: number): Step[] {
    return Array.from({ length: 1 + this.#below(most) }, () => this.#step(place));
  }

  #step(place: Place): Step {
    const kind = this.#below(place.depth > 0 ? 26 : 18);
    if (kind < 3) return { op: "call", name: this.#name(), arg: this.#below(3) === 0 ? 0 : this.#arg() };
    if (kind < 9) return this.#checkpoint(kind);
    if (kind < 18) return this.#other(kind, place);
    return this.#nested(kind, { ...place, depth: place.depth - 1 });
  }

  #checkpoint(kind: number): Step {
    switch (kind) {
      case 3:
        return { op: "flaky", arg: this.#arg(), fails: 1 + this.#below(2) };
      case 4:
        return { op: "caught", arg: this.#arg() };
      case 5:
        return { op: "submit", name: this.#name(), arg: this.#arg(), taken: this.#flips() };
      case 6:
        return { op: "map", args: this.#args(4), concurrency: 1 + this.#below(3) };
      case 7:
        return this.#flips()
          ? { op: "product", lefts: this.#args(2), rights: this.#args(2), concurrency: 1 + this.#below(4) }
          : { op: "broken map", args: this.#args(3), failing: this.#below(3) };
      default:
        return { op: "slow", arg: this.#arg() };
    }
  }

  #other(kind: number, { isRaced }: Place): Step {
    switch (kind) {
      case 9:
      case 10:
        return { op: "wait", name: `w${this.#below(2)}`, expires: this.#below(4) === 0 };
      case 11:
        return { op: "deadline", name: `d${this.#below(2)}`, hasDefault: this.#flips() };
      case 12:
        return { op: "abort", name: `a${this.#below(2)}` };
      case 13:
        return this.#pause(isRaced);
      case 14:
        return { op: "value" };
      case 15:
        return { op: "log", arg: this.#arg() };
      case 16: {
        const arg = this.#arg();
        return { op: "save", name: `s${arg}`, arg };
      }
      default:
        return { op: "sleep", ms: 5_000 };
    }
  }

  #pause(isRaced: boolean): Step {
    const draw = this.#below(isRaced ? 3 : 6);
    if (draw === 3) return { op: "foreign" };
    if (draw > 3) return { op: "crossing", name: this.#name(), args: [this.#arg(), this.#arg(), this.#arg()] };
    return { op: "sleep", ms: [1, 900, 60_000][draw] ?? 1 };
  }

  #nested(kind: number, place: Place): Step {
    const branches = (count: number, isRaced: boolean) =>
      Array.from({ length: count }, () => this.block({ ...place, isRaced }, 2));
    if (kind < 20) return { op: "all", branches: branches(2 + this.#below(2), place.isRaced) };
    if (kind < 22) return { op: "race", branches: branches(2, true) };
    if (kind < 23) return { op: "tried", body: this.block(place, 2), arg: this.#arg() };
    if (kind < 24 || place.isChild) return { op: "loop", times: 2, body: this.block(place, 2) };
    const steps = this.block({ depth: 1, isRaced: false, isChild: true }, 2);
    return { op: "child", steps, taken: this.#flips() };
  }

  #below(most: number): number {
    return below(this.#random, most);
  }

  #flips(): boolean {
    return this.#below(2) === 0;
  }

  #name(): string {
    return `c${this.#below(3)}`;
  }

  #arg(): number {
    return this.#count++;
  }

  #args(most: number): number[] {
    return Array.from({ length: 1 + this.#below(most) }, () => this.#arg());
  }
}

function endOf(draw: number): End {
  const special: End[] = ["throws", "overdue", "mended", "continues", "continues"];
  return special[draw] ?? "returns";
}
