import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { problemCodes } from "../../src/definitions/problem.ts";
import { validateDefinition } from "../../src/definitions/validate.ts";
import type { Known } from "../../src/definitions/validation/known.ts";

const folder = fileURLToPath(new URL("cases/", import.meta.url));

/** What a case says there is around its definition. */
const knownShape = z.strictObject({
  models: z.array(z.string()).optional(),
  secrets: z.record(z.string(), z.array(z.string())).optional(),
  workflows: z.array(z.string()).optional(),
  ambiguous: z.record(z.string(), z.array(z.string())).optional(),
  servers: z.array(z.string()).optional(),
  modules: z.union([z.array(z.string()), z.record(z.string(), z.string())]).optional(),
  inputs: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
  areModulesUnseen: z.boolean().optional(),
});

const cases = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".txt"))
  .sort()
  .map(readCase);

describe("a definition", () => {
  test.for(cases)("$name: $title", ({ path, text, known, problems, model }) => {
    const validated = validateDefinition({ path, text }, known);
    expect(validated.problems.flatMap(linesOf)).toEqual(problems);
    const isSound = validated.problems.every(({ severity }) => severity === "warning");
    expect(validated.definition !== undefined).toBe(isSound);
    if (model !== undefined) expect(validated.definition).toMatchObject(model);
  });
});

test.for(cases)(
  "a definition with the line ends of Windows tells the same: $name",
  ({ path, text, known, problems }) => {
    const validated = validateDefinition({ path, text: text.replaceAll("\n", "\r\n") }, known);
    expect(validated.problems.flatMap(linesOf).join("\n").replaceAll("\\r\\n", "\\n")).toBe(problems.join("\n"));
  },
);

test("every code of a problem has a case, except those of whole folders and sizes", () => {
  const elsewhere = ["not_readable", "too_large", "duplicate_name", "shadowed_file"];
  const told = new Set(cases.flatMap(({ problems }) => problems.map((line) => line.split(" ")[2])));
  expect(problemCodes.filter((code) => !told.has(code))).toEqual(elsewhere);
});

test("no definition of the cases ran any code", () => {
  expect(globalThis).not.toHaveProperty("hacked");
});

function readCase(name: string) {
  const [head = "", ...sections] = readFileSync(join(folder, name), "utf8").split(/^===== /m);
  const [title = "", known] = head.trim().split("\nknown: ");
  const [definition = "", problems = "", model] = sections.map((section) => section.slice(section.indexOf("\n") + 1));
  const path = sections[0]?.split("\n", 1)[0] ?? "";
  return {
    name: name.replace(/\.txt$/, ""),
    title,
    path,
    text: definition,
    known: known === undefined ? {} : knownOf(JSON.parse(known)),
    problems: problems.split("\n").filter((line) => line !== ""),
    model: model === undefined ? undefined : z.record(z.string(), z.unknown()).parse(JSON.parse(model)),
  };
}

function knownOf(given: unknown): Known {
  const { models, secrets, workflows, ambiguous, servers, modules, inputs, areModulesUnseen } = knownShape.parse(given);
  return {
    modelProblem: models && ((model) => (models.includes(model) ? undefined : `Aliases: ${models.join(", ")}.`)),
    secrets: secrets && new Map(Object.entries(secrets)),
    workflows,
    ambiguous: ambiguous && new Map(Object.entries(ambiguous)),
    servers,
    hasModule: modules && ((module) => (Array.isArray(modules) ? modules.includes(module) : module in modules)),
    moduleText: modules && ((module) => (Array.isArray(modules) ? undefined : modules[module])),
    inputs: inputs && new Map(Object.entries(inputs)),
    areModulesUnseen,
  };
}

function linesOf(problem: ReturnType<typeof validateDefinition>["problems"][number]): string[] {
  const { line, column, severity, code, field, message, hint } = problem;
  const told = `${line}:${column} ${severity} ${code} ${field || "-"}: ${message}`;
  return hint === undefined ? [told] : [told, `  ${hint}`];
}
