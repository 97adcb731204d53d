import { expect, test } from "vitest";
import { KeptOutput } from "../../../src/steps/programs/kept-output.ts";

function kept(text: string | Buffer, most: number, chunk = 7): KeptOutput {
  const bytes = Buffer.from(text);
  const output = new KeptOutput(most);
  for (let at = 0; at < bytes.length; at += chunk) output.add(bytes.subarray(at, at + chunk));
  return output;
}

test("what fits is kept as it is", () => {
  expect(kept("", 100).text()).toBe("");
  expect(kept("ä".repeat(50), 100).text()).toBe("ä".repeat(50));
});

test("of what does not fit the middle is left out, at the ends of lines", () => {
  const lines = Array.from({ length: 1_000 }, (_, index) => `line ${index}`);
  expect(kept(lines.join("\n"), 40).text()).toBe("line 0\nline 1\n[… 8859 bytes left out …]\nline 998\nline 999");
});

test("a long line is cut between characters, wherever it is cut", () => {
  for (const character of ["ä", "€", "😀"]) {
    for (let most = 20; most < 32; most++) {
      const text = kept(character.repeat(100), most, 5).text();
      expect(text).not.toContain("\uFFFD");
      expect(text).toContain("bytes left out");
    }
  }
});

test("it says of itself less than it keeps", () => {
  const output = kept("0123456789".repeat(10), 80);
  expect(output.text()).toMatch(/^[0-9]{40}\n\[… 20 bytes left out …\]\n[0-9]{40}$/);
  expect(output.text(20)).toMatch(/^[0-9]{10}\n\[… 80 bytes left out …\]\n[0-9]{10}$/);
  expect(kept("0123456789".repeat(10), 200).text(20)).toBe("0123456789\n[… 80 bytes left out …]\n0123456789");
});
