import { messageOf } from "../../core/errors.ts";
import { MisuseError } from "../../flows/errors.ts";
import type { FlowDefinition } from "../../flows/flow.ts";
import type { ActivationPort } from "./activation-port.ts";
import type { Submitted } from "./submitted.ts";

/** What the body needs of its activation. */
interface BodyHost extends Pick<ActivationPort, "alive" | "execution" | "decode" | "block"> {
  readonly runtime: { readonly submitted: Submitted };
}

/** Runs a flow's function with the execution's input, and waits for what it submitted. */
export async function runBody(activation: BodyHost, definition: FlowDefinition): Promise<unknown> {
  const value = readInput(activation);
  if (!activation.alive) return;
  const result = await definition.fn((await parseInput(definition, value)) as never);
  await activation.runtime.submitted.finish();
  return result;
}

function readInput(activation: BodyHost): unknown {
  try {
    return activation.decode(activation.execution.input);
  } catch (error) {
    activation.block(error);
  }
}

async function parseInput(definition: FlowDefinition, value: unknown): Promise<unknown> {
  const schema = definition.input();
  if (schema === null) return value;
  try {
    return await schema.parse(value);
  } catch (error) {
    throw new MisuseError(`the input does not fit: ${messageOf(error)}`);
  }
}
