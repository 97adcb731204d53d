import { stdout } from "node:process";

const coloured = stdout.isTTY === true && process.env["NO_COLOR"] === undefined;
const style = (code: number) => (text: string) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);

export const paint = {
  bold: style(1),
  dim: style(2),
  green: style(32),
  yellow: style(33),
  blue: style(34),
  magenta: style(35),
  cyan: style(36),
};

const origins: Record<string, string> = {
  executed: paint.blue("▶ ran       "),
  replayed: paint.dim("↺ kept      "),
  overridden: paint.magenta("✎ overridden"),
  cached: paint.dim("= cached    "),
};

export function say(text: string): void {
  stdout.write(`${text}\n`);
}

export function heading(text: string): void {
  say(`\n${paint.bold(text)}`);
}

/** The call that the client is about to make. */
export function step(tool: string, args: Record<string, unknown>): void {
  say(`\n${paint.cyan("→")} ${paint.bold(tool)} ${paint.dim(JSON.stringify(args))}`);
}

export function timeline(
  checkpoints: { selector: string; status: string; origin: string | null; duration_ms?: number | null }[],
): void {
  for (const { selector, origin, status, duration_ms } of checkpoints) {
    const how = origins[origin ?? ""] ?? `· ${status}`.padEnd(12);
    const took = origin === "executed" && typeof duration_ms === "number" ? paint.dim(`${duration_ms} ms`) : "";
    say(`  ${how}  ${selector.padEnd(16)} ${took}`);
  }
}
