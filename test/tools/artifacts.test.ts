import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ArtifactRef } from "../../src/tools/artifact-refs.ts";
import type { ArtifactWindow } from "../../src/tools/artifact-window.ts";
import { flowFile, type List, pages, ToolProject } from "./project.ts";

type Read = ArtifactWindow & { artifact: ArtifactRef };

let project: ToolProject;
let id: string;
beforeAll(async () => {
  project = new ToolProject({
    "flows/make.ts": flowFile(`
const part = checkpoint("part", async (n: number) => ({ n }));
const write = checkpoint("write", async (text: string) => {
  await save("report", text, { kind: "response", tags: ["draft"] });
  return text.length;
});
const bytes = checkpoint("bytes", async () => new Uint8Array([1, 2, 3]));
const large = checkpoint("large", async () => "x".repeat(200_000));
const dates = checkpoint("dates", async () => ({ at: new Date(0), tags: new Set(["a"]), none: undefined }));
const broken = checkpoint("broken", async () => { throw new Error("no"); });
export const make = flow("make", async ({ name }: { name: string }) => {
  await part(1);
  await part(2);
  await write("first " + name);
  await write("second 🦦 " + name);
  await bytes();
  await large();
  await dates();
  await broken().catch(() => {});
  await save("notes", { list: [1, 2, 3] });
  return { done: true };
});
export const asks = flow("asks", async () => wait({ name: "go" }));
`),
  });
  id = (await project.call("executions_run", { target: "make", input: { name: "otter" }, wait_seconds: 20 }))
    .execution_id;
});
afterAll(() => project.close());

const list = (args: Record<string, unknown> = {}) =>
  project.call<List<ArtifactRef>>("artifacts_list", { execution_id: id, ...args });
const read = (args: Record<string, unknown>) => project.call<Read>("artifacts_get", args);
const names = ({ items }: List<ArtifactRef>) => items.map(({ name }) => name);

describe("artifacts_list", () => {
  test("shows everything there is to read, newest first", async () => {
    const found = await list();
    expect(names(found).slice(0, 2)).toEqual(["result", "notes"]);
    expect(names(found).at(-1)).toBe("input");
    expect(names(found).toSorted()).toEqual([
      "bytes",
      "dates",
      "input",
      "large",
      "notes",
      "part#1",
      "part#2",
      "report",
      "report",
      "result",
      "write#1",
      "write#2",
    ]);
    expect(found).toMatchObject({ total: 12, total_is_exact: true, next_cursor: null });
    const instants = found.items.map((item) => item.created_at);
    expect(instants).toEqual(instants.toSorted().reverse());
  });

  test("tells what an artifact is without its value", async () => {
    const { items } = await list({ name: "report" });
    expect(items[0]).toEqual({
      artifact_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      execution_id: id,
      name: "report",
      kind: "response",
      checkpoint: "write#2",
      content_type: "text/plain; charset=utf-8",
      bytes: Buffer.byteLength("second 🦦 otter"),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      tags: ["draft"],
      created_at: expect.any(String),
    });
    const [large] = (await list({ name: "large" })).items;
    expect(large).toMatchObject({
      artifact_id: `${id}:6`,
      kind: "output",
      checkpoint: "large",
      bytes: 200_002,
      sha256: null,
    });
  });

  test("filters by name, kind, checkpoint and tag", async () => {
    expect(names(await list({ name: "part" }))).toEqual(["part#2", "part#1"]);
    expect(names(await list({ name: "part#2" }))).toEqual(["part#2"]);
    expect(names(await list({ kind: "response" }))).toEqual(["report", "report"]);
    expect(names(await list({ kind: "input" }))).toEqual(["input"]);
    expect(names(await list({ checkpoint: "write#1" })).toSorted()).toEqual(["report", "write#1"]);
    expect(names(await list({ checkpoint: "write" }))).toHaveLength(4);
    expect(names(await list({ tag: "draft", checkpoint: "write#2" }))).toEqual(["report"]);
    expect(await list({ name: "nothing" })).toMatchObject({ items: [], total: 0, next_cursor: null });
    expect(await project.error("artifacts_list", { execution_id: id, checkpoint: "wirte" })).toMatchObject({
      code: "not_found",
      hint: expect.stringContaining("write#1"),
    });
  });

  test("is read page by page, each artifact once", async () => {
    const found = await pages<ArtifactRef>(project, "artifacts_list", { execution_id: id, limit: 5 });
    expect(found.map((page) => page.length)).toEqual([5, 5, 2]);
    expect(found.flat()).toEqual((await list()).items);
  });

  test("refuses a cursor that is none, or of another listing", async () => {
    const { next_cursor: other } = await project.call<List<unknown>>("executions_list", { limit: 1 });
    for (const cursor of ["nonsense", "e30", other ?? Buffer.from('["executions",[1]]').toString("base64url")]) {
      const error = await project.error("artifacts_list", { execution_id: id, cursor });
      expect(error).toMatchObject({ code: "invalid_input", hint: expect.stringContaining("next_cursor") });
    }
  });
});

