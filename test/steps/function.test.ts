import { describe, expect, test } from "vitest";
import { save } from "../../src/flows/artifacts.ts";
import { useStepScene } from "../helpers/step-scene.ts";

const scene = useStepScene();

const one = (fields: string) =>
  `name: x\ninputs: { rows: { type: array, default: [3, 1, 2] } }\nsteps: [{ id: go, type: function, ${fields} }]`;
const run = (fields: string, exported: Record<string, unknown>) =>
  scene.run(one(fields), { functions: { "tools.ts": exported } });

describe("a function step", () => {
  test("calls the function with its arguments, and answers what that returns", async () => {
    const sort = ({ rows }: { rows: number[] }) => ({ sorted: rows.sort() });
    const { output } = await run('function: sort, args: { rows: "{{ rows }}" }', { sort });
    expect(output("go")).toEqual({ sorted: [1, 2, 3] });
  });

  test("tells it of the step and the execution", async () => {
    const seen: unknown[] = [];
    const look = async (...given: unknown[]) => void seen.push(...given);
    const { output, execution } = await run("function: look", { look });
    expect(output("go")).toBeNull();
    const folders = { projectRoot: scene.project(), workspace: scene.project() };
    const about = { attempt: 1, step: "go", executionId: execution.id, inputs: { rows: [3, 1, 2] }, ...folders };
    const signal = expect.any(AbortSignal);
    expect(seen).toEqual([{}, { ...about, signal, idempotencyKey: expect.stringMatching(/./) }]);
  });

  test("gives it copies, so that other steps see what they would have seen without it", async () => {
    const text = `
name: x
inputs: { rows: { type: array, default: [1, 2] } }
steps:
  - { id: go, type: function, function: spoil, args: { rows: "{{ rows }}" } }
  - { id: after, type: emit, event: after, data: "{{ rows }}" }
`;
    const spoil = ({ rows }: { rows: number[] }, { inputs }: { inputs: { rows: number[] } }) => {
      rows.push(3);
      inputs.rows.push(4);
    };
    const { output } = await scene.run(text, { functions: { "tools.ts": { spoil } } });
    expect(output("after")).toEqual([1, 2]);
  });

  test("is a checkpoint, in which what checkpoints do works", async () => {
    let calls = 0;
    const flaky = async () => {
      calls++;
      await save("note", calls);
      if (calls < 3) throw new Error("not yet");
      return calls;
    };
    const { output, artifacts } = await run("function: flaky, retry: { max: 3, backoff: 0 }", { flaky });
    expect(output("go")).toBe(3);
    expect(artifacts).toEqual({ note: 3 });
  });

  test("fails with what the function threw", async () => {
    const refuse = () => {
      throw new RangeError("no rows");
    };
    const { entry, execution } = await run("function: refuse", { refuse });
    expect(entry("go").failure).toMatchObject({ code: "user_error", name: "RangeError", message: "no rows" });
    expect(execution).toMatchObject({ failure: { step: "go", message: "step go: no rows" } });
  });

  test("names what is there where the function is not", async () => {
    const exported = { summarise: () => 1, total: () => 2, limit: 5 };
    const near = await run("function: sumarise", exported);
    expect(near.entry("go").failure).toMatchObject({
      code: "unknown_function",
      message: "step go: tools.ts exports no sumarise",
      hint: 'Did you mean "summarise"?',
    });
    const far = await run("function: publish", exported);
    expect(far.entry("go").failure).toMatchObject({ hint: "There are: summarise, total." });
    const value = await run("function: limit", exported);
    expect(value.entry("go").failure?.message).toContain("which is no function");
    const inherited = await run("function: toString", exported);
    expect(inherited.entry("go").failure?.message).toContain("exports no toString");
    const module = await run("function: total, module: other.ts", exported);
    expect(module.entry("go").failure).toMatchObject({ message: expect.stringContaining("no module other.ts") });
  });
});
