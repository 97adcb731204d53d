import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type App, openApp } from "../../src/app.ts";

let root: string;
let app: App;
const open = (env: NodeJS.ProcessEnv = {}) =>
  openApp({ project: root, env: { SAVEPOINT_CONFIG_HOME: join(root, "home"), ...env }, ensureWorker: false });
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "savepoint-vault-"));
  app = await open({ GITHUB_TOKEN: "ghp_from_the_environment" });
});
afterEach(async () => {
  await app.close();
  rmSync(root, { recursive: true, force: true });
});

const shared = "shared" as const;
const github = {
  name: "github",
  values: { TOKEN: "ghp_0123456789abcdef", USER: "octocat-the-cat" },
  visibility: shared,
};

describe("a secret", () => {
  test("is metadata to everybody, and its values are on the disk only sealed", () => {
    const { secret } = app.secrets.create(github);
    expect(secret).toMatchObject({ name: "github", keys: ["TOKEN", "USER"], visibility: "shared" });
    expect(app.secrets.list()).toEqual([secret]);
    const files = ["savepoint.db", "savepoint.db-wal"].map((name) =>
      readFileSync(join(root, ".savepoint", name), "latin1"),
    );
    for (const file of files) expect(file).not.toMatch(/ghp_0123456789abcdef|octocat-the-cat/);
  });

  test("is read by name and key, and a wrong one names the nearest", () => {
    app.secrets.create(github);
    expect(app.secrets.read("github", "TOKEN")).toBe("ghp_0123456789abcdef");
    expect(() => app.secrets.read("githab", "TOKEN")).toThrowError(
      expect.objectContaining({ code: "not_found", hint: expect.stringContaining('"github"') }),
    );
    expect(() => app.secrets.read("github", "TOKENS")).toThrowError(
      expect.objectContaining({ code: "not_found", hint: expect.stringContaining('"TOKEN"') }),
    );
    expect(() => app.secrets.read("github", "constructor")).toThrowError(
      expect.objectContaining({ code: "not_found" }),
    );
  });

  test("is created once: an existing name is a conflict and changes nothing", () => {
    app.secrets.create(github);
    expect(() => app.secrets.create({ ...github, values: { TOKEN: "another-value" } })).toThrowError(
      expect.objectContaining({ code: "conflict" }),
    );
    expect(app.secrets.reveal("github")).toEqual(github.values);
  });

  test("is changed key by key, and what it was stays hidden", () => {
    app.secrets.create(github);
    app.secrets.set({
      name: "github",
      values: { TOKEN: "ghp_the_new_value", EXTRA: "one-more-value" },
      visibility: shared,
    });
    expect(app.secrets.reveal("github")).toEqual({
      TOKEN: "ghp_the_new_value",
      USER: "octocat-the-cat",
      EXTRA: "one-more-value",
    });
    expect(app.store.protection.redact("ghp_0123456789abcdef ghp_the_new_value")).toBe(
      "[redacted github.TOKEN] [redacted github.TOKEN]",
    );
  });

  test("that was deleted cannot be read, and stays hidden where it was recorded", () => {
    app.secrets.create(github);
    const kept = app.store.payloads.store(JSON.stringify({ token: "ghp_0123456789abcdef" }));
    app.secrets.remove("github");
    expect(app.secrets.list()).toEqual([]);
    expect(() => app.secrets.reveal("github")).toThrowError(expect.objectContaining({ code: "not_found" }));
    expect(() => app.secrets.remove("github")).toThrowError(expect.objectContaining({ code: "not_found" }));
    expect(app.store.protection.redact(app.store.payloads.read(kept))).toBe('{"token":"[redacted github.TOKEN]"}');
    expect(app.secrets.create(github).secret.keys).toEqual(["TOKEN", "USER"]);
  });

  test("of another process is known at once", async () => {
    const other = await open();
    other.secrets.create(github);
    expect(app.store.protection.redact("ghp_0123456789abcdef")).toBe("[redacted github.TOKEN]");
    await other.close();
  });

  test("that is too short to be redacted is stored with a warning", () => {
    const { warnings } = app.secrets.create({ name: "pin", values: { PIN: "1234" }, visibility: shared });
    expect(warnings).toEqual([expect.stringMatching(/^PIN: shorter than 8 characters/)]);
  });

  test.each([
    ["no values", {}, /at least one key/],
    ["a blank value", { TOKEN: "  " }, /values.TOKEN is blank/],
    ["a null value", { TOKEN: null }, /values.TOKEN must be a text; it is null/],
    ["a number", { TOKEN: 12_345_678 }, /values.TOKEN must be a text; it is of type number/],
    ["a key that is no name", { "my token": "v4lue-v4lue" }, /"my token" is no key/],
    ["keys that collide", { TOKEN: "value-one", " TOKEN": "value-two" }, /several keys are "TOKEN"/],
    ["a huge value", { TOKEN: "x".repeat(65_537) }, /65537 bytes long; 65536 is the limit/],
  ])("with %s is refused before anything is stored", (_, values, message) => {
    const refused = () => app.secrets.create({ name: "new", values, visibility: shared });
    expect(refused).toThrowError(
      expect.objectContaining({ code: "invalid_input", message: expect.stringMatching(message) }),
    );
    expect(refused).not.toThrowError(/12345678|v4lue|value-one|value-two/);
    expect(app.secrets.list()).toEqual([]);
  });

  test.each(["completed", "complete", "execution_id", "checkpoint_started", "answered", "guardrail"])(
    "whose value is %j, a word of every answer, is refused without saying it",
    (word) => {
      const values = { FINE: "ghp_0123456789abcdef", TOKEN: word };
      const words = ["execution_id"];
      for (const store of [app.secrets.create, app.secrets.set]) {
        const refused = () => store({ name: "new", values, visibility: shared, words });
        expect(refused).toThrowError(
          expect.objectContaining({
            code: "invalid_input",
            message: expect.stringMatching(/^values.TOKEN is a word of Savepoint's own answers.*cannot be guessed/),
          }),
        );
        expect(refused).not.toThrowError(/ghp_/);
      }
      expect(app.store.secrets.everKnown()).toEqual([]);
    },
  );

  test("that is too short to be redacted may be such a word", () => {
    expect(app.secrets.create({ name: "pin", values: { PIN: "failed" }, visibility: shared }).warnings).toHaveLength(1);
  });

  test.each(["", "two words", "../up", "-dash", "x".repeat(101)])("cannot be called %j", (name) => {
    expect(() => app.secrets.create({ ...github, name })).toThrowError(
      expect.objectContaining({ code: "invalid_input" }),
    );
  });
});

describe("a secret that is meant for some workflows", () => {
  const scoped = { ...github, workflows: ["release", "nightly", "release"] };

  test("is read by executions of these alone, and the error says how another may", () => {
    expect(app.secrets.create(scoped).secret.workflows).toEqual(["nightly", "release"]);
    expect(app.secrets.read("github", "TOKEN", "nightly")).toBe("ghp_0123456789abcdef");
    expect(() => app.secrets.read("github", "TOKEN", "it's new")).toThrowError(
      expect.objectContaining({
        code: "forbidden",
        message: 'only executions of "nightly", "release" may read the secret "github"; this is one of "it\'s new"',
        hint: expect.stringContaining(
          "savepoint secrets set github --workflow nightly --workflow release --workflow 'it'\\''s new'",
        ),
      }),
    );
    expect(() => app.secrets.read("github", "TOKEN")).toThrowError(expect.objectContaining({ code: "forbidden" }));
  });

  test("is hidden from everybody all the same", () => {
    app.secrets.create(scoped);
    expect(app.store.protection.redact("ghp_0123456789abcdef")).toBe("[redacted github.TOKEN]");
  });

  test("keeps its workflows when a value changes, takes others, and is opened to all", () => {
    app.secrets.create(scoped);
    const values = { TOKEN: "ghp_the_new_value" };
    expect(app.secrets.set({ name: "github", values, visibility: shared }).secret.workflows).toHaveLength(2);
    expect(
      app.secrets.set({ name: "github", values, visibility: shared, workflows: ["one"] }).secret.workflows,
    ).toEqual(["one"]);
    expect(app.secrets.restrict("github", ["two"]).workflows).toEqual(["two"]);
    expect(app.secrets.read("github", "TOKEN", "two")).toBe("ghp_the_new_value");
    expect(app.secrets.restrict("github", null).workflows).toBeNull();
    expect(app.secrets.list()[0]?.workflows).toBeNull();
    expect(app.secrets.read("github", "TOKEN", "any")).toBe("ghp_the_new_value");
  });

  test.each([
    [[], /name at least one/],
    [[" "], /a name is blank/],
    [["x".repeat(201)], /longer than 200/],
  ])("cannot be meant for %j", (workflows, message) => {
    expect(() => app.secrets.create({ ...github, workflows })).toThrowError(
      expect.objectContaining({ code: "invalid_input", message: expect.stringMatching(message) }),
    );
    expect(app.secrets.list()).toEqual([]);
  });
});

describe("values that do not pass through the caller", () => {
  test("come from the server's environment", () => {
    expect(app.secretSources.fromEnv({ TOKEN: "GITHUB_TOKEN" })).toEqual({ TOKEN: "ghp_from_the_environment" });
  });

  test.each([
    ["that is not set", "GITHUB_TOKN", "not_found", /Did you mean GITHUB_TOKEN/],
    ["that is Savepoint's own", "SAVEPOINT_MASTER_KEY", "forbidden", /another name/],
    ["that is no name, perhaps the value itself", "ghp-12345678!", "invalid_input", /never the value/],
  ])("do not come from a variable %s", (_, variable, code, hint) => {
    const read = () => app.secretSources.fromEnv({ TOKEN: variable });
    expect(read).toThrowError(expect.objectContaining({ code, hint: expect.stringMatching(hint) }));
    expect(read).not.toThrowError(/ghp/);
  });

  test("come from files of the project, without the line break at the end", () => {
    writeFileSync(join(root, "token.txt"), "from-a-file\n");
    expect(app.secretSources.fromFiles({ TOKEN: "token.txt" }, "agent")).toEqual({ TOKEN: "from-a-file" });
  });

  test("do not come from outside the project, by whatever way", () => {
    const outside = mkdtempSync(join(tmpdir(), "savepoint-outside-"));
    writeFileSync(join(outside, "token"), "outside");
    symlinkSync(join(outside, "token"), join(root, "link"));
    symlinkSync(outside, join(root, "folder"));
    for (const path of [join(outside, "token"), "link", "folder/token", "../../etc/passwd"]) {
      expect(() => app.secretSources.fromFiles({ TOKEN: path }, "agent"), path).toThrowError(
        expect.objectContaining({ code: expect.stringMatching(/forbidden|not_found/) }),
      );
    }
    rmSync(outside, { recursive: true });
  });

  test("come from any file for a person, except Savepoint's own", () => {
    const outside = mkdtempSync(join(tmpdir(), "savepoint-outside-"));
    writeFileSync(join(outside, "token"), "outside");
    expect(app.secretSources.fromFiles({ TOKEN: join(outside, "token") }, "person")).toEqual({ TOKEN: "outside" });
    const own = join(root, ".savepoint", "savepoint.db");
    expect(() => app.secretSources.fromFiles({ TOKEN: own }, "person")).toThrowError(/Savepoint's own/);
    rmSync(outside, { recursive: true });
  });

  test.each([
    ["Savepoint's own folder", ".savepoint/savepoint.db", "forbidden"],
    ["a folder", "somewhere", "invalid_input"],
    ["a file that is not there", "nothing.txt", "not_found"],
    ["a huge file", "huge.txt", "too_large"],
  ])("do not come from %s", (_, path, code) => {
    mkdirSync(join(root, "somewhere"));
    writeFileSync(join(root, "huge.txt"), "x".repeat(70_000));
    expect(() => app.secretSources.fromFiles({ TOKEN: path }, "agent")).toThrowError(expect.objectContaining({ code }));
  });
});

describe("without the master key", () => {
  test("values cannot be read, nothing that might hold one is written, and status says so", async () => {
    app.secrets.create(github);
    await app.close();
    app = await open({ SAVEPOINT_CONFIG_HOME: join(root, "another-home") });
    for (const use of [
      () => app.secrets.reveal("github"),
      () => app.store.payloads.store('"text"'),
      () => app.secrets.check(),
    ]) {
      expect(use).toThrowError(
        expect.objectContaining({ code: "unavailable", message: expect.stringMatching(/master key/) }),
      );
    }
    expect(app.store.protection.redact("text")).toMatch(/withheld/);
    expect(() => app.store.protection.refresh()).toThrowError(expect.objectContaining({ code: "unavailable" }));
  });
});
