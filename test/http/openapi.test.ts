import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { openApi } from "../../src/http/openapi.ts";
import { catalogue } from "../../src/tools/catalogue.ts";

interface Entry {
  operationId: string;
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: { content: Record<string, { schema: { $ref: string }; example: unknown }> };
  responses: Record<string, { $ref?: string; description?: string }>;
}

const document = JSON.parse(JSON.stringify(openApi("1.2.3"))) as {
  openapi: string;
  info: object;
  security: Record<string, unknown>[];
  paths: Record<string, Record<string, Entry>>;
  components: Record<"schemas" | "responses" | "securitySchemes", Record<string, object>>;
};
const entries = Object.values(document.paths).flatMap((path) => Object.values(path));

function* refsIn(value: unknown): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "$ref") yield String(inner);
    else yield* refsIn(inner);
  }
}

describe("the OpenAPI document", () => {
  test("says what it is, and that every route needs the token", () => {
    expect(document).toMatchObject({ openapi: "3.1.0", info: { title: "Savepoint", version: "1.2.3" } });
    const [scheme] = document.security.map((one) => Object.keys(one)[0] ?? "");
    expect(document.components.securitySchemes[scheme ?? ""]).toMatchObject({ type: "http", scheme: "bearer" });
  });

  test("has each operation once under its name, and those that read as a query too", () => {
    const ids = entries.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const reading = catalogue.filter(({ annotations }) => annotations.readOnlyHint);
    expect(ids.toSorted()).toEqual(
      [
        ...catalogue.map(({ name }) => name),
        ...reading.map(({ name }) => `${name}_by_query`),
        "executions_stream",
      ].toSorted(),
    );
  });

  test("refers to nothing that it does not hold", () => {
    const refs = [...refsIn(document)];
    expect(refs.length).toBeGreaterThan(100);
    for (const ref of refs) {
      const [, , kind, name] = ref.split("/");
      expect(document.components[kind as "schemas"][name ?? ""], ref).toBeDefined();
    }
  });

  test("holds nothing that is not referred to", () => {
    const refs = new Set(refsIn(document));
    for (const kind of ["schemas", "responses"] as const) {
      for (const name of Object.keys(document.components[kind])) expect(refs).toContain(`#/components/${kind}/${name}`);
    }
  });

  test("has schemas that can be compiled, and examples that fit them", () => {
    const ajv = new Ajv2020({ strict: false });
    for (const { operationId, requestBody } of entries) {
      const content = requestBody?.content["application/json"];
      if (content === undefined) continue;
      const schema = document.components.schemas[content.schema.$ref.split("/").at(-1) ?? ""];
      const validate = ajv.compile(schema ?? {});
      expect(validate(content.example), `${operationId}: ${ajv.errorsText(validate.errors)}`).toBe(true);
      expect(validate({ unknown_argument: 1 }), operationId).toBe(false);
    }
    for (const schema of Object.values(document.components.schemas)) ajv.compile(schema);
  });

  test("says of each route what it answers, its errors included", () => {
    for (const { operationId, responses } of entries) {
      expect(Object.keys(responses), operationId).toEqual(
        expect.arrayContaining(["200", "400", "401", "403", "404", "503"]),
      );
    }
  });

  test("declares every variable part of a path", () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const variables = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
      for (const { parameters = [] } of Object.values(methods)) {
        const declared = parameters.filter((parameter) => parameter.in === "path");
        expect(declared.map(({ name }) => name)).toEqual(variables);
        expect(declared.every(({ required }) => required === true)).toBe(true);
      }
    }
  });
});
