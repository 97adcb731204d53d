import { request as httpRequest } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UserError } from "../../src/core/errors.ts";
import type { PageRequest } from "../../src/secrets/page.ts";
import { type OpenPage, SecretPages } from "../../src/secrets/pages.ts";
import type { SecretValues } from "../../src/secrets/values.ts";

let pages: SecretPages;
let stored: SecretValues[];
let call: AbortController;
beforeEach(() => {
  pages = new SecretPages();
  stored = [];
  call = new AbortController();
});
afterEach(() => pages.close());

const open = (changed: Partial<PageRequest> = {}): Promise<OpenPage> =>
  pages.open({
    name: "github",
    keys: ["TOKEN", "USER"],
    program: "an-agent",
    project: "/home/me/project",
    workflows: null,
    signal: call.signal,
    accept(values) {
      stored.push(values);
      const keys = Object.keys(values);
      return {
        secret: { name: "github", keys, visibility: "shared", workflows: null, createdAt: 0 },
        warnings: ["TOKEN: shorter than 8 characters"],
      };
    },
    ...changed,
  });

const typed = { "value-0": "ghp_0123456789 äß+&=%", "value-1": "octocat" };

/** As the page's own form is sent by a browser. */
function submit(url: string, fields: Record<string, string> = typed, headers: Record<string, string> = {}) {
  return fetch(url, {
    method: "POST",
    headers: { origin: new URL(url).origin, ...headers },
    body: new URLSearchParams(fields),
  });
}

/** With headers that `fetch` does not let anyone set. */
function raw(url: string, options: { method?: string; path?: string; headers: Record<string, string>; body?: string }) {
  const { hostname, port, pathname } = new URL(url);
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const { path = pathname, method = "GET", headers } = options;
    const request = httpRequest({ hostname, port, path, method, headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on("end", () => resolve({ status: response.statusCode, text }));
    });
    request.on("error", reject);
    request.end(options.body);
  });
}

describe("a page for values of a secret", () => {
  test("shows what is asked, by whom and for whom, and lets nothing else in", async () => {
    const { url } = await open({
      keys: ["TOKEN"],
      program: "<script>alert(1)</script>",
      workflows: ["release"],
    });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}$/);
    const response = await fetch(url);
    expect(response.status).toBe(200);
    const html = await response.text();
    expect(html).toContain("<h1>Secret github</h1>");
    expect(html).toMatch(/<label>TOKEN<input type="password" name="value-0" autocomplete="off"/);
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(html).not.toContain("<script");
    expect(html).toContain("/home/me/project");
    expect(html).toContain("Only <strong><bdi>release</bdi></strong>");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
      "content-security-policy": expect.stringMatching(
        /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
      ),
    });
  });

  test("shows names without what would turn or hide what stands around them", async () => {
    const { url } = await open({ program: "good\u202egp.exe\u200b\u0007 \ud800", project: "/a\u2066b\nc" });
    const html = await (await fetch(url)).text();
    expect(html).toContain("<strong><bdi>goodgp.exe  \ufffd</bdi></strong>");
    expect(html).toContain("<strong><bdi>/ab c</bdi></strong>");
  });

  test("takes the values once, and says that it may be closed", async () => {
    const page = await open();
    const response = await submit(page.url);
    expect(response.status).toBe(200);
    const html = await response.text();
    expect(html).toContain("You may close this page");
    expect(html).toContain("shorter than 8 characters");
    expect(html).not.toContain("ghp_");
    expect(await page.answered).toMatchObject({ secret: { name: "github" } });
    for (const again of [await submit(page.url), await fetch(page.url)]) {
      expect(again.status).toBe(410);
      expect(await again.text()).toContain("This page has been used");
    }
    expect(stored).toEqual([{ TOKEN: "ghp_0123456789 äß+&=%", USER: "octocat" }]);
  });

  test("takes them once also when the form is sent twice at the same time", async () => {
    const { url } = await open();
    const statuses = await Promise.all([submit(url), submit(url), submit(url)].map(async (one) => (await one).status));
    expect(statuses.toSorted()).toEqual([200, 410, 410]);
    expect(stored).toHaveLength(1);
  });

  test("shows the form again with what is wrong, never with what was typed", async () => {
    const page = await open();
    for (const [fields, said] of [
      [{ "value-0": "kept-to-itself", "value-1": "  " }, "USER is blank"],
      [{ "value-0": "kept-to-itself" }, "USER is blank"],
      [{ "value-0": "kept-to-itself", "value-1": "x".repeat(65_537) }, "USER is 65537 bytes long; 65536 is the limit"],
    ] as const) {
      const response = await submit(page.url, fields);
      expect(response.status).toBe(422);
      const html = await response.text();
      expect(html).toContain(said);
      expect(html).toContain('<form method="post"');
      expect(html).not.toContain("kept-to-itself");
    }
    expect((await submit(page.url)).status).toBe(200);
    expect(stored).toHaveLength(1);
  });

  test("shows the form again where a value is a word of Savepoint's answers", async () => {
    const page = await open({ words: ["execution_id"] });
    const response = await submit(page.url, { "value-0": "execution_id", "value-1": "octocat" });
    expect(response.status).toBe(422);
    expect(await response.text()).toContain("TOKEN is a word of Savepoint&#39;s own answers");
    expect((await submit(page.url)).status).toBe(200);
  });

  test.each([
    ["a field twice", "value-0=one-value&value-0=another&value-1=x"],
    ["an escape that is none", "value-0=%zz&value-1=x"],
    ["an escape that is no UTF-8", "value-0=%ff%fe&value-1=x"],
    ["bytes that are no UTF-8", Buffer.from([...Buffer.from("value-1=x&value-0="), 0xff])],
  ])("refuses a form with %s, and stores nothing", async (_, body) => {
    const { url } = await open();
    const headers = { origin: new URL(url).origin, "content-type": "application/x-www-form-urlencoded" };
    const response = await fetch(url, { method: "POST", headers, body });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("This form is damaged");
    expect(stored).toEqual([]);
    expect((await submit(url)).status).toBe(200);
  });

  test("says so where the values cannot be stored, and whoever asked is told why", async () => {
    const page = await open({
      accept: () => {
        throw new UserError("conflict", 'there is a secret "github" already');
      },
    });
    const response = await submit(page.url);
    expect(response.status).toBe(409);
    expect(await response.text()).toContain("there is a secret &quot;github&quot; already");
    await expect(page.answered).rejects.toMatchObject({ code: "conflict" });
    expect((await submit(page.url)).status).toBe(410);
  });

  test("does not disturb another that is open at the same time", async () => {
    const [one, other] = [await open(), await open({ name: "gitlab" })];
    expect(new URL(one.url).port).toBe(new URL(other.url).port);
    expect(await (await fetch(other.url)).text()).toContain("Secret gitlab");
    one.end();
    expect((await submit(one.url)).status).toBe(410);
    expect((await submit(other.url)).status).toBe(200);
    await other.answered;
  });
});

