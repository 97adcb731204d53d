import { type Page, section, setIn, valueText } from "../present/page.ts";
import { oneLine } from "../terminal-text.ts";
import { elapsedText } from "../time-text.ts";
import type { TestReport } from "./run-test.ts";

/** How a test went, for a person. */
export function reportText(report: TestReport, page: Page): string {
  const { style } = page;
  const { valid, workflow, status, failure, result, expected } = report;
  const verdict = valid ? style.good("✓ passed") : style.bad("✗ failed");
  const percent = `${Math.round(report.coverage * 100)} %`;
  const steps = (names: readonly string[]) => (names.length === 0 ? [] : [`  ${oneLine(names.join(", "))}`]);
  return [
    `${verdict}  ${style.bold(workflow)}  ${status} in ${elapsedText(report.duration_ms)}, ${percent} of the steps have fixtures`,
    ...section("Failure", failure === null ? [] : failureLines(failure, page), page),
    ...section(
      "Not as expected",
      report.differences.map((one) => `  ${oneLine(one)}`),
      page,
    ),
    ...section("Steps with fixtures", steps(report.steps_with_fixtures), page),
    ...section("Steps without", steps(report.steps_without_fixtures), page),
    ...section("Skipped", steps(report.steps_skipped), page),
    ...section("Never reached", steps(report.steps_not_reached), page),
    ...section("Files that nothing used", steps(report.unused_fixtures), page),
    ...section("Result", expected === undefined && status === "completed" ? setIn(valueText(result)) : [], page),
  ].join("\n");
}

function failureLines({ message, hint }: NonNullable<TestReport["failure"]>, { style }: Page): string[] {
  return [...setIn(message), ...(hint === null ? [] : setIn(style.dim(hint)))];
}
