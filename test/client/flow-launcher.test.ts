import { afterAll, beforeAll, expect, test } from "vitest";
import { launcherOn } from "../../src/client/flow-launcher.ts";
import { MisuseError } from "../../src/flows/errors.ts";
import type { Handle } from "../../src/flows/handles.ts";
import { reviewFlow, ToolProject } from "../tools/project.ts";

let project: ToolProject;
let handle: Handle;
beforeAll(async () => {
  project = new ToolProject({ "flows/review.ts": reviewFlow });
  const launcher = launcherOn(await project.app());
  handle = await launcher.run({ name: "review", file: undefined }, { topic: "tea" }, { tags: ["t"], timeout: 60_000 });
});
afterAll(() => project.close());

test("a script's handle waits until the execution asks something, for as long as it is told", async () => {
  expect(await handle.wait({ timeout: "10s" })).toBe("waiting");
  expect(await handle.wait()).toBe("waiting");
  expect(await handle.status()).toBe("waiting");
});

test.each<[string, unknown, string]>([
  ["timout", { timout: 1 }, 'wait() of a handle: the option "timout" is unknown (timeout). Did you mean "timeout"?'],
  ["a text for options", "1h", 'wait() of a handle: the options must be an object (timeout), not "1h"'],
  ["no duration", { timeout: "5 parsecs" }, 'wait() of a handle: timeout: "5 parsecs" is not a duration'],
])("a script's handle refuses to wait with %s", async (_, options, words) => {
  const error: unknown = await handle.wait(options as never).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(MisuseError);
  expect(String(error)).toContain(words);
});
