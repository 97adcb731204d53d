import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readCatalogue } from "../../../src/definitions/files/catalogue.ts";
import { examples, repository } from "./example-project.ts";

const folder = join(repository, examples);
const { definitions, problems } = readCatalogue(folder, { secrets: new Map(), workflows: [], servers: [] });

test("every shipped example is valid, without a warning", () => {
  expect(problems).toEqual([]);
  expect(definitions.map(({ name }) => name)).toEqual([
    "code-review",
    "csv-fan-out",
    "nightly-digest",
    "quarkus-bootstrap-v1",
    "release-notes",
    "research-brief",
  ]);
});

test.each(definitions)("$name says what it is for, and what each of its inputs is", ({ definition }) => {
  expect(definition?.title).toBeTruthy();
  expect(definition?.description).toBeTruthy();
  for (const input of Object.values(definition?.inputs ?? {})) expect(input.description).toBeTruthy();
});

test("the page of the examples names each of them with the command that runs it", () => {
  const page = readFileSync(join(folder, "README.md"), "utf8");
  for (const { file } of definitions) expect(page).toContain(`savepoint run examples/workflows/${file.path}`);
});
