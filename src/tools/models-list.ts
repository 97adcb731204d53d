import { z } from "zod";
import type { AliasOverview, KeyOverview } from "./app-types.ts";
import { iso } from "./display.ts";
import { listOf, listShown } from "./fields.ts";
import { defineOperation, reading } from "./operation.ts";

const key = z.object({
  from: z.enum(["environment", "secret"]).nullable(),
  name: z.string().nullable().describe("A variable, or a secret with its key"),
  is_ready: z.boolean().describe("False where a key is needed and none is there"),
});

const price = z.object({ input: z.number(), output: z.number(), cached_input: z.number().nullable() });

const alias = z.object({
  name: z.string(),
  model: z.string(),
  is_default: z.boolean(),
  base_url: z.string().nullable(),
  key,
  price: price.nullable().describe("Dollars for a million tokens; null where nobody knows"),
  created_at: z.string(),
});

export const modelsList = defineOperation({
  name: "models_list",
  title: "List models",
  description:
    "Lists the model aliases: what they stand for, the default, prices, and where a key comes from (never the key); and the providers. " +
    "A person registers aliases: `savepoint models register`.",
  input: z.strictObject({}),
  output: listOf(alias).extend({ providers: z.array(z.object({ provider: z.string(), key })) }),
  outputShown: listShown(),
  annotations: reading,
  example: {},
  async handler({ app }) {
    const items = app.models.aliasOverview().map(aliasView);
    const providers = app.models.providerOverview().map((one) => ({ provider: one.provider, key: keyView(one.key) }));
    return { items, next_cursor: null, total: items.length, total_is_exact: true, providers };
  },
});

function aliasView(one: AliasOverview): z.input<typeof alias> {
  const { input, output, cachedInput = null } = one.price ?? {};
  return {
    name: one.name,
    model: one.model,
    is_default: one.isDefault,
    base_url: one.baseUrl,
    key: keyView(one.key),
    price: input === undefined || output === undefined ? null : { input, output, cached_input: cachedInput },
    created_at: iso(one.createdAt),
  };
}

function keyView({ from, name, isReady }: KeyOverview): z.input<typeof key> {
  return { from, name, is_ready: isReady };
}
