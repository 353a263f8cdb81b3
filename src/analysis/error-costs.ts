// What errors cost: the AP that would be gained if those of one kind were corrected, as tidecv 1.0.1 computes it (dAP). Wrong
// classes and bad places become true positives where their object has no other, the rest is taken away; missed objects do not
// count. The AP is that of the evaluator's matches at one IoU, on tidecv's terms: recalls are k / 100, and a class with detections
// and without objects counts as 0.

import { sortByScore } from '../evaluation/score-order';
import { codeOf, ERROR_KINDS, type ErrorKind, type ErrorRows } from './error-kinds';

export interface ErrorCosts {
  /** The AP that costs are counted from, 0 to 1. */
  ap: number;
  /** By kind, 0 to 1; a correction that lowers AP costs 0, as in tidecv. */
  kinds: Record<ErrorKind, number>;
  /** If every false positive had the score 0. */
  falsePositives: number;
  /** If every object without a match did not count. */
  falseNegatives: number;
}

/** Which errors are corrected: by row. Default: all. */
export interface Correction {
  detection(row: number): boolean;
  truth(row: number): boolean;
}

/** A class's detections that are not ignored, in two orders: ties by position, or true positives last among them. */
interface Ranking {
  byPosition: Int32Array;
  truesLast: Int32Array;
  positives: number;
}

/** A sequence of true (1) and false (0) positives in descending order of scores. */
class Sequence {
  readonly isTrue: Uint8Array;
  count = 0;
  constructor(capacity: number) {
    this.isTrue = new Uint8Array(capacity);
  }
  push(isTrue: number): void {
    this.isTrue[this.count++] = isTrue;
  }
}

export function errorCosts(rows: ErrorRows, classes: number, correction?: Correction): ErrorCosts {
  const rankings = rank(rows, classes);
  const { detections, truths } = rows;
  const { cause } = detections;
  const TRUE = codeOf('true positive');
  const missing = countTruths(rows, classes, (kind) => kind !== TRUE && kind !== codeOf('ignored'));
  const sequence = new Sequence(detections.count + truths.count + 1);
  const mean = (each: (ranking: Ranking, label: number) => number): number => meanOf(rows, rankings, sequence, each);
  const all = (order: Int32Array) => {
    const { isTrue } = sequence;
    for (let k = 0; k < order.length; k++) isTrue[k] = cause[order[k]] === TRUE ? 1 : 0;
    sequence.count = order.length;
  };
  const ap = mean(({ byPosition, positives }) => {
    all(byPosition);
    return positives;
  });

  const without = (kind: ErrorKind): number => {
    const code = codeOf(kind);
    const isCorrected = (row: number) => cause[row] === code && (correction?.detection(row) ?? true);
    const added = corrected(rows, classes, code, isCorrected);
    return mean(({ truesLast, positives }, label) => {
      const more = added[label];
      let next = 0;
      for (let k = 0; k < truesLast.length; k++) {
        const row = truesLast[k];
        for (; next < more.length && comesBefore(rows, more[next], row); next++) sequence.push(1);
        if (cause[row] !== code || !isCorrected(row)) sequence.push(cause[row] === TRUE ? 1 : 0);
      }
      for (; next < more.length; next++) sequence.push(1);
      return positives;
    });
  };
  const missed = countTruths(
    rows,
    classes,
    (kind, row) => kind === codeOf('missed') && (correction?.truth(row) ?? true),
  );
  const withoutObjects = (taken: number[]): number =>
    mean(({ truesLast, positives }, label) => {
      all(truesLast);
      return positives - taken[label];
    });
  const gains = ERROR_KINDS.map((kind): [ErrorKind, number] => [
    kind,
    Math.max(0, (kind === 'missed' ? withoutObjects(missed) : without(kind)) - ap),
  ]);
  const truesFirst = mean(({ byPosition, positives }) => {
    all(byPosition);
    // true positives first
    const { isTrue, count } = sequence;
    let found = 0;
    for (let k = 0; k < count; k++) found += isTrue[k];
    isTrue.fill(1, 0, found).fill(0, found, count);
    return positives;
  });
  return {
    ap,
    kinds: Object.fromEntries(gains) as Record<ErrorKind, number>,
    falsePositives: truesFirst - ap,
    falseNegatives: withoutObjects(missing) - ap,
  };
}

