import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import {
  type ElicitRequestFormParams,
  ElicitRequestSchema,
  type ElicitResult,
  type Progress,
} from "@modelcontextprotocol/sdk/types.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createMcpServer } from "../../src/mcp/server.ts";
import { until } from "../processes/project.ts";
import { flowFile, ToolProject } from "../tools/project.ts";
import { callTool } from "./client.ts";

const options = {
  anyOf: [
    {
      type: "string",
      oneOf: [
        { const: "publish", title: "Publish it" },
        { const: "revise", title: "Send it back" },
      ],
    },
    {
      type: "object",
      properties: { option: { enum: ["publish", "revise"] }, comment: { type: "string" } },
      required: ["option"],
      additionalProperties: false,
    },
  ],
};

const form = {
  type: "object",
  properties: {
    publish: { type: "boolean", title: "Publish it?" },
    stars: { type: "integer", minimum: 1, maximum: 5 },
    tone: { enum: ["warm", "dry"] },
    tags: { type: "array", items: { enum: ["a", "b"] } },
    mail: { type: "string", format: "email", pattern: "@" },
  },
  required: ["publish", "stars"],
};

const flows = flowFile(`
export const choose = flow("choose", () =>
  wait({ name: "review", question: "Publish the draft?", schema: ${JSON.stringify(options)}, timeout: "2d" }));
export const form = flow("form", () => wait({ name: "form", schema: ${JSON.stringify(form)} }));
export const goOn = flow("goOn", () => wait({ name: "go" }));
export const number = flow("number", () => wait({ name: "count", schema: { enum: [1, 2] } }));
export const strict = flow("strict", () => wait({ name: "code", schema: { type: "string", pattern: "^[A-Z]+$" } }));
export const nested = flow("nested", () => wait({
  name: "nested", schema: { type: "object", properties: { list: { type: "array", items: { type: "object" } } } },
}));
export const password = flow("password", () => wait({ name: "pw", schema: { type: "string", format: "password" } }));
export const both = flow("both", async () => {
  const first = await wait({ name: "first", schema: { type: "boolean" } });
  return [first, await wait({ name: "second", schema: { type: "boolean" } })];
});
export const atOnce = flow("atOnce", () =>
  Promise.all(["a", "b"].map((name) => wait({ name, schema: { type: "string" } }))));
`);

type Person = (asked: ElicitRequestFormParams, signal: AbortSignal) => ElicitResult | Promise<ElicitResult>;

let project: ToolProject;
let clients: Client[];
beforeEach(() => {
  project = new ToolProject({ "flows/asks.ts": flows });
  clients = [];
});
afterEach(async () => {
  for (const client of clients) await client.close();
  await project.close();
});

/** A client whose person does as told; one without a person declares no elicitation. */
async function connect(person?: Person) {
  const capabilities = person === undefined ? {} : { elicitation: { form: {} } };
  const client = new Client({ name: "an-agent", version: "1.0.0" }, { capabilities });
  clients.push(client);
  const asked: ElicitRequestFormParams[] = [];
  if (person !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, ({ params }, { signal }) => {
      if (params.mode === "url") throw new Error("sent to a page");
      asked.push(params);
      return person(params, signal);
    });
  }
  const [near, far] = InMemoryTransport.createLinkedPair();
  const onProblem = (message: string) => void project.problems.push(message);
  await Promise.all([createMcpServer(await project.app(), { onProblem }).connect(far), client.connect(near)]);
  return { client, asked };
}

const accept = (content: ElicitResult["content"] = {}): ElicitResult => ({ action: "accept", content });
const run = (client: Client, name: string, more: object = {}) =>
  callTool(client, "executions_run", { target: `flows/asks.ts:${name}`, wait_seconds: 20, ...more });

async function answeredBy(id: unknown): Promise<unknown> {
  const { waits } = await project.call("executions_get", { execution_id: id, detail: "full" });
  return waits?.[0]?.answered_by;
}

