/** What a run of the benchmark found out, by key. */
export type Figures = Record<string, number>;

export interface Goal {
  text: string;
  met(value: number, all: Figures): boolean;
}

/** One figure: a key of the answer, and a line of the table. */
export interface Line {
  key: string;
  title: string;
  goal?: Goal;
  /** Whether nothing, or less, is a figure as well: otherwise it counts as missing. */
  mayBeZero?: boolean;
}

export interface Place {
  /** The measure's own, on the disk that is measured; removed afterwards. */
  folder: string;
  /** Everything tiny: no times are judged. */
  smoke: boolean;
}

/** One measure, with every figure that it gives. */
export interface Measure {
  /** What `--only` calls it. */
  name: string;
  lines: readonly Line[];
  /** @throws Error when what was to be measured did not happen as it should */
  take(place: Place): Promise<Figures>;
}

/** @throws Error naming each figure that is missing */
export function requireFigures({ name, lines }: Measure, figures: Figures): void {
  const isMissing = ({ key, mayBeZero }: Line) => {
    const value = figures[key] ?? Number.NaN;
    return !Number.isFinite(value) || (value <= 0 && mayBeZero !== true);
  };
  const missing = lines.filter(isMissing).map(({ key }) => `${key} (${figures[key]})`);
  if (missing.length > 0) throw new Error(`${name}: missing: ${missing.join(", ")}`);
}

export function atLeast(least: number): Goal {
  return { text: `>= ${least}`, met: (value) => value >= least };
}

export function below(most: number): Goal {
  return { text: `< ${most.toLocaleString("en")}`, met: (value) => value < most };
}
