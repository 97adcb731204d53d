import { openConnection } from "../../src/store/database.ts";
import type { ExecutionFilter } from "../../src/store/listings-filter.ts";
import { type Million, multiply } from "../crowds/million.ts";
import { median, rounded } from "../figures.ts";
import { below, type Figures, type Line, type Measure, type Place } from "../measure.ts";
import { BenchProject } from "../processes/project.ts";

type Filter = Omit<ExecutionFilter, "limit" | "before">;

const limit = 50;
const groups = {
  all: "no filter",
  status: "status",
  workflow: "workflow",
  stack: "stack",
  trigger: "trigger",
  tag: "a tag",
  parent: "parent",
  replayed_from: "replayed from",
  since: "since",
  until: "until",
  search: "search",
  combined: "status + workflow + time",
};
type Group = keyof typeof groups;

/** How long a page of 50 executions out of a million takes, the slowest of everything that can be asked for. */
export const page: Measure = {
  name: "page",
  lines: [
    { key: "page_ms", title: "a page of 50 out of 1,000,000, slowest filter, p50 (ms)", goal: below(10) },
    ...Object.entries(groups).map(
      ([group, title]): Line => ({ key: keyOf(group), title: `  ${title} (ms)`, goal: below(10) }),
    ),
  ],
  take,
};

async function take({ folder, smoke }: Place): Promise<Figures> {
  const project = await BenchProject.open(folder);
  try {
    const million = await fill(project, smoke ? 3_000 : 1_000_000);
    const figures: Figures = {};
    for (const [group, filters] of Object.entries(questions(million))) {
      const taken: number[] = [];
      for (const filter of filters) taken.push(...(await pagesOf(project, filter, { million, smoke })));
      figures[keyOf(group)] = rounded(Math.max(...taken));
    }
    await verify(project, million);
    return { page_ms: Math.max(...Object.values(figures)), ...figures };
  } finally {
    await project.close();
  }
}

async function fill(project: BenchProject, executions: number): Promise<Million> {
  const worker = await project.worker();
  const [template] = await project.run("flows/review.ts:review", [{ topic: "otters" }]);
  if (template === undefined) throw new Error("nothing was run");
  await project.reached(template, "completed");
  await worker.stop();
  const connection = openConnection(project.app.store.databasePath);
  try {
    return multiply(connection, template.seq, executions);
  } finally {
    connection.pragma("wal_checkpoint(TRUNCATE)");
    connection.close();
  }
}

/** Of every filter what is common, what is rare, and what there is none of. */
function questions({ parentSeq, sourceId, firstAt, lastAt }: Million): Record<Group, Filter[]> {
  const at = (part: number) => Math.round(firstAt + (lastAt - firstAt) * part);
  return {
    all: [{}],
    status: [{ status: "completed" }, { status: "waiting" }, { status: "failed" }, { status: "running" }],
    workflow: [{ workflow: "review" }, { workflow: "audit" }, { workflow: "unknown" }],
    stack: [{ stack: "local" }, { stack: "remote" }],
    trigger: [{ trigger: "api" }, { trigger: "event" }],
    tag: [{ tags: ["nightly"] }, { tags: ["customer-77"] }, { tags: ["incident"] }],
    parent: [{ parentSeq }],
    replayed_from: [{ replayedFrom: sourceId }],
    since: [{ since: at(0) }, { since: at(0.5) }, { since: at(0.9999) }],
    until: [{ until: at(1) }, { until: at(0.5) }, { until: at(0.0001) }],
    search: [
      { search: "otters" },
      { search: "saltwater" },
      { search: "otters saltwater" },
      { search: "zebra" },
      // Beginnings of words, and two common words that are never found together.
      { search: "revi" },
      { search: "ott riv" },
      { search: "review summary" },
    ],
    combined: [
      { status: "completed", workflow: "review", since: at(0.1), until: at(0.9) },
      { status: "failed", workflow: "summary", since: at(0.1), until: at(0.9) },
      { status: "failed", workflow: "review", since: at(0.1), until: at(0.9) },
      { status: "waiting", workflow: "summary", until: at(0.5) },
    ],
  };
}

/** Medians in milliseconds: of the first page and, where there are more, of one that lies deep inside. */
async function pagesOf(
  project: BenchProject,
  filter: Filter,
  { million, smoke }: { million: Million; smoke: boolean },
): Promise<number[]> {
  const samples = smoke ? 3 : 25;
  const first = await pageOf(project, { ...filter, limit }, samples);
  if (!first.hasMore) return [first.medianMs];
  const deep = await pageOf(project, { ...filter, before: Math.round(million.executions * 0.3), limit }, samples);
  return [first.medianMs, deep.medianMs];
}

async function pageOf({ app }: BenchProject, filter: ExecutionFilter, samples: number) {
  const taken: number[] = [];
  let hasMore = false;
  for (let left = samples; left > 0; left--) {
    const startedAt = performance.now();
    const found = await app.listings.executions(filter);
    taken.push(performance.now() - startedAt);
    if (found.items.some(({ seq }) => seq >= (filter.before ?? Infinity))) throw new Error("a page begins too early");
    hasMore = found.hasMore;
  }
  return { medianMs: median(taken), hasMore };
}

/** What is rare is found, all of it and nothing else. */
async function verify(project: BenchProject, { executions, parentSeq }: Million): Promise<void> {
  const rare: [Filter, number][] = [
    [{ status: "failed" }, 20],
    [{ status: "paused" }, 3],
    [{ status: "failed", workflow: "summary", since: 0 }, 20],
    [{ tags: ["incident"] }, 5],
    [{ search: "saltwater" }, 25],
    [{ search: "saltw" }, 25],
    [{ search: "review summary" }, 0],
    [{ status: "failed", workflow: "review" }, 0],
  ];
  for (const [filter, wanted] of rare) {
    const { items, total } = await project.app.listings.executions({ ...filter, limit });
    if (total !== wanted || items.length !== wanted) {
      throw new Error(`${total} executions instead of ${wanted} for ${JSON.stringify(filter)}`);
    }
  }
  const family = await project.app.listings.executions({ parentSeq, limit });
  if (family.items.length === 0) throw new Error("the family of children is missing");
  const all = project.count("SELECT count(*) FROM executions");
  if (all !== executions + 1) throw new Error(`${all} executions instead of ${executions + 1}`);
}

function keyOf(group: string): string {
  return `page_${group}_ms`;
}
