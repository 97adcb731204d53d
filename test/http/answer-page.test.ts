import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../processes/project.ts";
import { flowFile } from "../tools/project.ts";
import { TestServer } from "./server.ts";

const choice = {
  type: "string",
  oneOf: [
    { const: "publish", title: "Publish <it>" },
    { const: "revise", title: "Send it back" },
  ],
};
const options = {
  anyOf: [
    choice,
    { type: "object", properties: { option: choice, comment: { type: "string" } }, required: ["option"] },
  ],
};
const form = {
  type: "object",
  properties: {
    publish: { type: "boolean", title: "Publish it?" },
    stars: { type: "integer", minimum: 1, maximum: 5, title: "Stars", description: "1 to 5" },
    tone: { enum: ["warm", "dry"], default: "dry" },
    tags: { type: "array", items: { enum: ["a", "b", "c"] } },
    note: { type: "string", maxLength: 20 },
  },
  required: ["publish", "stars"],
};

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.open({
    files: {
      "flows/asks.ts": flowFile(`
export const choose = flow("choose", () =>
  wait({ name: "review", question: "Publish <b>this</b>?\\nIt is long.", schema: ${JSON.stringify(options)}, timeout: "2d" }));
export const form = flow("form", () => wait({ name: "form", schema: ${JSON.stringify(form)} }));
export const yesNo = flow("yesNo", () => wait({ name: "ok", schema: z.boolean() }));
export const goOn = flow("goOn", () => wait({ name: "go" }));
export const json = flow("json", () => wait({ name: "list", schema: z.array(z.object({ a: z.number() })) }));
export const brief = flow("brief", () => wait({ name: "soon", timeout: 300, onTimeout: { value: "nobody" } }));
export const later = flow("later", async () => {
  await wait({ name: "first" });
  return wait({ name: "second" });
});
export const twice = flow("twice", async () => [await wait({ name: "again" }), await wait({ name: "again" })]);
`),
    },
  });
});
afterAll(() => server.close());

async function start(flow: string): Promise<string> {
  const args = { target: `flows/asks.ts:${flow}`, wait_seconds: 20 };
  return (await server.project.call("executions_run", args)).execution_id;
}

/** The path and token of a link, as a notification would carry it. */
async function linkTo(id: string, wait: string): Promise<string> {
  const app = await server.project.app();
  const withdraw = app.answerLinks.announce("http://127.0.0.1:7420");
  const url = new URL(app.answerLinks.urlOf(id, wait) ?? "");
  withdraw();
  return url.pathname + url.search;
}

const open = (link: string) => server.request(link, { headers: { authorization: null } });

/** As a browser sends the page's form. */
function send(
  link: string,
  fields: Record<string, string> | [string, string][],
  headers: Record<string, string | null> = {},
) {
  const body = new URLSearchParams(fields);
  const token = new URL(link, "http://localhost").searchParams.get("token") ?? "";
  if (!body.has("token")) body.set("token", token);
  return server.request(link.slice(0, link.indexOf("?")), {
    method: "POST",
    body: body.toString(),
    headers: {
      authorization: null,
      origin: "http://127.0.0.1:7420",
      "content-type": "application/x-www-form-urlencoded",
      ...headers,
    },
  });
}

const result = async (id: string) =>
  server.project.call("executions_get", { execution_id: id, wait_seconds: 20, detail: "full" });

