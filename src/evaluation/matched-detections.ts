// The matched detections of an evaluation so far, one row each in columns that grow, and their order by class and score.

import type { MatchedImage } from './image-matching';
import { sortByScore } from './score-order';

/** Columns with one entry per detection, or one per detection and size range. */
export interface MatchedRows {
  scores: Float64Array;
  labels: Int32Array;
  /** Position of the detection's image, in the order in which images were added. */
  images: Int32Array;
  /** Position of the detection among those of its image and class, from the highest score. */
  ranks: Int32Array;
  /** [rows, ranges]: bit t is set if the detection is matched at threshold t. */
  matched: Uint32Array;
  /** [rows, ranges]: bit t is set if the detection is neither true nor false at threshold t. */
  ignored: Uint32Array;
}

/** Images from which the rest is estimated. */
const FEW = 16;

export class MatchedDetections {
  /** The columns may be longer than the number of rows. */
  rows: MatchedRows;
  /** Of each image added, its id. */
  readonly imageIds: number[] = [];
  private readonly starts: number[] = [0];

  /** @param images how many are expected, for the length of the columns */
  constructor(
    private readonly ranges: number,
    private readonly images: number,
  ) {
    this.rows = columns(0, ranges);
  }

  get count(): number {
    return this.starts[this.starts.length - 1];
  }

  add(imageId: number, scores: ArrayLike<number>, match: MatchedImage): void {
    const { ranges, count: first } = this;
    const count = first + match.count;
    if (count > this.rows.scores.length) this.grow(count);
    const { rows } = this;
    for (let k = 0, row = first; k < match.count; k++, row++) {
      rows.scores[row] = scores[match.detections[k]];
      rows.labels[row] = match.labels[k];
      rows.images[row] = this.imageIds.length;
      rows.ranks[row] = match.ranks[k];
      for (let r = 0; r < ranges; r++) {
        rows.matched[row * ranges + r] = match.matched[k * ranges + r];
        rows.ignored[row * ranges + r] = match.ignored[k * ranges + r];
      }
    }
    this.imageIds.push(imageId);
    this.starts.push(count);
  }

  /** Rows of each class in descending order of scores; ties in the order of image ids, then of ranks. */
  byClass(classes: number): Int32Array[] {
    const { count, imageIds, starts, rows } = this;
    const order = new Int32Array(count);
    const images = imageIds.map((_, i) => i).sort((a, b) => imageIds[a] - imageIds[b]);
    let at = 0;
    for (const image of images) for (let row = starts[image]; row < starts[image + 1]; row++) order[at++] = row;
    sortByScore(order, count, rows.scores);
    const lengths = new Int32Array(classes);
    for (let row = 0; row < count; row++) lengths[rows.labels[row]]++;
    const ofClass = Array.from(lengths, (length) => new Int32Array(length));
    lengths.fill(0);
    for (const row of order) ofClass[rows.labels[row]][lengths[rows.labels[row]]++] = row;
    return ofClass;
  }

  /** To what all images will need if they are like those so far, once there are a few. */
  private grow(count: number): void {
    const added = this.imageIds.length + 1;
    const factor = added < FEW ? Math.min(FEW, this.images) : Math.max(1.25, (1.05 * this.images) / added);
    const larger = columns(Math.ceil(factor * count), this.ranges);
    for (const name of Object.keys(larger) as (keyof MatchedRows)[]) larger[name].set(this.rows[name]);
    this.rows = larger;
  }
}

const columns = (capacity: number, ranges: number): MatchedRows => ({
  scores: new Float64Array(capacity),
  labels: new Int32Array(capacity),
  images: new Int32Array(capacity),
  ranks: new Int32Array(capacity),
  matched: new Uint32Array(capacity * ranges),
  ignored: new Uint32Array(capacity * ranges),
});
