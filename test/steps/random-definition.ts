import fc, { type GeneratorValue } from "fast-check";

interface Growing {
  g: GeneratorValue;
  /** Steps that may still be made. */
  left: number;
  count: number;
}

interface Place {
  depth: number;
  /** Ids that have run before, most likely. */
  before: string[];
  /** Whether there is an item around it. */
  inLoop: boolean;
}

type Fields = Record<string, unknown>;

/** A definition of all that controls the flow, with references to what is there and, now and then, to what is not. */
export function randomDefinition(g: GeneratorValue): Fields {
  const growing: Growing = { g, left: 14, count: 0 };
  const steps = list(growing, { depth: 0, before: [], inLoop: false });
  const ids = steps.map(({ id }) => String(id));
  return {
    name: "random",
    inputs: { n: 3, rows: [1, 2, 3], text: "x", flag: true, none: { type: "string" } },
    steps,
    ...(chance(g, 30) && { outputs: { a: value(growing, { depth: 0, before: ids, inLoop: false }) } }),
  };
}

function list(growing: Growing, place: Place): Fields[] {
  const { g } = growing;
  const size = number(g, 1, place.depth === 0 ? 5 : 3);
  const isGraph = chance(g, 15);
  const steps: Fields[] = [];
  const before = [...place.before];
  for (let index = 0; index < size && (growing.left > 0 || steps.length === 0); index++) {
    const own = steps.map(({ id }) => String(id));
    const needs = isGraph && own.length > 0 ? fewOf(g, own) : undefined;
    const seen = isGraph ? [...place.before, ...(needs ?? [])] : before;
    const one = step(growing, { ...place, before: seen });
    steps.push({ ...one, ...(needs !== undefined && needs.length > 0 && { depends_on: needs }) });
    before.push(String(one["id"]));
  }
  if (!isGraph) for (const one of steps) addJumps(g, one, steps);
  return steps;
}

function step(growing: Growing, place: Place): Fields {
  const { g } = growing;
  growing.left--;
  const id = `s${growing.count++}`;
  const kinds = ["emit", "emit", "emit", "human", "sleep", "condition", "parallel", "loop", "loop"];
  const kind = place.depth >= 3 || growing.left < 2 ? kinds[number(g, 0, 4)] : kinds[number(g, 0, 8)];
  const common = {
    id,
    type: kind,
    ...(chance(g, 15) && { when: test(growing, place) }),
    ...(chance(g, 15) && { on_error: "continue" }),
  };
  const inner = { ...place, depth: place.depth + 1 };
  switch (kind) {
    case "human":
      return { ...common, question: `Well, ${value(growing, place)}?`, options: ["yes", "no"] };
    case "sleep":
      return { ...common, duration: chance(g, 80) ? "5m" : "{{ inputs.n }}" };
    case "condition": {
      const branches = chance(g, 70) && {
        // biome-ignore lint/suspicious/noThenProperty: the field has this name in every file
        then: list(growing, inner),
        ...(chance(g, 60) && { else: list(growing, inner) }),
      };
      return { ...common, ...comparison(growing, place), ...branches };
    }
    case "parallel": {
      const bound = chance(g, 30) && { concurrency: number(g, 1, 3) };
      return { ...common, ...bound, ...(chance(g, 30) && { on_error: "continue" }), steps: list(growing, inner) };
    }
    case "loop": {
      const steps = list(growing, { ...inner, inLoop: true });
      const ids = [...place.before, ...steps.map((one) => String(one["id"]))];
      const collect = chance(g, 50) && { collect: value(growing, { ...place, inLoop: true, before: ids }) };
      if (chance(g, 25))
        return { ...common, while: test(growing, { ...place, before: ids }), max_iterations: 2, steps };
      const items = chance(g, 70) ? "{{ inputs.rows }}" : chance(g, 60) ? [1, 2] : value(growing, place);
      return { ...common, items, concurrency: number(g, 1, 3), steps, ...collect };
    }
    default:
      return {
        ...common,
        event: `e ${id}`,
        data: value(growing, place),
        ...(chance(g, 10) && { save_artifact: true }),
      };
  }
}

/** Sometimes back, sometimes ahead, sometimes to nowhere. */
function addJumps(g: GeneratorValue, one: Fields, steps: readonly Fields[]): void {
  const target = () => (chance(g, 97) ? String(steps[number(g, 0, steps.length - 1)]?.["id"]) : "nowhere");
  if (one["type"] === "condition" && chance(g, 30)) {
    one["then_step"] = target();
    if (chance(g, 30)) one["else_step"] = target();
    one["max_visits"] = 2;
  } else if (chance(g, 8)) one["next_step"] = target();
  for (const each of steps) if (chance(g, 50)) each["max_visits"] = number(g, 1, 3);
}

function test(growing: Growing, place: Place): unknown {
  const { g } = growing;
  if (chance(g, 40)) return reference(growing, place);
  return chance(g, 30) ? { not: comparison(growing, place) } : comparison(growing, place);
}

function comparison(growing: Growing, place: Place): Fields {
  const { g } = growing;
  const operator = ["eq", "ne", "gt", "lt", "exists", "contains"][number(g, 0, 5)];
  const field = reference(growing, place);
  return operator === "exists"
    ? { field, operator }
    : { field, operator, value: chance(g, 70) ? 2 : value(growing, place) };
}

function value(growing: Growing, place: Place): unknown {
  const { g } = growing;
  const one = reference(growing, place);
  const forms = [
    () => one,
    () => `a ${one.startsWith("$") ? "b" : one}`,
    () => [one, 1],
    () => ({ deep: { er: one } }),
    () => 7,
  ];
  return (forms[number(g, 0, forms.length - 1)] ?? (() => one))();
}

function reference({ g, count }: Growing, { before, inLoop }: Place): string {
  const known = before[number(g, 0, Math.max(0, before.length - 1))];
  const id = known !== undefined && chance(g, 96) ? known : `s${number(g, 0, count + 1)}`;
  const anywhere = ["{{ inputs.n }}", "{{ rows }}", "$.inputs.rows[0]", "{{ none }}", "{{ date }}", "$.inputs.rows[7]"];
  const ofItem = ["{{ item }}", "{{ loop_index }}", "$.item"];
  const ofStep = [
    `{{ steps.${id}.output }}`,
    `{{ steps.${id}.status }}`,
    `$.${id}`,
    `{{ steps.${id}.error.code | default: 'none' }}`,
    `$.${id}[0]`,
  ];
  if (inLoop && chance(g, 30)) return pick(g, ofItem);
  if (known === undefined && chance(g, 96)) return pick(g, anywhere);
  return chance(g, 35) ? pick(g, anywhere) : pick(g, ofStep);
}

function pick(g: GeneratorValue, from: readonly string[]): string {
  return from[number(g, 0, from.length - 1)] ?? "";
}

function fewOf(g: GeneratorValue, ids: readonly string[]): string[] {
  return ids.filter(() => chance(g, 50));
}

function number(g: GeneratorValue, min: number, max: number): number {
  return g(fc.integer, { min, max });
}

function chance(g: GeneratorValue, percent: number): boolean {
  return number(g, 1, 100) <= percent;
}