describe("the page of a wait", () => {
  test("shows what is asked, with nothing from elsewhere and without script", async () => {
    const response = await open(await linkTo(await start("choose"), "review"));
    expect(response.status).toBe(200);
    const html = await response.text();
    expect(html).toContain("<h1>choose asks</h1>");
    expect(html).toContain("Publish &lt;b&gt;this&lt;/b&gt;?\nIt is long.");
    expect(html).toContain('<button name="option" value="publish">Publish &lt;it&gt;</button>');
    expect(html).toContain('<textarea name="comment"');
    expect(html).toMatch(/It waits until <time datetime="\d{4}-/);
    expect(html).not.toMatch(/<script|https?:\/\/|<link|<img/);
    // The Enter key in a field presses the first button.
    expect(html.indexOf("<button disabled hidden>")).toBeLessThan(html.indexOf('<button name="option"'));
    const { headers } = response;
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action/,
    );
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("answers the wait with the option, the comment and who said so", async () => {
    const id = await start("choose");
    const link = await linkTo(id, "review");
    const response = await send(link, { option: "revise", comment: "Too long.\r\nCut it.", answered_by: " Ada " });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("Your answer was recorded");
    expect((await result(id)).result).toEqual({ option: "revise", comment: "Too long.\nCut it." });
    const again = await open(link);
    expect(again.status).toBe(410);
    expect(await again.text()).toMatch(/answered by Ada on \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
    const late = await send(link, { option: "publish" });
    expect(late.status).toBe(410);
    expect(await late.text()).toContain("The first answer counts");
  });

  test("records an answer without a name as one by the link", async () => {
    const id = await start("choose");
    const link = await linkTo(id, "review");
    await send(link, { option: "publish", comment: "" });
    expect((await result(id)).result).toBe("publish");
    expect(await (await open(link)).text()).toContain("answered by link");
  });

  test("asks field by field, leaves out what is optional, and says what does not fit", async () => {
    const id = await start("form");
    const link = await linkTo(id, "form");
    const html = await (await open(link)).text();
    expect(html).toContain("Publish it?");
    expect(html).toContain('type="number" step="1" min="1" max="5"');
    expect(html).toContain('type="text" maxlength="20"');
    expect(html).toContain('<option value="dry" selected>');
    expect(html).toContain("note (optional)");
    const refused = await send(link, { "field-0": "true", "field-1": "9", "field-4": 'a "note"' });
    expect(refused.status).toBe(422);
    const again = await refused.text();
    expect(again).toContain("Stars: must be &lt;= 5");
    expect(again).toContain('value="a &quot;note&quot;"');
    const fields: [string, string][] = [
      ["field-0", "true"],
      ["field-1", "4"],
      ["field-2", "warm"],
      ["field-3", "a"],
      ["field-3", "c"],
      ["field-4", ""],
    ];
    expect((await send(link, fields)).status).toBe(200);
    expect((await result(id)).result).toEqual({ publish: true, stars: 4, tone: "warm", tags: ["a", "c"] });
  });

  test("names the fields as it shows them, and says what the options are", async () => {
    const link = await linkTo(await start("form"), "form");
    expect(await (await send(link, { "field-0": "" })).text()).toContain("Publish it? is missing; Stars is missing");
    const refused = await send(await linkTo(await start("choose"), "review"), { option: "revize" });
    expect(refused.status).toBe(422);
    const text = (await refused.text()).replaceAll("&quot;", '"');
    expect(text).toContain('>"revize" is no option; it takes publish or revise. Did you mean "revise"?<');
  });

  test.each([
    ["yesNo", "ok", { value: "false" }, false],
    ["goOn", "go", {}, true],
    ["json", "list", { value: '[{"a":1}]' }, [{ a: 1 }]],
  ])("of %s takes its answer in one go", async (flow, wait, fields, answer) => {
    const id = await start(flow);
    expect((await send(await linkTo(id, wait), fields)).status).toBe(200);
    expect((await result(id)).result).toEqual(answer);
  });

  test("says what is no JSON, and keeps what was typed", async () => {
    const link = await linkTo(await start("json"), "list");
    const response = await send(link, { value: "[1, <" });
    expect(response.status).toBe(422);
    const html = await response.text();
    expect(html).toContain("That is no JSON");
    expect(html).toContain("[1, &lt;</textarea>");
  });

  test("says that the workflow has not come so far, and asks once it has", async () => {
    const id = await start("later");
    const link = await linkTo(id, "second");
    const early = await open(link);
    expect(early.status).toBe(404);
    expect(await early.text()).toContain("Reload this page");
    await server.project.call("executions_input", { execution_id: id, value: true, wait_seconds: 20 });
    await until("the second wait", async () => (await open(link)).status === 200);
  });

  test("is for one wait alone, though others have its name", async () => {
    const id = await start("twice");
    const [first, second] = [await linkTo(id, "again"), await linkTo(id, "again#2")];
    expect((await send(first, {})).status).toBe(200);
    await until("the second wait", async () => (await open(second)).status === 200);
    expect((await send(first, {})).status).toBe(410);
    expect((await send(second, {})).status).toBe(200);
    expect((await result(id)).result).toEqual([true, true]);
  });

  test("says that the time is over, that the run has ended, and that it is gone", async () => {
    const id = await start("brief");
    await result(id);
    const expired = await open(await linkTo(id, "soon"));
    expect(expired.status).toBe(410);
    expect(await expired.text()).toContain("Too late");
    const never = await open(await linkTo(id, "never"));
    expect(never.status).toBe(410);
    expect(await never.text()).toContain("Nobody waits for this any more");
    const cancelled = await start("goOn");
    await server.project.call("executions_cancel", { execution_id: cancelled });
    expect((await open(await linkTo(cancelled, "go"))).status).toBe(410);
    expect((await open(await linkTo("0199a3f2-0000-7000-8000-000000000000", "go"))).status).toBe(404);
  });
});

describe("a link", () => {
  test("opens nothing with a token that is missing, wrong, or of another wait", async () => {
    const [id, other] = [await start("goOn"), await start("goOn")];
    const link = await linkTo(id, "go");
    const path = link.slice(0, link.indexOf("?"));
    const foreign = new URL(await linkTo(other, "go"), "http://localhost").searchParams.get("token");
    const ofPlace = new URL(await linkTo(id, "go#2"), "http://localhost").searchParams.get("token");
    for (const query of [
      "",
      "?token=",
      "?token=abc",
      `?token=${foreign}`,
      `?token=${ofPlace}`,
      `?token=${server.token}`,
    ]) {
      const response = await open(path + query);
      expect(response.status, query).toBe(403);
      expect(await response.text()).toContain("This link is not valid");
    }
    expect((await send(link, { token: foreign ?? "" })).status).toBe(403);
    expect((await server.request("/api/status", { headers: { authorization: `Bearer ${foreign}` } })).status).toBe(401);
  });

  test("takes forms from the page itself alone", async () => {
    const id = await start("goOn");
    const link = await linkTo(id, "go");
    for (const origin of [null, "http://127.0.0.1:9999", "http://localhost:7420"]) {
      expect((await send(link, {}, { origin })).status, String(origin)).toBe(403);
    }
    expect((await send(link, {}, { origin: "https://evil.example" })).status).toBe(403);
    expect((await server.request(link, { headers: { host: "evil.example" } })).status).toBe(403);
    const asJson = await send(link, {}, { "content-type": "application/json" });
    expect(asJson.status).toBe(415);
    expect((await result(id)).status).toBe("waiting");
  });

  test("is not made where nobody serves the page", async () => {
    const app = await server.project.app();
    expect(app.answerLinks.urlOf("0199a3f2", "go")).toBeUndefined();
  });

  test("leads to the public address, whose pages may send the form", async () => {
    const env = {
      ...process.env,
      SAVEPOINT_CONFIG_HOME: `${server.project.root}/home`,
      SAVEPOINT_PUBLIC_URL: "https://Savepoint.example.com/flows/",
    };
    const app = await server.project.open({ env });
    const url = app.answerLinks.urlOf("0199a3f2", "pages[3]/approve#2") ?? "";
    expect(url).toMatch(
      /^https:\/\/savepoint\.example\.com\/flows\/answer\/0199a3f2\/pages%5B3%5D%2Fapprove%232\?token=[\w-]{43}$/i,
    );
    expect(app.config.http.allowedHosts).toContain("savepoint.example.com");
    await expect(
      server.project.open({ env: { ...env, SAVEPOINT_PUBLIC_URL: "savepoint.example.com" } }),
    ).rejects.toThrow("http.public_url: must be an address");
  });

  test("finds a wait whose place holds slashes and numbers, however the path is escaped", async () => {
    const id = await start("twice");
    await server.project.call("executions_input", { execution_id: id, value: true, wait_seconds: 20 });
    const link = await linkTo(id, "again#2");
    expect(link).toContain("/again%232?token=");
    expect((await open(link)).status).toBe(200);
    const place = (await linkTo(id, "pages[3]/approve")).replace("%2F", "/").replace("%5B", "[");
    expect((await open(place)).status).toBe(404);
  });
});