describe("artifacts_get", () => {
  test("reads JSON whole", async () => {
    expect(await read({ execution_id: id, name: "notes" })).toMatchObject({
      artifact: { name: "notes" },
      encoding: "json",
      value: { list: [1, 2, 3] },
      next_offset: null,
    });
    expect((await read({ execution_id: id, name: "dates" })).value).toEqual({
      at: "1970-01-01T00:00:00.000Z",
      tags: ["a"],
    });
    expect((await read({ execution_id: id, name: "result" })).value).toEqual({ done: true });
    expect((await read({ artifact_id: `${id}:input` })).value).toEqual({ name: "otter" });
    expect((await read({ artifact_id: `${id}:1` })).value).toEqual({ n: 1 });
  });

  test("reads text, of several of one name the newest", async () => {
    const newest = await read({ execution_id: id, name: "report" });
    expect(newest).toMatchObject({ encoding: "text", text: "second 🦦 otter", total_chars: 15, offset: 0 });
    expect(newest).not.toHaveProperty("value");
    const older = (await list({ name: "report" })).items[1];
    expect((await read({ artifact_id: older?.artifact_id })).text).toBe("first otter");
  });

  test("reads bytes as base64", async () => {
    expect(await read({ execution_id: id, name: "bytes" })).toMatchObject({ encoding: "base64", text: "AQID" });
  });

  test("reads long values in windows that together are the whole", async () => {
    let text = "";
    for (let offset: number | null = 0; offset !== null; ) {
      const part: Read = await read({ execution_id: id, name: "large", offset, max_chars: 90_000 });
      expect(part).toMatchObject({ encoding: "text", offset, total_chars: 200_000 });
      text += part.text;
      offset = part.next_offset;
    }
    expect(text).toBe("x".repeat(200_000));
    expect((await read({ execution_id: id, name: "large" })).text).toHaveLength(20_000);
  });

  test("reads JSON that does not fit in windows of its text, and tears no character apart", async () => {
    const first = await read({ execution_id: id, name: "notes", max_chars: 10 });
    expect(first).toMatchObject({ encoding: "json", text: '{"list":[1', next_offset: 10, total_chars: 16 });
    expect((await read({ execution_id: id, name: "notes", offset: 10 })).text).toBe(",2,3]}");
    const otter = await read({ execution_id: id, name: "report", max_chars: 8 });
    expect(otter).toMatchObject({ text: "second ", next_offset: 7 });
    const whole = { text: "🦦", offset: 7, next_offset: 9 };
    expect(await read({ execution_id: id, name: "report", offset: 7, max_chars: 1 })).toMatchObject(whole);
    expect(await read({ execution_id: id, name: "report", offset: 8, max_chars: 2 })).toMatchObject(whole);
  });

  const refusals: [string, Record<string, unknown>, { code: string; hint: RegExp }][] = [
    [
      "an artifact that is not there",
      { artifact_id: "01234567-0000-7000-8000-000000000000" },
      { code: "not_found", hint: /artifacts_list/ },
    ],
    ["an unknown name", { name: "reprot" }, { code: "not_found", hint: /Did you mean "report"/ }],
    ["a name that several checkpoints share", { name: "part" }, { code: "ambiguous", hint: /part#1, part#2/ }],
    ["neither an id nor a name", {}, { code: "invalid_input", hint: /Example: artifacts_get/ }],
    ["a checkpoint that failed", { name: "broken" }, { code: "invalid_state", hint: /executions_get/ }],
    ["an offset past the end", { name: "report", offset: 99 }, { code: "invalid_input", hint: /from 0 to 15/ }],
  ];
  test.each(refusals)("says what to do for %s", async (_, args, expected) => {
    const error = await project.error("artifacts_get", "artifact_id" in args ? args : { execution_id: id, ...args });
    expect(error.code).toBe(expected.code);
    expect(error.hint).toMatch(expected.hint);
  });

  test("says that there is no result yet", async () => {
    const { execution_id: open } = await project.call("executions_run", { target: "asks" });
    const error = await project.error("artifacts_get", { execution_id: open, name: "result" });
    expect(error).toMatchObject({
      code: "invalid_state",
      message: expect.stringContaining("is waiting and has no result"),
    });
  });
});
