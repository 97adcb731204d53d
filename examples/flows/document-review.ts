import { access, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkpoint, flow, log, progress, save, wait } from "savepoint";
import { z } from "zod";

interface Heading {
  level: number;
  text: string;
  line: number;
}

interface Problem {
  line: number;
  message: string;
}

const longestDocument = 1_000_000;

const readDocument = checkpoint("read_document", async (path: string) => {
  const text = await readFile(path, "utf8");
  if (text.length > longestDocument) throw new Error(`${path} is longer than ${longestDocument} characters`);
  console.log(`read ${path}: ${text.length} characters`);
  return text;
});

const outline = checkpoint("outline", (text: string): Heading[] =>
  proseLines(text).flatMap(({ content, line }) => {
    const [, marks, title] = /^(#{1,6})\s+(.+?)\s*#*$/.exec(content) ?? [];
    return marks === undefined || title === undefined ? [] : [{ level: marks.length, text: title, line }];
  }),
);

const checkLinks = checkpoint(
  "check_links",
  async (path: string, text: string): Promise<Problem[]> => {
    const problems: Problem[] = [];
    const links = proseLines(text).flatMap(({ content, line }) =>
      relativeLinks(content).map((target) => ({ target, line })),
    );
    for (const [index, { target, line }] of links.entries()) {
      progress({ stage: "links", current: index + 1, total: links.length });
      const file = decodeURIComponent(target.replace(/[#?].*$/, ""));
      if (file !== "" && !(await exists(join(dirname(path), file)))) {
        problems.push({ line, message: `links to ${target}, which does not exist` });
      }
    }
    log({ links: links.length });
    return problems;
  },
  { retries: 2 },
);

const checkFences = checkpoint("check_fences", (text: string): Problem[] => {
  const { open } = scan(text);
  return open === undefined ? [] : [{ line: open, message: "opens a code fence that is never closed" }];
});

const writeReport = checkpoint("write_report", async (path: string, headings: Heading[], problems: Problem[]) => {
  const outlineText = headings.map(({ level, text }) => `${"  ".repeat(level - 1)}- ${text}`).join("\n");
  const problemText = problems.map(({ line, message }) => `- line ${line} ${message}`).join("\n") || "None found.";
  const report = `# Review of ${path}\n\n## Outline\n\n${outlineText}\n\n## Problems\n\n${problemText}\n`;
  await save("report", report, { tags: ["review"] });
  return report.length;
});

/** Reviews a Markdown document: outlines it, checks its relative links and code fences, and asks before publishing. */
export const documentReview = flow(
  "document-review",
  async ({ path }: { path: string }) => {
    const text = await readDocument(path);
    const headings = await outline(text);
    const [links, fences] = await Promise.all([checkLinks(path, text), checkFences(text)]);
    const problems = [...links, ...fences].sort((a, b) => a.line - b.line);

    const answer = await wait({
      name: "publish",
      question: `${path} has ${count(headings, "heading")} and ${count(problems, "problem")}. Publish the report?`,
      schema: z.strictObject({ publish: z.boolean(), comment: z.string().optional() }),
      metadata: { problems },
    });
    if (!answer.publish) return { published: false, problems: problems.length, comment: answer.comment ?? null };

    await writeReport(path, headings, problems);
    return { published: true, headings: headings.length, problems: problems.length, comment: answer.comment ?? null };
  },
  {
    description: "Outlines a Markdown document, checks its links and fences, and asks before it publishes a report.",
    input: z.strictObject({ path: z.string().min(1).describe("The document, relative to the project folder") }),
  },
);

function count(things: unknown[], name: string): string {
  return `${things.length} ${name}${things.length === 1 ? "" : "s"}`;
}

/** The lines outside code fences. */
function proseLines(text: string): { content: string; line: number }[] {
  return scan(text).prose;
}

function scan(text: string): { prose: { content: string; line: number }[]; open: number | undefined } {
  const prose: { content: string; line: number }[] = [];
  let fence: { mark: string; line: number } | undefined;
  for (const [index, content] of text.split(/\r?\n/).entries()) {
    const [, mark, info] = /^\s{0,3}(`{3,}|~{3,})(.*)$/.exec(content) ?? [];
    if (mark === undefined) {
      if (fence === undefined) prose.push({ content, line: index + 1 });
    } else if (fence === undefined) fence = { mark, line: index + 1 };
    else if (mark[0] === fence.mark[0] && mark.length >= fence.mark.length && info?.trim() === "") fence = undefined;
  }
  return { prose, open: fence?.line };
}

function relativeLinks(content: string): string[] {
  const withoutCode = content.replace(/`[^`]*`/g, "");
  return [...withoutCode.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)]
    .map(([, target]) => target ?? "")
    .filter((target) => target !== "" && !/^([a-z][a-z0-9+.-]*:|#|\/)/i.test(target));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
