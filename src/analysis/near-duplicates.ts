// Images that are equal or nearly so, by fingerprints: a digest of the file, the 64 bits of a difference hash, and a thumbnail.
// Candidates have hashes that differ in few bits; the thumbnails decide, so that flat images, whose hashes say little, are not
// taken for one another.

export interface Fingerprint {
  /** Digest of the file's bytes. */
  digest: string;
  /** Difference hash of the grey image, 8 x 8 bits as two unsigned integers. */
  hash: [high: number, low: number];
  /** Grey values of the image at 16 x 16. */
  thumbnail: Uint8Array;
}

export interface DuplicateOptions {
  /** Bits by which the hashes of near duplicates differ at most, up to 16. Default 6. */
  bits?: number;
  /** Mean difference of the grey values of their thumbnails at most, of 255. Default 6. */
  difference?: number;
}

export interface DuplicatePair {
  /** Positions of the two images, the first before the second. */
  pair: [number, number];
  /** Whether the files are equal, byte by byte. */
  exact: boolean;
  /** Mean difference of the thumbnails' grey values; 0 for equal files. */
  difference: number;
}

const BITS = 6;
const DIFFERENCE = 6;
const HASH_BITS = 64;

function bitCount(value: number): number {
  let v = value - ((value >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return (((v + (v >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** Number of bits in which two hashes differ. */
export const hammingDistance = ([a, b]: Fingerprint['hash'], [c, d]: Fingerprint['hash']): number =>
  bitCount((a ^ c) >>> 0) + bitCount((b ^ d) >>> 0);

/** The bits `from` to `to` of a hash, at most 32. */
function bitsOf([high, low]: Fingerprint['hash'], from: number, to: number): number {
  let value = 0;
  for (let bit = from; bit < to; bit++) value = value * 2 + ((bit < 32 ? high >>> (31 - bit) : low >>> (63 - bit)) & 1);
  return value;
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
}

/**
 * All pairs of equal and nearly equal images, in the order of the images.
 *
 * Of hashes that differ in at most k bits, one of k + 1 bands of bits is equal in both: only images that share a band are
 * compared, which is far less than all pairs.
 */
export function duplicatePairs(
  prints: readonly (Fingerprint | undefined)[],
  { bits = BITS, difference = DIFFERENCE }: DuplicateOptions = {},
): DuplicatePair[] {
  const found = new Map<number, DuplicatePair>();
  const compare = (i: number, j: number): void => {
    const [first, second] = [Math.min(i, j), Math.max(i, j)];
    const key = first * prints.length + second;
    const [a, b] = [prints[first]!, prints[second]!];
    if (found.has(key) || hammingDistance(a.hash, b.hash) > bits) return;
    const exact = a.digest === b.digest;
    const mean = exact ? 0 : meanDifference(a.thumbnail, b.thumbnail);
    if (mean <= difference) found.set(key, { pair: [first, second], exact, difference: mean });
  };
  for (let band = 0; band <= bits; band++) {
    const [from, to] = [band, band + 1].map((n) => Math.round((n * HASH_BITS) / (bits + 1)));
    const buckets = new Map<number, number[]>();
    for (const [i, print] of prints.entries()) {
      if (!print) continue;
      const value = bitsOf(print.hash, from, to);
      const bucket = buckets.get(value);
      if (!bucket) buckets.set(value, [i]);
      else {
        for (const other of bucket) compare(i, other);
        bucket.push(i);
      }
    }
  }
  return [...found.values()].sort((x, y) => x.pair[0] - y.pair[0] || x.pair[1] - y.pair[1]);
}

/** Groups of images that pairs connect, each in the order of the images, largest groups first. */
export function duplicateGroups(pairs: readonly DuplicatePair[]): number[][] {
  const parents = new Map<number, number>();
  const root = (i: number): number => {
    const parent = parents.get(i) ?? i;
    if (parent === i) return i;
    const top = root(parent);
    parents.set(i, top);
    return top;
  };
  for (const { pair } of pairs) {
    const [a, b] = pair.map(root);
    parents.set(Math.max(a, b), Math.min(a, b));
  }
  const groups = new Map<number, Set<number>>();
  for (const { pair } of pairs)
    for (const image of pair) {
      const group = groups.get(root(image)) ?? new Set();
      groups.set(root(image), group.add(image));
    }
  return [...groups.values()].map((group) => [...group].sort((a, b) => a - b)).sort((a, b) => b.length - a.length);
}
