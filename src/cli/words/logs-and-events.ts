import type { SavepointClient } from "../../client/client.ts";
import { performAndTell } from "../answers.ts";
import { exitCodes } from "../exit-codes.ts";
import { type LogFilter, LogTail } from "../follow/log-tail.ts";
import { pageOf } from "../present/presenters.ts";
import { eventLine, logLine } from "../present/timeline.ts";
import { inTypedWords } from "../problems.ts";
import { harmlessValue } from "../terminal-text.ts";
import { newestId } from "./newest.ts";
import type { WordCall, WordDetails } from "./word-details.ts";

export const logsDetails: WordDetails = {
  examples: ["savepoint logs 0199a3f2 --level warn", "savepoint logs -f", "savepoint logs 0199a3f2 --checkpoint draft"],
  extend(command) {
    command.option("-f, --follow", "go on with what it prints, until it has ended");
  },
  act: (call) => (call.options["follow"] === true ? followed(call, followLogs) : once(call)),
};

export const eventsDetails: WordDetails = {
  examples: ["savepoint events 0199a3f2", "savepoint events -f --output json"],
  extend(command) {
    command.option("-f, --follow", "go on with what happens, until it has ended");
  },
  act: (call) => (call.options["follow"] === true ? followed(call, followEvents) : once(call)),
};

async function once(call: WordCall): Promise<number> {
  return performAndTell(call.session, call.word.operation, await withId(call), call.spoken);
}

type Follow = (
  call: WordCall,
  client: SavepointClient,
  args: Record<string, unknown> & { execution_id: string },
) => Promise<void>;

async function followed(call: WordCall, follow: Follow): Promise<number> {
  const { session, spoken } = call;
  const client = await session.client();
  const args = await withId(call);
  await follow(call, client, args).catch((error: unknown) => {
    throw inTypedWords(error, spoken);
  });
  const execution = await client.executions.get({ execution_id: args.execution_id });
  if (session.output.isJson) session.output.jsonLine({ command: session.command, item: execution });
  else session.output.notice(`It is ${execution.status}.`);
  return exitCodes.ok;
}

async function withId({
  args,
  session,
  spoken,
}: WordCall): Promise<Record<string, unknown> & { execution_id: string }> {
  return { ...args, execution_id: String(args["execution_id"] ?? (await newestId(session, spoken))) };
}

async function followLogs(
  { session }: WordCall,
  client: SavepointClient,
  { execution_id: id, ...filter }: LogFilter & { execution_id: string },
) {
  const { output, command } = session;
  const ended = new AbortController();
  const signal = AbortSignal.any([session.signal, ended.signal]);
  const tail = new LogTail(client, id, filter);
  const printed = tail.follow((line) => {
    if (output.isJson) output.jsonLine({ command, line });
    else output.print(logLine(harmlessValue(line), pageOf(output)));
  }, signal);
  const watched = untilEnd(client, id, signal).finally(() => ended.abort());
  await Promise.all([printed.finally(() => ended.abort()), watched]);
}

async function untilEnd(client: SavepointClient, id: string, signal: AbortSignal): Promise<void> {
  for await (const { kind } of client.follow(id, { signal })) if (kind === "done") return;
}

async function followEvents(
  { session, args }: WordCall,
  client: SavepointClient,
  { execution_id: id }: { execution_id: string },
) {
  const { output, command, signal } = session;
  const afterId = typeof args["after_id"] === "number" ? args["after_id"] : undefined;
  for await (const followed of client.follow(id, { afterId, signal })) {
    if (followed.kind === "done") return;
    if (output.isJson) output.jsonLine({ command, event: followed.event });
    else output.print(eventLine(harmlessValue(followed.event), pageOf(output)));
  }
}
