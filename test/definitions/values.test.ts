import { describe, expect, test } from "vitest";
import { evaluateCondition } from "../../src/definitions/values/conditions.ts";
import { MissingValueError, ValueSyntaxError } from "../../src/definitions/values/reference.ts";
import { clockNames, type Scope } from "../../src/definitions/values/scope.ts";
import { compileValue, renderText } from "../../src/definitions/values/value.ts";

const scope: Scope = {
  inputs: { n: 3, topic: "cats", list: [1, "b"], map: { a: 1 }, nothing: null, date: "an input" },
  steps: {
    draft: { output: { title: "T", rows: [{ id: 1, ok: true }, { id: 2 }], empty: null }, status: "completed" },
    "my-step": { output: "text", status: "completed" },
  },
  locals: { item: { url: "u" }, loop_index: 4 },
  builtIns: {
    date: "2026-03-01",
    datetime: "2026-03-01T09:30:00.000Z",
    time: "09:30",
    weekday: "Sunday",
    project_root: "/project",
    execution_id: "e1",
  },
  secrets: { github: { TOKEN: "s3cret" } },
};

describe("a value", () => {
  test.for<[string, unknown]>([
    ["plain text", "plain text"],
    ["{{ inputs.n }}", 3],
    ["  {{ inputs.list }}\n", [1, "b"]],
    ["{{ inputs.map }}", { a: 1 }],
    ["{{ inputs.nothing }}", null],
    ["{{ n }}{{ n }}", "33"],
    ["{{ topic }} on {{ time }}", "cats on 09:30"],
    ["{{ date }}", "an input"],
    ["{{ item.url }}#{{ loop_index }}", "u#4"],
    ["list: {{ inputs.list }}", "list: 1, b"],
    ["map: {{ inputs.map }}", 'map: {\n  "a": 1\n}'],
    ["nothing: {{ inputs.nothing }}.", "nothing: ."],
    ["{{ steps.draft.output.rows[1].id }}", 2],
    ['{{ steps["my-step"].output }}', "text"],
    ["{{ steps.my-step.output }}", "text"],
    ["{{ steps.draft.status }}", "completed"],
    ["{{ steps.draft.output.rows | size }}", 2],
    ['{{ steps.draft.output.missing | default: "none" }}', "none"],
    ["{{ inputs.n > 2 and inputs.topic == 'cats' }}", true],
    ["{% for row in steps.draft.output.rows %}{{ row.id }};{% endfor %}", "1;2;"],
    ["{% if inputs.n == 3 %}three{% endif %}", "three"],
    ["{{ inputs.topic | upcase }}", "CATS"],
    ["{{ 'a b' | shell }} {{ inputs.topic | shell }}", "'a b' cats"],
    ["\\{{.Names}} of {{ topic }}", "{{.Names}} of cats"],
    ["{{ secrets.github.TOKEN }}", "s3cret"],
    ["$.draft.title", "T"],
    ["$.draft.rows[*].id", [1, 2]],
    ["$.draft.rows[?@.ok == true].id", [1]],
    ['$["my-step"]', "text"],
    ["$.inputs.topic", "cats"],
    ["$.input.n", 3],
    ["$.item.url", "u"],
    ["$.draft.rows[-1].id", 2],
    ["$5.50", "$5.50"],
  ])("%s is %j", ([text, expected]) => {
    expect(compileValue(text).render(scope)).toEqual(expected);
  });

  test("is filled in at any depth of lists and objects, and keeps everything else", () => {
    const value = { a: ["{{ n }}", 1, null, true], b: { c: "$.draft.title", "{{ key }}": "{{ topic }}!" } };
    const expected = { a: [3, 1, null, true], b: { c: "T", "{{ key }}": "cats!" } };
    expect(compileValue(value).render(scope)).toEqual(expected);
  });

  test("of a step that did not run is null, whatever is asked of it", () => {
    expect(compileValue("{{ steps.skipped.output }}").render(scope)).toBeNull();
    expect(compileValue("{{ steps.skipped.output.title }}").render(scope)).toBeNull();
    expect(compileValue("$.skipped.title").render(scope)).toBeNull();
    expect(compileValue("{{ steps.skipped.status }}").render(scope)).toBe("skipped");
  });

  test.for([
    "{{ steps.draft.output.missing }}",
    "Title: {{ steps.draft.output.missing }}",
    "$.draft.missing",
    "{{ map.b }}",
  ])("%s, which holds nothing, is no empty text", (text) => {
    expect(() => compileValue(text).render(scope)).toThrow(MissingValueError);
  });

  test.for(["{{ inputs.constructor }}", "{{ inputs.__proto__ }}", "{{ topic.constructor }}", "{{ inputs.list.push }}"])(
    "%s, which is inherited, is not there",
    (text) => {
      expect(() => compileValue(text).render(scope)).toThrow(MissingValueError);
    },
  );

  test.for([
    "{{ a",
    "{{ }}",
    "{{ a b }}",
    "{{ .a }}",
    "{{ a | nothing }}",
    "{% include 'x' %}",
    "{% if a %}",
    "$.a[",
    "$[?",
  ])("%s cannot be read", (text) => {
    expect(() => compileValue(text)).toThrow(ValueSyntaxError);
  });

  test("has the same outcome whenever it is rendered: the hour of rendering cannot be had", () => {
    expect(() => compileValue("{{ 'now' | date: '%s' }}").render(scope)).toThrow("not available");
    expect(() => compileValue("{{ inputs.list | sample }}")).toThrow(ValueSyntaxError);
  });

  test("that would fill the memory is stopped", () => {
    const bomb = compileValue("{% for a in (1..100000) %}{% for b in (1..100000) %}x{% endfor %}{% endfor %}");
    expect(() => bomb.render(scope)).toThrow("cannot be rendered");
  });

  test("in a prompt is a text, and a path there is no path", () => {
    expect(renderText("{{ n }}", scope)).toBe("3");
    expect(renderText("$.draft.title", scope)).toBe("$.draft.title");
  });

  test("names everything that it refers to", () => {
    const { references } = compileValue([
      "{{ steps.a.output[0].b }} {% if n %}{{ x[y.z].w }}{% endif %}",
      "$.c.d[*].e",
    ]);
    expect(references.map(({ path, isOpen, form }) => [path.join("."), isOpen, form])).toEqual(
      expect.arrayContaining([
        ["steps.a.output.0.b", false, "template"],
        ["n", false, "template"],
        ["x", true, "template"],
        ["y.z", false, "template"],
        ["c.d", true, "path"],
      ]),
    );
    expect(references).toHaveLength(5);
  });
});

