import { median, percentile, rounded } from "../figures.ts";
import { below, type Figures, type Measure, type Place } from "../measure.ts";
import { BenchProject } from "../processes/project.ts";

/** How soon a suspended execution goes on in its worker process after another process has answered it. */
export const answer: Measure = {
  name: "answer",
  lines: [
    { key: "answer_p50_ms", title: "answer to continuation, other process, p50 (ms)", goal: below(25) },
    { key: "answer_p99_ms", title: "answer to continuation, other process, p99 (ms)" },
  ],
  take,
};

const warmups = 5;

async function take({ folder, smoke }: Place): Promise<Figures> {
  const project = await BenchProject.open(folder);
  try {
    await project.worker();
    const taken: number[] = [];
    for (let n = 0; n < (smoke ? 5 : 200) + warmups; n++) taken.push(await answerOne(project));
    const judged = taken.slice(warmups);
    return { answer_p50_ms: rounded(median(judged)), answer_p99_ms: rounded(percentile(judged, 99)) };
  } finally {
    await project.close();
  }
}

/** From the call of `executions_input`, its commit included, until the next checkpoint's body begins; in milliseconds. */
async function answerOne(project: BenchProject): Promise<number> {
  const [execution] = await project.run("flows/answer.ts:answer", [undefined]);
  if (execution === undefined) throw new Error("nothing was run");
  await project.reached(execution, "waiting");
  const answeredAt = process.hrtime.bigint();
  await project.operations.executions.input({ execution_id: execution.id, value: true, wait_seconds: 0 });
  const wentOnAt = await project.result(execution);
  const bodies = project.count(`SELECT count(*) FROM journal WHERE execution_seq = ${execution.seq} AND attempt = 1`);
  if (typeof wentOnAt !== "bigint" || bodies !== 2) throw new Error(`${bodies} entries, went on at ${wentOnAt}`);
  return Number(wentOnAt - answeredAt) / 1e6;
}
