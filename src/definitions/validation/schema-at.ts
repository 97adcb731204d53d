import { z } from "zod";

/** The keys that the model knows of the object at a path of some data; empty where it takes any. */
export function keysAt(schema: unknown, data: unknown, path: readonly PropertyKey[]): string[] {
  return [...new Set(objectsAt(schema, data, path).flatMap((object) => Object.keys(object.shape)))];
}

function objectsAt(schema: unknown, data: unknown, path: readonly PropertyKey[]): z.ZodObject[] {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodUnion) return optionsFor(inner, data).flatMap((option) => objectsAt(option, data, path));
  const [key, ...rest] = path;
  if (key === undefined) return inner instanceof z.ZodObject ? [inner] : [];
  const next = member(data, key);
  if (inner instanceof z.ZodObject) return objectsAt(inner.shape[String(key)], next, rest);
  if (inner instanceof z.ZodArray) return objectsAt(inner.element, next, rest);
  return inner instanceof z.ZodRecord ? objectsAt(inner.valueType, next, rest) : [];
}

function unwrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodLazy) {
    return unwrapped(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? unwrapped(schema.in) : schema;
}

/** Of several kinds, the one that the data says it is. */
function optionsFor(union: z.ZodUnion, data: unknown): readonly unknown[] {
  if (!(union instanceof z.ZodDiscriminatedUnion)) return union.options;
  const type = member(data, "type");
  return union.options.filter((option) => {
    const literal = option instanceof z.ZodObject ? option.shape["type"] : undefined;
    return literal instanceof z.ZodLiteral && literal.value === type;
  });
}

function member(data: unknown, key: PropertyKey): unknown {
  return typeof data === "object" && data !== null && Object.hasOwn(data, key) ? Reflect.get(data, key) : undefined;
}