describe("a condition", () => {
  test.for<[unknown, string, unknown, boolean]>([
    [10, "gt", "5", true],
    ["10", "gt", 5, true],
    ["10", "gt", "9", true],
    ["b", "gt", "a", true],
    ["2026-03-01", "lt", "2026-04-01", true],
    [null, "gt", 0, false],
    [null, "lte", 0, false],
    [1, "lt", null, false],
    ["many", "gt", 5, false],
    [3, "eq", "3", true],
    ["3.0", "eq", 3, true],
    ["3", "eq", "3.0", false],
    ["", "eq", 0, false],
    [true, "eq", "true", true],
    [false, "eq", null, false],
    [null, "eq", null, true],
    [[1, 2], "eq", [1, 2], true],
    [{ a: 1 }, "ne", { a: 2 }, true],
    [3, "ne", "3", false],
    ["a text", "contains", "tex", true],
    ["route 66", "contains", 66, true],
    [[1, 2], "contains", "2", true],
    [{ a: 1 }, "contains", "a", true],
    [null, "contains", "a", false],
    [5, "gte", 5, true],
    [5, "lte", "4.9", false],
  ])("%j %s %j is %s", ([left, operator, value, expected]) => {
    const given = { ...scope, inputs: { left } };
    const condition = { field: "{{ inputs.left }}", operator: operatorOf(operator), value };
    expect(evaluateCondition(condition, given)).toBe(expected);
  });

  test("asks whether something exists, which null and what is missing do not", () => {
    const exists = (field: string) => evaluateCondition({ field, operator: "exists" }, scope);
    expect(["$.draft.title", "{{ inputs.n }}", "{{ inputs.list }}"].map(exists)).toEqual([true, true, true]);
    const nothing = [
      "$.draft.missing",
      "{{ steps.draft.output.missing.deeper }}",
      "{{ inputs.nothing }}",
      "$.skipped.x",
    ];
    expect(nothing.map(exists)).toEqual([false, false, false, false]);
  });

  test("joins others with all, any and not", () => {
    const yes = { field: "{{ n }}", operator: "eq", value: 3 } as const;
    const no = { field: "{{ n }}", operator: "eq", value: 4 } as const;
    expect(evaluateCondition({ all: [yes, { not: no }, { any: [no, yes] }] }, scope)).toBe(true);
    expect(evaluateCondition({ all: [yes, no] }, scope)).toBe(false);
    expect(evaluateCondition({ any: [no, { not: yes }] }, scope)).toBe(false);
  });

  test("that is one reference holds where that is true", () => {
    const holds = (value: unknown) => evaluateCondition("{{ inputs.value }}", { ...scope, inputs: { value } });
    expect([true, 1, "yes", "0", [1]].map(holds)).toEqual([true, true, true, true, true]);
    expect([false, 0, "", " ", "false", "False", null].map(holds)).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  test("compares with values that are references themselves", () => {
    expect(evaluateCondition({ field: "$.draft.rows[0].id", operator: "lt", value: "{{ inputs.n }}" }, scope)).toBe(
      true,
    );
  });
});

test("the built-ins of the clock are those of a time zone", () => {
  const now = Date.parse("2026-03-01T23:30:00Z");
  expect(clockNames(now, "Asia/Tokyo")).toEqual({
    date: "2026-03-02",
    datetime: "2026-03-01T23:30:00.000Z",
    time: "08:30",
    weekday: "Monday",
  });
});

function operatorOf(name: string) {
  const names = ["eq", "ne", "gt", "lt", "gte", "lte", "contains"] as const;
  const operator = names.find((one) => one === name);
  if (operator === undefined) throw new Error(`no operator ${name}`);
  return operator;
}
