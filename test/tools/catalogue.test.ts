import { describe, expect, test } from "vitest";
import { catalogue } from "../../src/tools/catalogue.ts";
import { inputSchemaOf, outputSchemaOf } from "../../src/tools/published-schemas.ts";

test("the catalogue holds exactly these operations, in this order", () => {
  expect(catalogue.map(({ name }) => name)).toEqual([
    "executions_run",
    "executions_get",
    "executions_list",
    "executions_latest",
    "executions_logs",
    "executions_events",
    "executions_waits",
    "executions_input",
    "executions_abort_wait",
    "executions_replay",
    "executions_retry",
    "executions_pause",
    "executions_resume",
    "executions_cancel",
    "executions_statistics",
    "workflows_list",
    "workflows_get",
    "workflows_validate",
    "workflows_save",
    "workflows_plan",
    "artifacts_list",
    "artifacts_get",
    "secrets_create",
    "secrets_list",
    "models_list",
    "models_calls",
    "stacks_list",
    "status",
  ]);
});

describe.each(catalogue.map((operation) => [operation.name, operation] as const))("%s", (name, operation) => {
  const { properties = {}, required = [] } = inputSchemaOf(operation) as {
    properties?: Record<string, { description?: string }>;
    required?: string[];
  };

  test("has a short name, a title and a description that fits", () => {
    expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(name.length).toBeLessThanOrEqual(64);
    expect(operation.title).toMatch(/^[A-Z]/);
    expect(operation.description.length).toBeGreaterThan(80);
    expect(operation.description.length).toBeLessThanOrEqual(600);
  });

  test("names arguments in snake case, the required ones first", () => {
    const names = Object.keys(properties);
    for (const one of names) expect(one).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(names.slice(0, required.length).toSorted()).toEqual(required.toSorted());
  });

  test("takes a strict object and answers an object", () => {
    expect(inputSchemaOf(operation)).toMatchObject({ type: "object", additionalProperties: false });
    expect(outputSchemaOf(operation)).toMatchObject({ type: "object" });
    expect(outputSchemaOf(operation)).not.toHaveProperty("additionalProperties");
  });

  test("has an example that it takes", () => {
    expect(operation.input.safeParse(operation.example)).toMatchObject({ success: true });
  });

  test("reads or writes, and says which", () => {
    const runsCode = /_(run|input|abort_wait|replay|retry|resume)$/.test(name);
    const writes = runsCode || /_(pause|cancel|create|save)$/.test(name);
    expect(operation.annotations.readOnlyHint).toBe(!writes);
    expect(operation.annotations.destructiveHint).toBe(/_(cancel|abort_wait|save)$/.test(name));
    expect(operation.annotations.idempotentHint).toBe(!writes || name === "executions_cancel");
    expect(operation.annotations.openWorldHint).toBe(runsCode);
  });
});

test("schemas avoid what some clients drop or refuse", () => {
  for (const operation of catalogue) {
    const text = JSON.stringify([inputSchemaOf(operation), outputSchemaOf(operation)]);
    expect(text).not.toMatch(/"type":\[|"\$ref"|"\$schema"|"\$defs"|"propertyNames"|"additionalProperties":\{\}/);
    expect(JSON.stringify(inputSchemaOf(operation))).not.toMatch(/"type":"array"\}/);
  }
});
