import type { Store } from "./store.ts";
export interface Listings { close?(): void }
export function openListings(_store: Store): Listings { return {}; }