/** The mean AP over classes of the sequences that `each` writes; it returns the number of objects. */
function meanOf(
  { matcher }: ErrorRows,
  rankings: Ranking[],
  sequence: Sequence,
  each: (ranking: Ranking, label: number) => number,
): number {
  let [sum, count] = [0, 0];
  for (const [label, ranking] of rankings.entries()) {
    sequence.count = 0;
    const positives = each(ranking, label);
    if (positives === 0 && sequence.count === 0) continue;
    if (ranking.positives === 0 && !matcher.countsTruthless) continue;
    sum += matcher.averagePrecision(sequence.isTrue, sequence.count, positives);
    count++;
  }
  return count === 0 ? 0 : sum / count;
}

/** Rows that become true positives when errors of a kind are corrected, by the class they then have, best first. */
function corrected(
  { detections, truths }: ErrorRows,
  classes: number,
  code: number,
  isCorrected: (row: number) => boolean,
): number[][] {
  const added = Array.from({ length: classes }, (): number[] => []);
  for (let g = 0; g < truths.count; g++) {
    const row = truths.detection[g];
    if (truths.kind[g] === code && row >= 0 && detections.cause[row] === code && isCorrected(row))
      added[truths.label[g]].push(row);
  }
  const { score } = detections;
  for (const list of added) list.sort((a, b) => score[b] - score[a] || a - b);
  return added;
}

/** Whether a corrected detection precedes another: by score, then before true positives, then by position. */
function comesBefore({ detections: { score, cause } }: ErrorRows, added: number, row: number): boolean {
  if (score[added] !== score[row]) return score[added] > score[row];
  return cause[row] === codeOf('true positive') || added < row;
}

function rank({ detections, truths }: ErrorRows, classes: number): Ranking[] {
  const { count, label, score, ignored, cause } = detections;
  const sorted = new Int32Array(count);
  let rows = 0;
  for (let row = 0; row < count; row++) if (ignored[row] === 0) sorted[rows++] = row;
  sortByScore(sorted, rows, score);
  const ends = new Int32Array(classes + 1);
  for (let k = 0; k < rows; k++) ends[label[sorted[k]] + 1]++;
  for (let c = 0; c < classes; c++) ends[c + 1] += ends[c];
  const byPosition = new Int32Array(rows);
  const starts = ends.slice(0, classes);
  for (let k = 0; k < rows; k++) byPosition[starts[label[sorted[k]]]++] = sorted[k];
  const positives = countTruths({ truths }, classes, (kind) => kind !== codeOf('ignored'));
  return positives.map((number, c): Ranking => {
    const order = byPosition.subarray(ends[c], ends[c + 1]);
    return { byPosition: order, truesLast: withTruesLast(order, score, cause), positives: number };
  });
}

/** Of equal scores, true positives after the others. */
function withTruesLast(order: Int32Array, score: Float64Array, cause: Uint8Array): Int32Array {
  const TRUE = codeOf('true positive');
  const out = new Int32Array(order.length);
  for (let start = 0, at = 0; start < order.length; ) {
    let end = start;
    for (; end < order.length && score[order[end]] === score[order[start]]; end++)
      if (cause[order[end]] !== TRUE) out[at++] = order[end];
    for (let k = start; k < end; k++) if (cause[order[k]] === TRUE) out[at++] = order[k];
    start = end;
  }
  return out;
}

function countTruths(
  { truths }: Pick<ErrorRows, 'truths'>,
  classes: number,
  counts: (kind: number, row: number) => boolean,
): number[] {
  const found = new Array<number>(classes).fill(0);
  for (let g = 0; g < truths.count; g++) if (counts(truths.kind[g], g)) found[truths.label[g]]++;
  return found;
}
