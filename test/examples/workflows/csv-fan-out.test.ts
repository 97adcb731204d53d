import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseCsv, readRows } from "../../../examples/workflows/csv-fan-out/tools.ts";
import { json } from "../../cli/command.ts";
import type { ScriptedModel } from "../../helpers/models/scripted-model.ts";
import type { TestProject } from "../../processes/project.ts";
import { artifactText, exampleProject, scriptedOllama } from "./example-project.ts";

let project: TestProject;
let ollama: ScriptedModel;
beforeEach(async () => {
  ollama = await scriptedOllama((prompt) => {
    if (prompt.includes("Chloé")) return { status: 400, message: "this row is too much for me" };
    return JSON.stringify({ category: "product", sentiment: prompt.includes("broke") ? "negative" : "positive" });
  });
  project = exampleProject({ OLLAMA_BASE_URL: ollama.baseUrl });
});
afterEach(async () => {
  await project.close();
  await ollama.close();
});

test("every row of the table gets an answer, and the one that failed its reason", async () => {
  const { item } = await json(project, ["run", "csv-fan-out", "--models", "*=ollama:llama3.2", "--wait", "30"]);
  expect(item.result).toMatchObject({ rows: 4, failed: 1 });
  const [heading, first, second, third] = parseCsv(String((item.result as { table: string }).table));
  expect(await artifactText(project, item.execution_id, "rated.csv")).toContain(
    "id,customer,review,category,sentiment,error",
  );
  expect(heading).toEqual(["id", "customer", "review", "category", "sentiment", "error"]);
  expect(first).toEqual(["1", "Ada", "Arrived a day early, and well packed.", "product", "positive", ""]);
  expect(second?.slice(2, 5)).toEqual([
    "The lid broke after a week.\nI would have expected more at this price.",
    "product",
    "negative",
  ]);
  expect(third?.[2]).toBe('They called it "waterproof". It is not.');
  expect(third?.[5]).toContain("too much for me");
});

describe("CSV", () => {
  test.each([
    [
      "plain",
      "a,b\n1,2\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "empty fields at the end, and lines without an end",
      "a,b\r\n1,",
      [
        ["a", "b"],
        ["1", ""],
      ],
    ],
    ["quotes, commas and line breaks", '"a ""b""","c,\nd"\n', [['a "b"', "c,\nd"]]],
    ["a byte order mark and empty lines", "\uFEFFa\n\n1\n\n", [["a"], ["1"]]],
    ["nothing", "", []],
  ])("with %s is read", (_, text, rows) => {
    expect(parseCsv(text)).toEqual(rows);
  });

  test.each(['a,"b', 'a,b"c\n'])("with wrong quotes is refused: %s", (text) => {
    expect(() => parseCsv(text)).toThrow("quotes");
  });

  test("is read from the project only", async () => {
    const root = project.path("examples");
    await expect(readRows({ root, path: "../lib/effects.ts" })).rejects.toThrow("is not in the project");
  });
});
