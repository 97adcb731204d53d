import { ValueSyntaxError } from "./reference.ts";

const quoted = `"[^"]*"|'[^']*'`;
const name = "[A-Za-z_][\\w-]*";
const path = `${name}(?:\\.${name}|\\[\\s*(?:-?\\d+|${quoted}|${name}(?:\\.${name})*)\\s*\\])*`;
const operand = new RegExp(`\\s*(?:${quoted}|-?\\d+(?:\\.\\d+)?|\\([^()]*\\)|not\\s+|${path})\\s*`, "y");
const longestLooked = 2_000;
const operator = /(?:==|!=|<=|>=|<|>|and\b|or\b|contains\b)/y;
const blocks = /\{%-?\s*(raw|comment)\s*-?%\}[\s\S]*?\{%-?\s*end\1\s*-?%\}/g;

/**
 * Refuses what the template library reads with a shrug: `{{ a b }}`, `{{ .a }}`.
 * @throws ValueSyntaxError
 */
export function checkOutputs(source: string): void {
  const visible = source.replace(blocks, (block) => " ".repeat(block.length));
  for (let at = visible.indexOf("{{"); at >= 0; at = visible.indexOf("{{", at + 2)) {
    const end = visible.indexOf("}}", at);
    const inner = visible.slice(at + 2, end < 0 ? undefined : end).replace(/^-|-$/g, "");
    if (isExpression(inner)) continue;
    throw new ValueSyntaxError("bad_template", `{{${inner.slice(0, 80)}}} is no reference`, {
      hint:
        operatorHint(source) ??
        "Write {{ inputs.name }} or {{ steps.id.output }}; to write {{ as it is, put a backslash in front: \\{{.",
      offset: at,
    });
  }
}

function isExpression(text: string): boolean {
  let at = 0;
  for (;;) {
    operand.lastIndex = at;
    const match = operand.exec(text);
    if (match === null) return false;
    at = operand.lastIndex;
    if (match[0].trim() === "not") continue;
    if (at >= text.length || text[at] === "|") return true;
    operator.lastIndex = at;
    if (!operator.test(text)) return false;
    at = operator.lastIndex;
  }
}

const filterOf: Readonly<Record<string, string>> = {
  "+": "plus",
  "-": "minus",
  "*": "times",
  "/": "divided_by",
  "%": "modulo",
  "||": "default",
  "??": "default",
};
const calculation = new RegExp(
  `\\{\\{-?\\s*(${path})\\s*(\\|\\||\\?\\?|[-+*/%])\\s*(${quoted}|-?\\d+(?:\\.\\d+)?|${path})\\s*-?\\}\\}`,
);

/** What is calculated with signs elsewhere is calculated by filters here. */
export function operatorHint(source: string): string | undefined {
  const [, left, sign = "", right] = calculation.exec(source.slice(0, longestLooked)) ?? [];
  const filter = filterOf[sign];
  return filter === undefined ? undefined : `Write {{ ${left} | ${filter}: ${right} }}.`;
}
