// Whether two lists of detections are the same: each of one has a partner in the other, whatever the order of equal scores.

export interface Found {
  label: string;
  score: number;
  bbox: readonly number[];
}

/** The largest differences of partners, in pixels and in score; with the detections on both sides that have none. */
export function disagreement(a: readonly Found[], b: readonly Found[]): { box: number; score: number; alone: Found[] } {
  const free = new Set(b);
  const worst = { box: 0, score: 0, alone: [] as Found[] };
  for (const one of a) {
    let best: { other: Found; box: number } | undefined;
    for (const other of free) {
      if (other.label !== one.label || Math.abs(other.score - one.score) > 1e-3) continue;
      const box = Math.max(...one.bbox.map((v, k) => Math.abs(v - other.bbox[k])));
      if (!best || box < best.box) best = { other, box };
    }
    if (!best || best.box > 1) {
      worst.alone.push(one);
      continue;
    }
    free.delete(best.other);
    worst.box = Math.max(worst.box, best.box);
    worst.score = Math.max(worst.score, Math.abs(best.other.score - one.score));
  }
  worst.alone.push(...free);
  return worst;
}
