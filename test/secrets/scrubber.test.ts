import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Scrubber } from "../../src/secrets/scrubber.ts";

const secret = 's3cr3t/v@lue+with "quotes" & ümläut\'s';
const scrubber = new Scrubber([{ label: "test.KEY", value: secret }]);
const mark = "[redacted test.KEY]";

const bytes = Buffer.from(secret, "utf8");
/** The value as it commonly turns up, each in a text around it. */
const appearances: Record<string, string> = {
  "as it is": `token: ${secret}.`,
  "in JSON": JSON.stringify({ token: secret }),
  "in JSON in JSON": JSON.stringify({ body: JSON.stringify({ token: secret }) }),
  "in printed objects": inspect({ token: secret }),
  "in hexadecimal": `0x${bytes.toString("hex")}`,
  "in upper-case hexadecimal": bytes.toString("hex").toUpperCase(),
  "in a URL": `http://127.0.0.1/?token=${encodeURIComponent(secret)}&x=1`,
  "in a form": new URLSearchParams({ token: secret, x: "1" }).toString(),
  "in a URL with lower-case codes": encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
  "in markup": `<a title="${secret.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("'", "&#39;")}">`,
  "as a printed buffer": inspect(bytes),
  "as a printed array of bytes": inspect(new Uint8Array(bytes)),
  "as JSON of a buffer": JSON.stringify(bytes),
  "with colons": bytes.toString("hex").replace(/(..)(?=.)/g, "$1:"),
  "in the href of a URL": new URL(`http://127.0.0.1/?q=${secret}`).href,
  "in base64 that is wrapped": bytes.toString("base64").replace(/.{20}/g, "$&\n"),
  "in base64 of JSON": Buffer.from(JSON.stringify({ token: secret })).toString("base64"),
  "with a colour in the middle": `\u001b[31m${secret.slice(0, 9)}\u001b[0m${secret.slice(9)}`,
  "with a colour in JSON": JSON.stringify(`\u001b[1;31m${secret.slice(0, 9)}\u001b[0m${secret.slice(9)}`),
  "in lines": `${secret.slice(0, 9)}\n${secret.slice(9)}`,
  "in a shell's quotes": `'${secret.replaceAll("'", "'\\''")}'`,
};

describe("a known value", () => {
  test.each(Object.entries(appearances))("is found %s", (_, text) => {
    expect(scrubber.holds(text)).toBe(true);
    expect(scrubber.redact(text)).toContain(mark);
    expect(scrubber.holds(scrubber.redact(text))).toBe(false);
  });

  test.each(["base64", "base64url"] as const)("is found in %s wherever it begins", (encoding) => {
    for (let before = 0; before < 9; before++) {
      for (let after = 0; after < 4; after++) {
        const text = Buffer.concat([Buffer.alloc(before, "a"), bytes, Buffer.alloc(after, "z")]).toString(encoding);
        expect(scrubber.redact(text), `${before} bytes before, ${after} after`).toContain(mark);
      }
    }
  });

  test("is replaced each time, and what stands around it stays", () => {
    expect(scrubber.redact(`a ${secret} b ${secret}c`)).toBe(`a ${mark} b ${mark}c`);
  });

  test("is not found in texts without it", () => {
    for (const text of ["", "short", secret.slice(1), secret.slice(0, -1), "[redacted test.KEY]"]) {
      expect(scrubber.redact(text)).toBe(text);
    }
  });
});

test("of values that overlap nothing is left over", () => {
  const two = new Scrubber([
    { label: "a.K", value: "abcdefghij" },
    { label: "b.K", value: "fghijklmnop" },
  ]);
  expect(two.redact("<abcdefghijklmnop>")).toBe("<[redacted a.K]>");
  expect(two.redact("<fghijklmnop abcdefghij>")).toBe("<[redacted b.K] [redacted a.K]>");
});

test("of values that begin alike the longest is taken", () => {
  const two = new Scrubber([
    { label: "short.K", value: "password" },
    { label: "long.K", value: "password-of-many-words" },
  ]);
  expect(two.redact("password-of-many-words; password")).toBe("[redacted long.K]; [redacted short.K]");
});

test("the lines of a longer key are found one by one", () => {
  const lines = ["MIIEvQIBADANBgkqhkiG9w0BAQEF", "AASCBKcwggSjAgEAAoIBAQC7VJTU"];
  const pem = new Scrubber([
    { label: "tls.KEY", value: `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n` },
  ]);
  for (const line of lines) expect(pem.redact(`> ${line}`)).toBe("> [redacted tls.KEY]");
  expect(pem.redact("-----BEGIN PRIVATE KEY-----")).toBe("-----BEGIN PRIVATE KEY-----");
});

test("values that are too short to be told from ordinary text are left alone", () => {
  expect(new Scrubber([{ label: "a.K", value: "yes" }]).redact("yes, oh yes")).toBe("yes, oh yes");
});

test("whatever the values and the text, no value is left in it and nothing else is lost", () => {
  const value = fc.string({ unit: "grapheme", minLength: 8, maxLength: 40 }).filter((text) => text.trim().length >= 8);
  const piece = fc.string({ unit: "grapheme", maxLength: 20 });
  const wrap = fc.constantFrom<(text: string) => string>(
    (text) => text,
    (text) => JSON.stringify(text),
    (text) => encodeURIComponent(text),
    (text) => Buffer.from(text).toString("hex"),
    (text) => Buffer.from(`xy${text}z`).toString("base64"),
  );
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), piece, piece, wrap, (values, before, after, form) => {
      const known = values.map((one, index) => ({ label: `s.K${index}`, value: one }));
      const all = new Scrubber(known);
      for (const one of values) {
        const text = `${before}${form(one.toWellFormed())}${after}`;
        const clean = all.redact(text);
        expect(all.holds(text)).toBe(true);
        expect(clean).toContain("[redacted s.K");
        for (const other of values) if (!"[redacted s.K0]".includes(other)) expect(clean).not.toContain(other);
      }
    }),
    { numRuns: 300 },
  );
});
