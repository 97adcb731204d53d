import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../helpers/engine.ts";

const shipped = fileURLToPath(new URL("../../dist/agents/hook.js", import.meta.url));

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const question = {
  hook_event_name: "PreToolUse",
  tool_name: "Bash",
  tool_input: { command: "true" },
  tool_use_id: "t1",
};

async function ask(path: string, input = JSON.stringify(question)) {
  const hook = spawn(process.execPath, [shipped, path]);
  hook.stdin.end(input);
  const code = new Promise((resolve) => hook.once("close", resolve));
  return { stdout: await text(hook.stdout), stderr: await text(hook.stderr), code: await code };
}

/** A gate that answers what it is told to. */
async function withGate<T>(answer: string, use: (path: string, asked: string[]) => Promise<T>): Promise<T> {
  const asked: string[] = [];
  const path = join(folder.path, "gate");
  const server = createServer((socket) =>
    socket.once("data", (chunk) => {
      asked.push(chunk.toString());
      socket.end(answer);
    }),
  );
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    return await use(path, asked);
  } finally {
    server.close();
  }
}

test("the hook says nothing of a call that is granted, so that permissions are as they were", async () => {
  await withGate('{"allow":true}', async (path, asked) => {
    expect(await ask(path)).toEqual({ stdout: "", stderr: "", code: 0 });
    expect(asked).toEqual(['{"tool_name":"Bash","tool_use_id":"t1","command":"true"}\n']);
  });
});

test("the hook tells nothing of what goes into a tool, but for commands", async () => {
  await withGate('{"allow":true}', async (path, asked) => {
    const write = { ...question, tool_name: "Write", tool_input: { command: "x", content: "long" } };
    expect(await ask(path, JSON.stringify(write))).toMatchObject({ code: 0 });
    expect(asked).toEqual(['{"tool_name":"Write","tool_use_id":"t1"}\n']);
  });
});

test("the hook denies a call that is refused, with the reason", async () => {
  await withGate('{"allow":false,"reason":"no more"}', async (path) => {
    const { stdout, code } = await ask(path);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      hookSpecificOutput: {
        hookEventName: "PreToolUse",
        permissionDecision: "deny",
        permissionDecisionReason: "no more",
      },
    });
  });
});

test.each([
  ["nobody answers at all", undefined, undefined],
  ["the answer is cut off", "", undefined],
  ["the answer is no answer", '{"maybe":1', undefined],
  ["the question is none", '{"allow":true}', "no json"],
])("the hook refuses the call when %s", async (_, answer, input) => {
  const asking = (path: string) => ask(path, input);
  const { code, stderr } =
    answer === undefined ? await asking(join(folder.path, "none")) : await withGate(answer, asking);
  expect(code).toBe(2);
  expect(stderr).toContain("it may not");
});
