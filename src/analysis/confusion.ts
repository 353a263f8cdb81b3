// The confusion matrix: rows are the classes of the ground truth, columns those of the detections, the last of each is background.
// By default as MMDetection's tools/analysis_tools/confusion_matrix.py counts (golden: confusion.json).

import { DetLabError, didYouMean } from '../errors';
import type { BoxDetections, ImageTruths } from '../evaluation';
import { bboxOverlaps } from '../geometry/boxes';
import { classifyErrors, codeOf, type ErrorInput } from './error-kinds';

export const CONFUSION_RULES = ['mmdetection', 'evaluator'] as const;

export interface ConfusionOptions {
  /** Detections below this score do not count. Default 0.3. */
  score?: number;
  /** IoU from which a detection and an object belong together. Default 0.5. */
  iou?: number;
  /**
   * `mmdetection` (default): a detection counts once for every object it overlaps, of any class, whether or not the object has
   * another detection; an object is missed if no detection of its class overlaps it; crowds are objects like others. So a
   * duplicate counts as right, and a detection between two objects twice.
   * `evaluator`: one to one, by the matches of AP. A detection counts once, an object once: true positives, then for objects
   * without one the wrong class of highest score; what is left is background and missed. Crowds do not count.
   */
  rule?: (typeof CONFUSION_RULES)[number];
  /** Suppress detections of a class that overlap a better one by more than this IoU first. Only by the rule of MMDetection. */
  nms?: number;
}

/** One count of a cell. */
export interface ConfusionEntry {
  /** Position of the image among the evaluated ones. */
  image: number;
  /** Index among the image's detections; -1 of a missed object. */
  detection: number;
  /** Index among the image's ground truth; -1 of background. */
  truth: number;
}

export interface Confusion {
  classes: readonly string[];
  /** [classes + 1, classes + 1], row-major. */
  counts: Uint32Array;
  /** What was counted, cell by cell on demand. */
  entries(row: number, column: number): ConfusionEntry[];
  options: Required<Omit<ConfusionOptions, 'nms'>> & { nms?: number };
}

/** Counts of all cells, as columns. */
class Counter {
  readonly counts: Uint32Array;
  private readonly cells: number[] = [];
  private readonly places: number[] = [];
  private order?: Int32Array;

  constructor(private readonly size: number) {
    this.counts = new Uint32Array(size * size);
  }

  add(row: number, column: number, { image, detection, truth }: ConfusionEntry): void {
    const cell = row * this.size + column;
    this.counts[cell]++;
    this.cells.push(cell);
    this.places.push(image, detection, truth);
  }

  entries(row: number, column: number): ConfusionEntry[] {
    this.order ??= this.byCell();
    const cell = row * this.size + column;
    let first = 0;
    for (let i = 0; i < cell; i++) first += this.counts[i];
    return Array.from(this.order.subarray(first, first + this.counts[cell]), (i) => ({
      image: this.places[3 * i],
      detection: this.places[3 * i + 1],
      truth: this.places[3 * i + 2],
    }));
  }

  /** Positions of all counts, cell by cell. */
  private byCell(): Int32Array {
    const ends = new Int32Array(this.counts.length);
    for (let cell = 1; cell < ends.length; cell++) ends[cell] = ends[cell - 1] + this.counts[cell - 1];
    const order = new Int32Array(this.cells.length);
    for (const [i, cell] of this.cells.entries()) order[ends[cell]++] = i;
    return order;
  }
}

/** @throws DetLabError for a score or IoU outside of [0, 1], and for an unknown rule */
export function confusionOf(input: ErrorInput, given: ConfusionOptions = {}): Confusion {
  const { score = 0.3, iou = 0.5, rule = 'mmdetection', nms } = given;
  for (const [name, value] of Object.entries({ score, iou, nms: nms ?? 0 }))
    if (!(value >= 0 && value <= 1))
      throw new DetLabError(`Cannot count at ${name} ${value}: expected a number from 0 to 1, such as 0.5`);
  if (!CONFUSION_RULES.includes(rule))
    throw new DetLabError(
      `Cannot count by the rule "${rule}": expected ${CONFUSION_RULES.join(' or ')}.${didYouMean(rule, CONFUSION_RULES)}`,
    );
  if (nms !== undefined && rule === 'evaluator')
    throw new DetLabError("Cannot suppress detections by the evaluator's rule: AP is of all of them. Leave nms out");
  const counter = new Counter(input.classes.length + 1);
  const options = { score, iou, rule, nms };
  if (rule === 'evaluator') countMatches(input, options, counter);
  else
    for (const [image, { truths, detections }] of input.images.entries())
      countOverlaps({ image, truths, detections, background: input.classes.length }, options, counter);
  const { classes } = input;
  return { classes, counts: counter.counts, entries: (row, column) => counter.entries(row, column), options };
}

