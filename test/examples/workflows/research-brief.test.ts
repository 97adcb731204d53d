import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { json } from "../../cli/command.ts";
import type { ScriptedModel } from "../../helpers/models/scripted-model.ts";
import type { TestProject } from "../../processes/project.ts";
import { artifactText, exampleProject, examples, promptOf, scriptedOllama } from "./example-project.ts";

const target = `${examples}/research-brief.md`;

let project: TestProject;
let ollama: ScriptedModel;
let site: Server;
let address: string;
let visited: (string | undefined)[];
let scores: number[];
let sourceOfSecond: string;

beforeEach(async () => {
  visited = [];
  scores = [];
  site = createServer((request, response) => {
    visited.push(request.url);
    response.writeHead(request.url === "/pumps" ? 200 : 404, { "content-type": "text/html" });
    response.end("<p>A pump needs <b>3 kW</b>.</p>");
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  sourceOfSecond = "";
  ollama = await scriptedOllama(answerTo);
  project = exampleProject({ OLLAMA_BASE_URL: ollama.baseUrl });
});
afterEach(async () => {
  await project.close();
  await ollama.close();
  await new Promise((resolve) => site.close(resolve));
});

function answerTo(prompt: string): string {
  if (prompt.includes("Someone wants a brief")) {
    const questions = [
      { question: "How much power?", source: `${address}/pumps` },
      { question: "How loud?", source: sourceOfSecond },
      { question: "How dear?", source: "" },
    ];
    return JSON.stringify({ questions });
  }
  if (prompt.includes("Answer this question"))
    return prompt.includes("3 kW") ? "3 kW, says the page." : "I am not sure.";
  if (prompt.includes("Write a brief"))
    return prompt.includes("Shorter sentences") ? "A better brief." : "A first brief.";
  return JSON.stringify({ score: scores.shift() ?? 9, advice: "Shorter sentences." });
}

async function run(...args: string[]) {
  const inputs = ["topic=Heat pumps", `sources=["${address}/pumps","${address}/gone"]`];
  const flags = inputs.flatMap((one) => ["-i", one]);
  return json(project, ["run", target, ...flags, "--models", "*=ollama:llama3.2", "--wait", "30", ...args]);
}

const prompts = (part: string) =>
  ollama.requests.map(({ body }) => promptOf(body)).filter((text) => text.includes(part));

describe("a research brief", () => {
  test("is written from the notes, sent back once with the judge's advice, and kept as an artifact", async () => {
    scores = [5, 9];
    const { item } = await run();
    expect(item.result).toEqual({ brief: "A better brief.", score: 9, rounds: 2 });
    expect(visited).toEqual(["/pumps"]);
    expect(prompts("Answer this question")).toHaveLength(3);
    const [first, second, ...others] = prompts("Write a brief");
    expect(first).toContain("3 kW, says the page.");
    expect(first).not.toContain("your last draft");
    expect(second).toContain("A first brief.");
    expect(others).toEqual([]);
    expect(await artifactText(project, item.execution_id, "research-brief.md")).toContain("A better brief.");
  });

  test("is kept after three rounds whatever the judge says", async () => {
    scores = [1, 2, 3, 4];
    const { item } = await run();
    expect(item.result).toMatchObject({ score: 3, rounds: 3 });
  });

  test("goes on without a page that cannot be read, and reads none that was not listed", async () => {
    sourceOfSecond = `${address}/gone`;
    await run();
    expect(prompts("could not be read")).toHaveLength(1);
    sourceOfSecond = `${address}/private`;
    await run();
    expect(visited.toSorted()).toEqual(["/gone", "/pumps", "/pumps"]);
  });
});
