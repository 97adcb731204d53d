import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { requestOf } from "../../src/steps/http/request.ts";
import { useStepScene } from "../helpers/step-scene.ts";

interface Heard {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingMessage["headers"];
  body: string;
}

type Answer = (heard: Heard, response: ServerResponse) => void;

const scene = useStepScene();
let servers: Server[] = [];
afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
  servers = [];
});

/** A server of its own, and what it heard. */
async function listen(answer: Answer = (_, response) => response.end()): Promise<{ url: string; heard: Heard[] }> {
  const heard: Heard[] = [];
  const hear = async (request: IncomingMessage, response: ServerResponse) => {
    const { method, url: path, headers } = request;
    const one = { method, path, headers, body: await text(request) };
    heard.push(one);
    answer(one, response);
  };
  const server = createServer((request, response) => void hear(request, response));
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
}

const one = (fields: string) =>
  `name: x\ninputs: { url: "", word: word }\nsteps: [{ id: go, type: http, url: "{{ url }}", ${fields} }]`;
const ask = (url: string, fields = "", options: Parameters<typeof scene.run>[1] = {}) =>
  scene.run(one(fields), { input: { url }, ...options });
const json =
  (status: number, value: unknown): Answer =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
    response.end(JSON.stringify(value));
  };

describe("an http step", () => {
  test("answers status, headers and what the JSON says", async () => {
    const { url, heard } = await listen(json(200, { a: [1] }));
    const { output } = await ask(`${url}/things?q=1`);
    expect(output("go")).toMatchObject({ status: 200, body: { a: [1] } });
    expect(output("go")).toMatchObject({ headers: { "content-type": "application/json; charset=utf-8" } });
    expect(heard).toMatchObject([{ method: "GET", path: "/things?q=1", body: "" }]);
    expect(heard[0]?.headers).not.toHaveProperty("idempotency-key");
  });

  test("sends texts as they are and all else as JSON, with the checkpoint's idempotency key", async () => {
    const { url, heard } = await listen();
    await ask(url, 'method: POST, body: { word: "{{ word }}" }');
    await ask(url, 'method: PUT, body: "<{{ word }}>", headers: { Content-Type: text/xml, Idempotency-Key: mine }');
    expect(heard).toMatchObject([
      { method: "POST", body: '{"word":"word"}', headers: { "content-type": "application/json" } },
      { method: "PUT", body: "<word>", headers: { "content-type": "text/xml", "idempotency-key": "mine" } },
    ]);
    expect(heard[0]?.headers["idempotency-key"]).toMatch(/./);
  });

  test.for<[string, string | undefined, Buffer, unknown]>([
    ["text", "text/plain; charset=iso-8859-1", Buffer.from("gr\xfc\xdfe", "latin1"), "grüße"],
    ["what has no type", undefined, Buffer.from("plain"), "plain"],
    ["JSON of a kind", "application/problem+json", Buffer.from('{"title":"t"}'), { title: "t" }],
    ["JSON that is none", "application/json", Buffer.from("<html>"), "<html>"],
    ["bytes", "image/png", Buffer.from([0x89, 0, 255]), { base64: "iQD/" }],
    ["a text that is none", "text/plain", Buffer.from([0xff, 0xfe]), { base64: "//4=" }],
    ["nothing", "application/json", Buffer.alloc(0), null],
  ])("reads %s", async ([, type, bytes, body]) => {
    const { url } = await listen((_, response) => {
      response.writeHead(200, type === undefined ? {} : { "content-type": type }).end(bytes);
    });
    expect((await ask(url)).output("go")).toMatchObject({ body });
  });

  test("fails on another status than it expects, and shows no query", async () => {
    const { url } = await listen(json(404, { message: "no such thing" }));
    const { entry, execution } = await ask(`${url}/x?key=hidden`, "retry: 3");
    expect(entry("go")).toMatchObject({ attempt: 1, failure: { code: "http_status" } });
    expect(entry("go").failure?.message).toBe(`step go: GET ${url}/x answered 404: {"message":"no such thing"}`);
    expect(JSON.stringify([entry("go").failure, { ...execution, input: null }])).not.toContain("hidden");
    expect((await ask(url, "expect_status: [200, 404]")).output("go")).toMatchObject({ status: 404 });
    const other = await ask((await listen()).url, "expect_status: 201");
    expect(other.entry("go").failure?.message).toContain("answered 200");
  });

  test("tries again what may pass, and not before the time that it is asked to wait for", async () => {
    const times: number[] = [];
    const { url } = await listen((_, response) => {
      times.push(performance.now());
      if (times.length < 3) response.writeHead(429, { "retry-after": "0.3" });
      response.end("fine");
    });
    const { output, entry } = await ask(url, "retry: { max: 3, backoff: 0 }");
    expect(output("go")).toMatchObject({ body: "fine" });
    expect(entry("go").attempt).toBe(3);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(250);
  });

  test("tries again where there is no answer, and says why there is none", async () => {
    const { url } = await listen();
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const { entry } = await ask(`${url}/x?key=hidden`, "retry: { max: 1, backoff: 0 }");
    expect(entry("go")).toMatchObject({ attempt: 2, failure: { code: "network_error" } });
    expect(entry("go").failure?.message).toBe(`step go: GET ${url}/x got no answer: ECONNREFUSED`);
  });

  test("ends with the time of its attempt", async () => {
    const { url, heard } = await listen(() => {});
    const { entry } = await ask(url, "timeout: 0.2");
    expect(heard).toHaveLength(1);
    expect(entry("go").failure).toMatchObject({ code: "timeout" });
  });

  test("takes no answer that is too large", async () => {
    const { url } = await listen((_, response) => void response.end(Buffer.alloc(16 * 1024 * 1024 + 1)));
    expect((await ask(url)).entry("go").failure).toMatchObject({ code: "too_large" });
  });

  test("sends secrets in headers, which are not recorded", async () => {
    const { url, heard } = await listen();
    const { entry } = await ask(url, 'headers: { Authorization: "Bearer {{ secrets.api.TOKEN }}" }', {
      engine: { ports: { readSecret: () => "tell-nobody" } },
    });
    expect(heard[0]?.headers.authorization).toBe("Bearer tell-nobody");
    expect(JSON.stringify(entry("go"))).not.toContain("tell-nobody");
  });

  test("shows nothing of a header that cannot be sent", async () => {
    const { url } = await listen();
    const { entry } = await ask(url, 'headers: { X-Key: "{{ secrets.api.TOKEN }}" }', {
      engine: { ports: { readSecret: () => "line\nbreak" } },
    });
    expect(entry("go").failure).toMatchObject({
      code: "invalid_header",
      message: 'step go: the header "X-Key" cannot be sent',
    });
  });

  test.for([
    ["http://me:password@127.0.0.1/?q", '"http://…@127.0.0.1/" has a name or a password in it'],
    ["ftp://127.0.0.1/?q", '"ftp://127.0.0.1/" is no address of HTTP'],
    ["nonsense?q", '"nonsense" is no address'],
  ])("refuses the address %s", async ([url = "", message]) => {
    expect((await ask(url)).entry("go").failure).toMatchObject({ code: "invalid_url", message: `step go: ${message}` });
  });
});

