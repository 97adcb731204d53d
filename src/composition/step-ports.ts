import type { Code } from "../code/code.ts";
import { targetOf } from "../code/version.ts";
import type { Config } from "../config.ts";
import type { Connections } from "../connections/connections.ts";
import { UserError } from "../core/errors.ts";
import { compileJsonSchema } from "../core/json-schema.ts";
import type { StepPorts } from "../steps/ports.ts";
import type { Store } from "../store/store.ts";
import type { AnswerLinks } from "./answer-links.ts";

interface Parts {
  config: Config;
  store: Store;
  code: Code;
  answerLinks: AnswerLinks;
  connections: Connections;
}

/** What the steps of definitions reach of the project. */
export function stepPorts(
  { config, store, code, answerLinks, connections }: Parts,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): StepPorts {
  return {
    projectRoot: config.projectRoot,
    env: config.env,
    fetch,
    answerLink: answerLinks.urlOf,
    redact: store.protection.redact,
    connections,
    agentServers(names) {
      const entries = names.map((name) => [name, connections.serverEntry(name)] as const);
      return {
        servers: Object.fromEntries(entries.map(([name, { written }]) => [name, written])),
        variables: [...new Set(entries.flatMap(([, { variables }]) => variables))],
      };
    },
    async locateWorkflow(target, input) {
      const { version, flow } = await code.resolve(target);
      const problems = flow.inputSchema === null ? [] : compileJsonSchema(flow.inputSchema)(input);
      if (problems.length > 0) {
        throw new UserError("invalid_input", `the input of ${flow.name} does not fit: ${problems.join("; ")}`);
      }
      const { timeoutMs = null, limits } = flow.options;
      return { name: flow.name, target: targetOf(version, flow), version: version.hash, timeoutMs, limits };
    },
  };
}
