/** What a person wants to be different about a draft. */
interface Changes {
  introduction?: string;
  /** Words, with commas between: changes that mention one are left out. */
  leave_out?: string;
  text?: string;
}

interface Wanted {
  /** Lines of hash, tab and subject. */
  commits: string;
  title: string;
  since: string;
  changes: Changes | null;
}

interface Change {
  area: string;
  text: string;
  hash: string;
}

/** Release notes in Markdown, the changes grouped by what they say they are. */
export function draft({ commits, title, since, changes }: Wanted): string {
  if (changes?.text) return changes.text;
  const heading = title || (since === "" ? "Changes" : `Changes since ${since}`);
  const introduction = changes?.introduction ? `${changes.introduction}\n\n` : "";
  const unwanted = (changes?.leave_out ?? "").split(",").map((word) => word.trim().toLowerCase());
  const wanted = commits.split("\n").filter((line) => {
    return !unwanted.some((word) => word !== "" && line.toLowerCase().includes(word));
  });
  return `# ${heading}\n\n${introduction}${[...grouped(wanted.map(readChange))].map(sectionText).join("\n")}`;
}

/** "feat(cli): …" is a feature, "fix: …" a fix, "Engine: …" a change of the engine. */
function readChange(line: string): Change {
  const [hash = "", subject = ""] = line.split("\t");
  const [, area, text] = /^([^:]{1,25}): (.+)$/.exec(subject) ?? [];
  if (area === undefined || text === undefined) return { area: others, text: subject, hash };
  if (/^feat(ure)?(\(.*\))?!?$/i.test(area)) return { area: "Features", text, hash };
  if (/^(bug)?fix(\(.*\))?!?$/i.test(area)) return { area: "Fixes", text, hash };
  return { area, text, hash };
}

const others = "Other changes";
const first = ["Features", "Fixes"];

/** An area that occurs once is no group of its own. */
function grouped(changes: readonly Change[]): Map<string, Change[]> {
  const count = (area: string) => changes.filter((one) => one.area === area).length;
  const groups = new Map<string, Change[]>([...first, ...areasOf(changes), others].map((area) => [area, []]));
  for (const change of changes) {
    const stands = first.includes(change.area) || change.area === others || count(change.area) > 1;
    if (stands) groups.get(change.area)?.push(change);
    else groups.get(others)?.push({ ...change, text: `${change.area}: ${change.text}` });
  }
  return new Map([...groups].filter(([, group]) => group.length > 0));
}

function areasOf(changes: readonly Change[]): string[] {
  return [...new Set(changes.map(({ area }) => area))]
    .filter((area) => area !== others && !first.includes(area))
    .sort();
}

function sectionText([area, changes]: [string, Change[]]): string {
  const title = area.charAt(0).toUpperCase() + area.slice(1);
  return `## ${title}\n\n${changes.map(({ text, hash }) => `- ${text} (${hash})\n`).join("")}`;
}