test.each(["Host", "content-length", "Transfer-Encoding", "CONNECTION"])("the header %s is refused", (name) => {
  const given = { id: "go", method: "GET", url: "http://127.0.0.1/", body: undefined, idempotencyKey: "k" };
  expect(() => requestOf({ ...given, headers: { [name]: "1" } })).toThrow(
    `step go: the header ${name} follows from the request itself`,
  );
});

describe("a redirect", () => {
  const to =
    (location: string, status = 302): Answer =>
    (heard, response) => {
      if (heard.path === "/end") response.end("there");
      else response.writeHead(status, { location }).end("elsewhere");
    };

  test("is followed within the origin with all headers", async () => {
    const { url, heard } = await listen(to("/end", 307));
    const { output } = await ask(url, "method: POST, headers: { X-Key: k }, body: { a: 1 }");
    expect(output("go")).toMatchObject({ status: 200, body: "there" });
    expect(heard[1]).toMatchObject({ method: "POST", path: "/end", body: '{"a":1}', headers: { "x-key": "k" } });
    expect(heard[1]?.headers["idempotency-key"]).toBe(heard[0]?.headers["idempotency-key"]);
  });

  test("to another origin takes none of the step's headers along", async () => {
    const other = await listen();
    const { url } = await listen(to(`${other.url}/end`, 307));
    await ask(url, "method: POST, headers: { X-Key: k, Authorization: secret }, body: { a: 1 }");
    const [{ headers, body } = { headers: {}, body: "" }] = other.heard;
    expect(headers).toMatchObject({ "content-type": "application/json" });
    expect(headers).not.toHaveProperty("x-key");
    expect(headers).not.toHaveProperty("authorization");
    expect(body).toBe('{"a":1}');
  });

  test.for([
    [301, "POST", "GET"],
    [302, "POST", "GET"],
    [302, "PUT", "PUT"],
    [303, "DELETE", "GET"],
    [308, "PATCH", "PATCH"],
    [303, "HEAD", "HEAD"],
  ] as const)("with %i of %s goes on as %s", async ([status, method, next]) => {
    const { url, heard } = await listen(to("/end", status));
    await ask(url, `method: ${method}${method === "HEAD" ? "" : ", body: text"}`);
    expect(heard[1]).toMatchObject({ method: next, body: next === "GET" || next === "HEAD" ? "" : "text" });
  });

  test("is the answer where it is what the step expects", async () => {
    const { url, heard } = await listen(to("/end"));
    expect((await ask(url, "expect_status: 302")).output("go")).toMatchObject({
      status: 302,
      headers: { location: "/end" },
    });
    expect(heard).toHaveLength(1);
  });

  test("is followed five times at most, and never to what is no HTTP", async () => {
    const { url, heard } = await listen(to("/again"));
    expect((await ask(url)).entry("go").failure).toMatchObject({ code: "too_many_redirects" });
    expect(heard).toHaveLength(6);
    const file = await listen(to("file:///etc/passwd"));
    expect((await ask(file.url)).entry("go").failure).toMatchObject({
      code: "invalid_url",
      message: 'step go: "file:///etc/passwd" is where it was sent on to, and no address of HTTP',
    });
    const named = await listen(to("http://me:pw@127.0.0.1/"));
    expect((await ask(named.url)).entry("go").failure).toMatchObject({ code: "invalid_url" });
  });
});