/** MMDetection's `analyze_per_img_dets`, in float32 as there; with `nms`, the scores stay with their boxes, which they do not there. */
function countOverlaps(
  at: { image: number; truths: ImageTruths; detections: BoxDetections; background: number },
  { score, iou, nms }: Confusion['options'],
  counter: Counter,
): void {
  const { image, truths, detections, background } = at;
  const truthBoxes = Float32Array.from(truths.boxes, (v, i) => (i % 4 < 2 ? v : v + truths.boxes[i - 2]));
  const boxes = Float32Array.from(detections.bboxes);
  const counted = Array.from(detections.scores, (_, d) => d).filter((d) => detections.scores[d] >= score);
  const kept = nms === undefined ? counted : suppressed(counted, detections, boxes, nms);
  const isFound = new Uint8Array(truths.labels.length);
  const chosen = Float32Array.from(kept.flatMap((d) => [...boxes.subarray(4 * d, 4 * d + 4)]));
  const overlaps = bboxOverlaps(chosen, truthBoxes);
  const columns = truths.labels.length;
  for (const [k, detection] of kept.entries()) {
    const label = detections.labels[detection];
    let isMet = false;
    for (let truth = 0; truth < columns; truth++) {
      if (!(overlaps[k * columns + truth] >= iou)) continue;
      isMet = true;
      if (truths.labels[truth] === label) isFound[truth] = 1;
      counter.add(truths.labels[truth], label, { image, detection, truth });
    }
    if (!isMet) counter.add(background, label, { image, detection, truth: -1 });
  }
  for (const [truth, label] of truths.labels.entries())
    if (isFound[truth] === 0) counter.add(label, background, { image, detection: -1, truth });
}

/** Greedy suppression within each class, best first. */
function suppressed(
  counted: readonly number[],
  { scores, labels }: BoxDetections,
  boxes: Float32Array,
  threshold: number,
): number[] {
  const kept: number[] = [];
  const box = (d: number) => boxes.subarray(4 * d, 4 * d + 4);
  for (const d of [...counted].sort((a, b) => scores[b] - scores[a] || a - b))
    if (!kept.some((k) => labels[k] === labels[d] && bboxOverlaps(box(k), box(d))[0] > threshold)) kept.push(d);
  return kept;
}

function countMatches(input: ErrorInput, { score, iou }: Confusion['options'], counter: Counter): void {
  const background = Math.min(0.1, iou / 2);
  const { detections, truths } = classifyErrors(input, { iou, background });
  const none = input.classes.length;
  const [TRUE, CLS, IGNORED] = (['true positive', 'wrong class', 'ignored'] as const).map(codeOf);
  const isTaken = new Uint8Array(truths.count);
  for (let g = 0; g < truths.count; g++) {
    const row = truths.detection[g];
    if (truths.kind[g] === TRUE && detections.score[row] >= score) isTaken[g] = 1;
  }
  for (let row = 0; row < detections.count; row++) {
    if (!(detections.score[row] >= score) || detections.ignored[row] === 1) continue;
    const { [row]: label } = detections.label;
    const { [row]: cause } = detections.cause;
    const entry = { image: detections.image[row], detection: detections.index[row], truth: -1 };
    const truth = detections.truth[row];
    const isFirst = cause === CLS && isTaken[truth] === 0;
    if (isFirst) isTaken[truth] = 1;
    if (cause === TRUE || isFirst) counter.add(truths.label[truth], label, { ...entry, truth: truths.index[truth] });
    else counter.add(none, label, entry);
  }
  for (let g = 0; g < truths.count; g++)
    if (isTaken[g] === 0 && truths.kind[g] !== IGNORED)
      counter.add(truths.label[g], none, { image: truths.image[g], detection: -1, truth: truths.index[g] });
}
