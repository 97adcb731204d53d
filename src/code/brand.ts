/** How a flow object is told from any other value: its own property of this name. */
const flowBrand = Symbol.for("savepoint.flow");

/** Where `checkpoint(...)` leaves the names that were declared while a module loaded. */
export const declaredCheckpoints = Symbol.for("savepoint.declaredCheckpoints");

/** Where `flow(...)` leaves the flows that are declared while a module is loaded in such a context. */
export const declaredFlows = Symbol.for("savepoint.declaredFlows");

export interface FlowBrand {
  name: string;
  /** Throws when the input schema is one that JSON Schema cannot express. */
  describe(): unknown;
}

/** The brand of a flow object; undefined for every other value. */
export function brandOf(value: unknown): FlowBrand | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const brand: unknown = Object.getOwnPropertyDescriptor(value, flowBrand)?.value;
  return isBrand(brand) ? brand : undefined;
}

function isBrand(brand: unknown): brand is FlowBrand {
  return (
    typeof brand === "object" &&
    brand !== null &&
    "name" in brand &&
    typeof brand.name === "string" &&
    "describe" in brand &&
    typeof brand.describe === "function"
  );
}