describe("a client that can ask its person", () => {
  test("asks what the workflow asks, and the call answers with what came of it", async () => {
    const { client, asked } = await connect(() => accept({ option: "revise", comment: " too long " }));
    const { structured } = await run(client, "choose");
    expect(structured).toMatchObject({ status: "completed", result: { option: "revise", comment: "too long" } });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.message).toMatch(/^Publish the draft\?\n\n\(choose waits until \d{4}-.*Z\.\)$/);
    expect(asked[0]?.requestedSchema).toEqual({
      type: "object",
      properties: {
        option: {
          type: "string",
          title: "Answer",
          enum: ["publish", "revise"],
          enumNames: ["Publish it", "Send it back"],
        },
        comment: { type: "string", title: "Comment", description: "If there is something to add" },
      },
      required: ["option"],
    });
    expect(await answeredBy(structured?.["execution_id"])).toBe("an-agent");
  });

  test("answers an option without a comment by its id alone", async () => {
    const { client } = await connect(() => accept({ option: "publish", comment: "" }));
    expect((await run(client, "choose")).structured).toMatchObject({ result: "publish" });
  });

  test("shows a flat object field by field", async () => {
    const said = { publish: true, stars: 4, tone: "dry", tags: ["b"], mail: "ada@example.com" };
    const { client, asked } = await connect(() => accept(said));
    expect((await run(client, "form")).structured).toMatchObject({ result: said });
    expect(asked[0]?.message).toBe("form asks: form?");
    expect(asked[0]?.requestedSchema).toEqual({
      type: "object",
      properties: {
        publish: { type: "boolean", title: "Publish it?" },
        stars: { type: "integer", minimum: 1, maximum: 5 },
        tone: { type: "string", enum: ["warm", "dry"] },
        tags: {
          type: "array",
          items: {
            anyOf: [
              { const: "a", title: "a" },
              { const: "b", title: "b" },
            ],
          },
        },
        mail: { type: "string", format: "email" },
      },
      required: ["publish", "stars"],
    });
  });

  test.each([
    ["goOn", {}, true],
    ["number", { value: "2" }, 2],
  ])("a wait of %s takes what the form says as the value that is meant", async (name, content, result) => {
    const { client } = await connect(() => accept(content));
    expect((await run(client, name)).structured).toMatchObject({ status: "completed", result });
  });

  test("is asked again, with the reason, where the answer does not fit", async () => {
    const answers = ["abc", "ABC"];
    const { client, asked } = await connect(() => accept({ value: answers.shift() ?? "" }));
    expect((await run(client, "strict")).structured).toMatchObject({ result: "ABC" });
    expect(asked.map(({ message }) => message)).toEqual([
      "strict asks: code?",
      expect.stringMatching(/^That was not taken: .*must match pattern.*\n\nstrict asks: code\?$/s),
    ]);
  });

  test("asks again where the form comes back with what it did not offer, and with fields that it does not have", async () => {
    const answers = [{ option: "publsh" }, { foo: 1 }, { option: "publish" }];
    const { client, asked } = await connect(() => accept(answers.shift()));
    expect((await run(client, "choose")).structured).toMatchObject({ status: "completed", result: "publish" });
    const reasons = asked.map(({ message }) => message.split("\n")[0]);
    expect(reasons).toEqual([
      "Publish the draft?",
      'That was not taken: "publsh" is no option; it takes publish or revise. Did you mean "publish"?',
      "That was not taken: no option was chosen; it takes publish or revise",
    ]);
    expect(project.problems).toEqual([]);
  });

  test("gives up after three answers that do not fit, and tells the agent why", async () => {
    const { client, asked } = await connect(() => accept({ option: "nonsense" }));
    const { structured } = await run(client, "choose");
    expect(structured).toMatchObject({ status: "waiting", pending_waits: [{ name: "review" }] });
    expect(asked).toHaveLength(3);
    expect(structured?.["next"]).toMatch(
      /^The person at the client was asked 3 times for review, and no answer fitted; the last: "nonsense" is no option; .*executions_input/,
    );
  });

  test("is asked what follows in the same call", async () => {
    const { client, asked } = await connect(() => accept({ value: asked.length === 1 }));
    expect((await run(client, "both")).structured).toMatchObject({ result: [true, false] });
  });

  test.each(["decline", "cancel"] as const)("leaves the wait pending where its person answers %s", async (action) => {
    const { client, asked } = await connect(() => ({ action }));
    const { structured } = await run(client, "choose");
    expect(structured).toMatchObject({ status: "waiting", pending_waits: [{ name: "review" }] });
    expect(structured?.["next"]).toMatch(
      /^The person at the client was asked for review, and (declined to answer|closed the form)\. .*executions_input/,
    );
    expect(asked).toHaveLength(1);
  });

  test("asks the next wait after one that was declined, and none after a question that was dismissed", async () => {
    const declining = await connect(({ message }) =>
      message.includes(" a?") ? { action: "decline" } : accept({ value: "yes" }),
    );
    const { structured } = await run(declining.client, "atOnce", { wait_seconds: 5 });
    expect(structured).toMatchObject({ status: "waiting", pending_waits: [{ name: "a" }] });
    expect(declining.asked).toHaveLength(2);
    const away = await connect(() => ({ action: "cancel" }));
    await run(away.client, "atOnce", { wait_seconds: 5 });
    expect(away.asked).toHaveLength(1);
  });

  test("asks in executions_get, executions_input and executions_replay as well, and not in a mere look", async () => {
    const { client, asked } = await connect(({ message }) =>
      message.includes("second") ? accept({ value: false }) : { action: "decline" },
    );
    const { structured } = await run(client, "both");
    const id = structured?.["execution_id"];
    expect(asked).toHaveLength(1);
    await callTool(client, "executions_get", { execution_id: id });
    expect(asked).toHaveLength(1);
    await callTool(client, "executions_get", { execution_id: id, wait_seconds: 5 });
    expect(asked).toHaveLength(2);
    const answered = await callTool(client, "executions_input", { execution_id: id, value: true, wait_seconds: 10 });
    expect(answered.structured).toMatchObject({ status: "completed", result: [true, false] });
    await callTool(client, "executions_replay", { execution_id: id, wait_seconds: 10 });
    expect(asked).toHaveLength(4);
  });

  test("has its question withdrawn when somebody else answers", async () => {
    const withdrawn = Promise.withResolvers<void>();
    const { client, asked } = await connect((_, signal) => {
      signal.addEventListener("abort", () => withdrawn.resolve());
      return new Promise(() => {});
    });
    const call = run(client, "choose");
    await until("the question", () => asked.length === 1);
    const app = await project.app();
    const [item] = (await app.listings.waits({ limit: 1 })).items;
    await app.engine.answer(item?.executionId ?? "", { value: "publish" });
    expect((await call).structured).toMatchObject({ status: "completed", result: "publish" });
    await withdrawn.promise;
  });

  test("may think for longer than the call was to wait, and is told that the call goes on", async () => {
    const { client } = await connect(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      return accept({ option: "publish" });
    });
    const told: Progress[] = [];
    const args = { target: "flows/asks.ts:choose", wait_seconds: 1 };
    const { structured } = await callTool(client, "executions_run", args, { onprogress: (one) => told.push(one) });
    expect(structured).toMatchObject({ status: "completed", result: "publish" });
    expect(told.map(({ message }) => message)).toContain("asks the person at the client: review");
    const numbers = told.map(({ progress }) => progress);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  test("has its question withdrawn when it ends the call", async () => {
    const ended = new AbortController();
    const withdrawn = Promise.withResolvers<void>();
    const { client } = await connect((_, signal) => {
      signal.addEventListener("abort", () => withdrawn.resolve());
      ended.abort();
      return new Promise(() => {});
    });
    const args = { target: "flows/asks.ts:choose", wait_seconds: 20 };
    await expect(callTool(client, "executions_run", args, { signal: ended.signal })).rejects.toThrow();
    await withdrawn.promise;
  });

  test("is not asked for passwords and for what no form holds", async () => {
    const { client, asked } = await connect(() => accept());
    for (const name of ["nested", "password"]) {
      expect((await run(client, name)).structured).toMatchObject({ status: "waiting" });
    }
    expect(asked).toEqual([]);
  });

  test("that fails to ask leaves the wait pending, and the log says why", async () => {
    const { client } = await connect(() => {
      throw new Error("no screen here");
    });
    const { structured } = await run(client, "choose");
    expect(structured).toMatchObject({ status: "waiting", next: expect.stringContaining("The client could not ask") });
    expect(project.problems).toEqual([expect.stringContaining("no screen here")]);
  });

  test("never shows its person the value of a secret", async () => {
    const app = await project.app();
    app.secrets.create({ name: "blog", values: { TOKEN: "a-secret-of-the-blog" }, visibility: "shared" });
    project.write(
      "flows/leaky.ts",
      flowFile(`export const leaky = flow("leaky", () => wait({ name: "q", question: "Use a-secret-of-the-blog?" }));`),
    );
    const { client, asked } = await connect(() => accept());
    await callTool(client, "executions_run", { target: "flows/leaky.ts:leaky", wait_seconds: 20 });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.message).not.toContain("a-secret-of-the-blog");
  });
});

test("a client that cannot ask gets the wait with the call that answers it", async () => {
  const { client } = await connect();
  const { structured } = await run(client, "choose");
  expect(structured).toMatchObject({ status: "waiting", pending_waits: [{ name: "review" }] });
  const id = structured?.["execution_id"];
  const answered = await callTool(client, "executions_input", { execution_id: id, value: "publish", wait_seconds: 20 });
  expect(answered.structured).toMatchObject({ status: "completed", result: "publish" });
  expect(await answeredBy(id)).toBe("an-agent");
});
