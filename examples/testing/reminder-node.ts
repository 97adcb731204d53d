import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { checkpoint, flow, sleep } from "savepoint";
import { openTestEngine, type TestEngine } from "savepoint/testing";

const sent: string[] = [];
const send = checkpoint("send", async (text: string) => void sent.push(text));

const remind = flow("remind", async (text: string) => {
  await sleep("1w");
  await send(text);
});

let t: TestEngine;
beforeEach(() => {
  t = openTestEngine({ flows: [remind] });
});
afterEach(() => t.close());

void test("a reminder comes after a week", async () => {
  const run = await t.run(remind, "Water the plants");
  await t.advance("6d");
  assert.deepEqual(sent, []);
  await t.advance("1d");
  assert.equal(await run.status(), "completed");
  assert.deepEqual(sent, ["Water the plants"]);
});
