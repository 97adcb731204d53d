import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse as parseToml } from "smol-toml";
import { expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { compileJsonSchema } from "../../src/core/json-schema.ts";
import { definitionJsonSchema } from "../../src/definitions/json-schema.ts";
import { validateDefinition } from "../../src/definitions/validate.ts";

const check = compileJsonSchema(definitionJsonSchema());

test("the schema for editors takes what files write: bare inputs, short forms, nested steps, schedules", () => {
  const problems = check({
    name: "a",
    inputs: { tag: { type: "string", required: true }, tone: "friendly", n: 3 },
    schedule: { cron: "0 9 * * *" },
    steps: [
      {
        id: "ask",
        type: "human",
        question: "Go?",
        options: ["yes", { id: "no", label: "No" }],
        timeout: "2h",
        retry: 2,
      },
      {
        id: "l",
        type: "loop",
        items: "$.x",
        steps: [
          {
            id: "c",
            type: "condition",
            not: { field: "{{ item }}", operator: "exists" },
            // biome-ignore lint/suspicious/noThenProperty: the field has this name in every file
            then: [{ id: "s", type: "shell", command: ["ls", "-l"], timeout: 90 }],
          },
        ],
      },
    ],
  });
  expect(problems).toEqual([]);
});

test("the schema for editors takes an agent without steps", () => {
  expect(check({ agent: { model: "smart", max_turns: 5, permission_mode: "plan" } })).toEqual([]);
});

test.for<[string, unknown]>([
  ["an unknown field", { nam: "a" }],
  ["an unknown kind of step", { steps: [{ id: "x", type: "shel", command: "ls" }] }],
  ["an unknown field of a nested step", { steps: [loopOf({ id: "x", type: "shell", command: "ls", tmeout: 1 })] }],
  ["a missing field", { steps: [{ id: "x", type: "shell" }] }],
  ["a name in another case", { name: "My Name" }],
])("the schema for editors refuses %s", ([, value]) => {
  expect(check(value)).not.toEqual([]);
});

const sound = [...examples(), ...cases()].filter(({ path, text }) =>
  validateDefinition({ path, text }).problems.every(({ severity }) => severity === "warning"),
);

test("there are many definitions to compare the schema for editors with", () => {
  expect(sound.length).toBeGreaterThan(50);
});

test.for(sound)("the schema for editors takes what is sound: $name", ({ path, text }) => {
  expect(check(fieldsOf(path, text))).toEqual([]);
});

function examples() {
  const folder = fileURLToPath(new URL("../../examples/workflows/", import.meta.url));
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(md|ya?ml|toml)$/.test(path) && !/README/.test(path))
    .map((path) => ({ name: path, path, text: readFileSync(join(folder, path), "utf8") }));
}

function cases() {
  const folder = fileURLToPath(new URL("cases/", import.meta.url));
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".txt"))
    .map((name) => {
      const [, definition = ""] = readFileSync(join(folder, name), "utf8").split(/^===== /m);
      const end = definition.indexOf("\n");
      return { name, path: definition.slice(0, end), text: definition.slice(end + 1) };
    });
}

function fieldsOf(path: string, text: string): unknown {
  if (path.endsWith(".toml")) return parseToml(text);
  const yaml = path.endsWith(".md") ? (/^---[^\n]*\n([\s\S]*?)^---/m.exec(text)?.[1] ?? "") : text;
  return parseYaml(yaml, { merge: true }) ?? {};
}

function loopOf(step: unknown) {
  return { id: "l", type: "loop", items: [1], steps: [step] };
}