describe("nobody waits any more", () => {
  test("when the call has ended, and whoever comes late reads so", async () => {
    const page = await open();
    call.abort();
    await expect(page.answered).rejects.toMatchObject({
      code: "unavailable",
      hint: expect.stringContaining("savepoint secrets set github TOKEN USER"),
    });
    for (const late of [await fetch(page.url), await submit(page.url)]) {
      expect(late.status).toBe(410);
      expect(await late.text()).toMatch(/Nobody waits for this any more.*The call that asked has ended/s);
    }
    expect(stored).toEqual([]);
  });

  test("when a call asks that has ended already", async () => {
    call.abort();
    await expect((await open()).answered).rejects.toMatchObject({ code: "unavailable" });
  });

  test("when the time to answer is over", async () => {
    pages.close();
    pages = new SecretPages({ lifeMs: 400 });
    const page = await open();
    await expect(page.answered).rejects.toMatchObject({ message: expect.stringContaining("in time") });
    const late = await submit(page.url);
    expect(late.status).toBe(410);
    expect(await late.text()).toContain("The time to answer is over");
    expect(stored).toEqual([]);
  });

  test("and nothing listens once all pages are gone", async () => {
    pages.close();
    pages = new SecretPages({ lifeMs: 50 });
    const { url } = await open();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await expect(fetch(url)).rejects.toThrow();
    expect((await fetch((await open()).url)).status).toBe(200);
  });
});

describe("who may not use a page", () => {
  test.each(["localhost", "evil.example", "127.0.0.1", "127.0.0.1:1"])("is called by the host %j", async (host) => {
    const { url } = await open();
    const port = new URL(url).port;
    const headers = { host: host === "localhost" ? `localhost:${port}` : host };
    for (const path of [new URL(url).pathname, "/wrong"]) {
      expect(await raw(url, { headers, path })).toMatchObject({ status: 403 });
    }
  });

  test.each([["https://evil.example"], ["null"], ["http://localhost"], [undefined]])(
    "sends a form from the origin %j",
    async (origin) => {
      const { url } = await open();
      const body = new URLSearchParams(typed).toString();
      const headers = {
        host: new URL(url).host,
        "content-type": "application/x-www-form-urlencoded",
        ...(origin !== undefined && { origin }),
      };
      expect(await raw(url, { method: "POST", headers, body })).toMatchObject({ status: 403 });
      expect(stored).toEqual([]);
      expect((await submit(url)).status).toBe(200);
    },
  );

  test("does not know its address", async () => {
    const { url } = await open();
    for (const wrong of [new URL("/", url).href, `${url}x`, url.slice(0, -1), `${url}?a=1`, `${url}/`]) {
      expect((await fetch(wrong)).status, wrong).toBe(404);
      expect((await submit(wrong)).status, wrong).toBe(404);
    }
  });

  test.each(["PUT", "DELETE", "OPTIONS", "HEAD"])("asks with %s", async (method) => {
    const { url } = await open();
    const response = await fetch(url, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, POST");
  });

  test("sends something else than the form", async () => {
    const { url } = await open();
    for (const [type, body] of [
      ["application/json", JSON.stringify(typed)],
      ["text/plain", new URLSearchParams(typed).toString()],
      ["multipart/form-data; boundary=x", "--x--"],
    ] as const) {
      const headers = { origin: new URL(url).origin, "content-type": type };
      expect((await fetch(url, { method: "POST", headers, body })).status).toBe(415);
    }
    expect(stored).toEqual([]);
  });

  test("sends more than the values could be", async () => {
    const { url } = await open({ keys: ["TOKEN"] });
    expect((await submit(url, { "value-0": "x".repeat(300_000) })).status).toBe(413);
    expect(stored).toEqual([]);
    expect((await submit(url, { "value-0": "%".repeat(65_536) })).status).toBe(200);
  });
});
