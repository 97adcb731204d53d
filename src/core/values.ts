/**
 * The values that cross the journal: JSON plus Date, Map, Set, bigint, Uint8Array, undefined and the numbers that
 * JSON has no word for. Encoded text is plain JSON wherever the value is; what is not is wrapped in an object with
 * the key `$savepoint`.
 */
const tag = "$savepoint";
const deepest = 500;
const longestPath = 200;

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A value that the journal cannot hold, with the path to it. */
export class UnencodableValue extends Error {
  override readonly name = "UnencodableValue";
  readonly path: string;

  constructor(path: string, what: string) {
    super(`${shortPath(path)}: ${what} cannot be recorded`);
    this.path = path;
  }
}

/** Its beginning and its end: where a path is long, nobody reads what lies between. */
function shortPath(path: string): string {
  return path.length <= longestPath ? path : `${path.slice(0, longestPath / 2)}…${path.slice(-longestPath / 2)}`;
}

/**
 * Encodes a value as text.
 * @param root how the path in an error begins, for example `output`
 * @throws UnencodableValue naming the place of a class instance, function, symbol or cycle
 */
export function encodeValue(value: unknown, root: string): string {
  return isPlain(value, 0) ? JSON.stringify(value) : JSON.stringify(wrap(value, root, []));
}

/** Gives back a fresh copy of what `encodeValue` took. */
export function decodeValue(text: string): unknown {
  const parsed: unknown = JSON.parse(text);
  return text.includes(`"${tag}"`) ? unwrap(parsed) : parsed;
}

/** The value as JSON for people and models to read: dates as ISO text, maps as objects, bytes as base64. */
export function decodeForDisplay(text: string): Json {
  return display(decodeValue(text));
}

function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "object":
      return value === null || (depth < deepest && (isPlainArray(value, depth) || isPlainObject(value, depth)));
    default:
      return false;
  }
}

function isPlainArray(value: object, depth: number): boolean {
  if (!Array.isArray(value)) return false;
  for (const item of value) {
    if (!isPlain(item, depth + 1)) return false;
  }
  return true;
}

function isPlainObject(value: object, depth: number): boolean {
  if (!isRecord(value)) return false;
  for (const key of Object.keys(value)) {
    if (key === tag || key === "toJSON" || !isPlain(value[key], depth + 1)) return false;
  }
  return true;
}

function isRecord(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value) as object | null;
  // An object of another realm (vm) has a prototype of the same shape whose own prototype is null.
  return (
    prototype === null ||
    prototype === Object.prototype ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf"))
  );
}

function wrap(value: unknown, path: string, above: object[]): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { [tag]: "number", value: numberWord(value) };
    case "undefined":
      return { [tag]: "undefined" };
    case "bigint":
      return { [tag]: "bigint", value: value.toString() };
    case "object":
      return value === null ? null : wrapObject(value, path, above);
    default:
      throw new UnencodableValue(path, `a ${typeof value}`);
  }
}

function numberWord(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function wrapObject(value: object, path: string, above: object[]): Json {
  if (above.includes(value)) throw new UnencodableValue(path, "a reference to an object that contains it");
  if (above.length >= deepest) throw new UnencodableValue(path, `a value nested deeper than ${deepest} levels`);
  const inside = [...above, value];
  if (Array.isArray(value)) return Array.from(value, (item, i) => wrap(item, `${path}[${i}]`, inside));
  if (value instanceof Date)
    return { [tag]: "date", value: Number.isNaN(value.getTime()) ? null : value.toISOString() };
  if (value instanceof Map) {
    const entries = [...value].map(([key, item], i) => [
      wrap(key, `${path}.keys[${i}]`, inside),
      wrap(item, `${path}.get(${typeof key === "object" ? i : String(key)})`, inside),
    ]);
    return { [tag]: "map", value: entries };
  }
  if (value instanceof Set) {
    return { [tag]: "set", value: Array.from(value, (item, i) => wrap(item, `${path}.values[${i}]`, inside)) };
  }
  if (value instanceof Uint8Array) {
    return { [tag]: "bytes", value: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  }
  if (!isRecord(value)) throw new UnencodableValue(path, describeInstance(value));
  const plain: Record<string, Json> = {};
  for (const key of Object.keys(value)) setOwn(plain, key, wrap(value[key], step(path, key), inside));
  return Object.hasOwn(value, tag) ? { [tag]: "object", value: plain } : plain;
}

function describeInstance(value: object): string {
  const name: unknown = value.constructor?.name;
  if (value instanceof Promise) return "a promise (was an await forgotten?)";
  return typeof name === "string" && name !== "" ? `a class instance (${name})` : "a class instance";
}

function step(path: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value !== "object" || value === null) return value;
  const record = value as Record<string, unknown>;
  if (Object.hasOwn(record, tag)) return unwrapTagged(record[tag], record["value"]);
  return mapRecord(record);
}

function mapRecord(record: Record<string, unknown>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(record)) setOwn(copy, key, unwrap(record[key]));
  return copy;
}

/** Plain assignment to `__proto__` would change the prototype instead of adding a key. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

function unwrapTagged(kind: unknown, value: unknown): unknown {
  switch (kind) {
    case "undefined":
      return undefined;
    case "number":
      return Number(value);
    case "bigint":
      return BigInt(String(value));
    case "date":
      return new Date(value === null ? Number.NaN : String(value));
    case "map":
      return new Map(asArray(value).map((entry) => [unwrap(asArray(entry)[0]), unwrap(asArray(entry)[1])]));
    case "set":
      return new Set(asArray(value).map(unwrap));
    case "bytes":
      return new Uint8Array(Buffer.from(String(value), "base64"));
    case "object":
      return mapRecord(value as Record<string, unknown>);
    default:
      throw new Error(`a recorded value has the unknown kind ${JSON.stringify(kind)}`);
  }
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function display(value: unknown): Json {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (value === undefined) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(display);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Map) return displayMap(value);
  if (value instanceof Set) return [...value].map(display);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  const copy: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value as object)) {
    if (item !== undefined) setOwn(copy, key, display(item));
  }
  return copy;
}

function displayMap(value: Map<unknown, unknown>): Json {
  if (![...value.keys()].every((key) => typeof key === "string")) {
    return [...value].map(([key, item]) => [display(key), display(item)]);
  }
  const copy: Record<string, Json> = {};
  for (const [key, item] of value) setOwn(copy, String(key), display(item));
  return copy;
}
