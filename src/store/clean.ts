import { setTimeout as delay } from "node:timers/promises";
import type { BlobFile } from "./blobs.ts";
import type { Leaving } from "./cleaning.ts";
import type { Store } from "./store.ts";

export interface CleanOptions {
  /** Executions that ended before this instant go, with all that belongs to them; cached outputs that are older, too. */
  before: number;
  now: number;
  /** Only say what would go. */
  isDryRun: boolean;
  /** Removes the files of a version whose row is gone. */
  removeVersionFiles(hash: string): void;
}

export interface Cleaned {
  executions: number;
  versions: number;
  blobs: number;
  /** Of the blobs. */
  bytes: number;
}

/** A younger blob may be one whose row is still on its way. */
const youngMs = 3_600_000;
/** Whoever found a blob in its place a moment ago has committed the row that names it by then. */
const graceMs = 2_000;
const nothing: Leaving = { executions: new Set(), cachedBefore: 0 };

/**
 * Removes ended executions, whole families at a time, and then the versions and blobs that nothing refers to any more.
 * It may be killed at any point, and may run beside workers and another clean.
 */
export async function clean(store: Store, options: CleanOptions): Promise<Cleaned> {
  const removed = removeExecutions(store, options);
  removeCachedOutputs(store, options);
  const hashes = removeVersions(store, options, removed);
  const leaving = { executions: removed, cachedBefore: options.before };
  const blobs = options.isDryRun ? unusedBlobs(store, options, leaving) : await removeBlobs(store, options);
  return {
    executions: removed.size,
    versions: hashes.length,
    blobs: blobs.length,
    bytes: blobs.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function removeExecutions({ cleaning, write }: Store, { before, isDryRun }: CleanOptions): Set<number> {
  const removed = new Set<number>();
  for (let after: number | undefined = 0; after !== undefined; ) {
    const from: number = after;
    // Looked for and removed in one transaction: a retry must not bring back to life what is half gone.
    after = write(() => {
      const { last, seqs } = cleaning.families(before, from);
      if (!isDryRun) cleaning.removeExecutions(seqs);
      for (const seq of seqs) removed.add(seq);
      return last;
    });
  }
  if (!isDryRun && removed.size > 0) write(() => cleaning.forgetKeys());
  return removed;
}

function removeCachedOutputs({ cleaning, write }: Store, { before, isDryRun }: CleanOptions): void {
  if (!isDryRun) write(() => cleaning.forgetCachedOutputs(before));
}

function removeVersions(
  { cleaning, write }: Store,
  { before, isDryRun, removeVersionFiles }: CleanOptions,
  removed: ReadonlySet<number>,
): string[] {
  if (isDryRun) return cleaning.unusedVersions(before, removed);
  const hashes = write(() => {
    const unused = cleaning.unusedVersions(before, new Set());
    for (const hash of unused) cleaning.removeVersion(hash);
    return unused;
  });
  for (const hash of hashes) removeVersionFiles(hash);
  return hashes;
}

async function removeBlobs(store: Store, options: CleanOptions): Promise<BlobFile[]> {
  const { blobs } = store;
  const unused = unusedBlobs(store, options, nothing);
  if (unused.length === 0) return [];
  for (const { sha256, isAside } of unused) if (!isAside) ignoreMissing(() => blobs.setAside(sha256));
  await delay(graceMs);
  const wanted = store.cleaning.referencedBlobs(nothing);
  const gone = unused.filter(({ sha256 }) => !wanted.has(sha256));
  for (const { sha256 } of unused.filter((blob) => !gone.includes(blob))) ignoreMissing(() => blobs.takeBack(sha256));
  for (const { sha256 } of gone) blobs.drop(sha256);
  return gone;
}

function unusedBlobs({ blobs, cleaning }: Store, { now }: CleanOptions, leaving: Leaving): BlobFile[] {
  const files = blobs.list();
  const wanted = cleaning.referencedBlobs(leaving);
  // A clean that was killed may have left behind what is wanted after all.
  for (const { sha256, isAside } of files)
    if (isAside && wanted.has(sha256)) ignoreMissing(() => blobs.takeBack(sha256));
  return files.filter(({ sha256, writtenAt }) => !wanted.has(sha256) && writtenAt < now - youngMs);
}

/** Another clean was faster. */
function ignoreMissing(move: () => void): void {
  try {
    move();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
