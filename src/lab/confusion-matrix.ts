// `report.confusion()`: the matrix with the images of its cells, bounded in number, so that a click shows them without a kernel.

import { existsSync } from 'node:fs';
import { type Confusion, type ConfusionOptions, confusionOf } from '../analysis/confusion';
import { classifyErrors, type ErrorRows, errorInput } from '../analysis/error-kinds';
import type { EvaluationResults } from '../evaluation';
import type { MimeBundle } from '../visualization/display';
import { escapeHtml } from '../visualization/escape';
import { type HeatMap, heatMapHtml, heatMapSvg } from '../visualization/heat-map';
import { sheetBytes } from '../visualization/image-figure';
import { interactiveHtml } from '../visualization/interactive';
import { LiveImages } from '../visualization/live-images';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tableText } from '../visualization/table';
import { classColours } from './class-colours';
import { evaluatedImage } from './evaluated-images';

/** How pairs are counted, and which images of a cell are kept. */
export interface ConfusionMatrixOptions extends ConfusionOptions {
  /** Show shares of each row instead of counts. Default false. */
  normalize?: boolean;
  /** Most images that are kept of one cell. Default 6; 0: none. */
  imagesPerCell?: number;
  /** Most images that are kept in all, each of at most 480 pixels. Default 40. */
  limit?: number;
}

/** Two classes of which one is taken for the other. */
export interface ConfusedPair {
  truth: string;
  detection: string;
  count: number;
  /** Of all that the row of the truth counts. */
  share: number;
}

const BACKGROUND = 'background';
const LISTED_PAIRS = 10;

/** The images of a cell: position among the kept ones, then its boxes in them. */
type CellImages = [image: number, ...boxes: number[]][];

/** Which classes are taken for which, as a matrix; a click on a cell shows its images. */
export class ConfusionMatrix extends SavableDisplay {
  protected readonly what = 'confusion matrix';
  readonly classes: readonly string[];
  /** Counts: rows are truths, columns detections; the last of each is background. */
  readonly counts: readonly (readonly number[])[];

  private constructor(
    private readonly results: EvaluationResults,
    private readonly confusion: Confusion,
    private readonly given: ConfusionMatrixOptions,
  ) {
    super();
    for (const name of ['results', 'confusion']) Object.defineProperty(this, name, { enumerable: false });
    this.classes = confusion.classes;
    const size = this.classes.length + 1;
    this.counts = Array.from({ length: size }, (_, r) => [...confusion.counts.subarray(r * size, (r + 1) * size)]);
  }

  static of(results: EvaluationResults, options: ConfusionMatrixOptions = {}): ConfusionMatrix {
    return new ConfusionMatrix(results, confusionOf(errorInput(results), options), options);
  }

  /** Shares of each row, that sum to 1; NaN in rows without counts. */
  get normalized(): number[][] {
    return this.counts.map((row) => {
      const sum = row.reduce((a, b) => a + b, 0);
      return row.map((count) => count / sum);
    });
  }

  /** Pairs of classes, the most confused first; background is none. */
  get pairs(): ConfusedPair[] {
    const { classes, counts, normalized } = this;
    const pairs = classes.flatMap((truth, r) =>
      classes.flatMap((detection, c) =>
        r === c || counts[r][c] === 0 ? [] : [{ truth, detection, count: counts[r][c], share: normalized[r][c] }],
      ),
    );
    return pairs.sort((a, b) => b.count - a.count || b.share - a.share);
  }

  private get names(): string[] {
    return [...this.classes, BACKGROUND];
  }

  private get title(): string {
    const { score, iou, rule, nms } = this.confusion.options;
    const suppressed = nms === undefined ? '' : `, NMS at ${nms}`;
    return `Confusion on ${this.results.dataset.name}: score from ${score}, IoU from ${iou}${suppressed}, rule: ${rule}`;
  }

  private get note(): string {
    return this.confusion.options.rule === 'mmdetection'
      ? 'As MMDetection counts: a detection once for every object that it overlaps, so duplicates count as right'
      : 'By the matches of AP: every object and every detection once';
  }

  private heatMap(): HeatMap {
    const { counts, names, normalized, given } = this;
    const texts = this.texts();
    const last = names.length - 1;
    const size = names.length;
    const hint = (r: number, c: number): string => {
      const n = counts[r][c].toLocaleString('en');
      const share = Number.isNaN(normalized[r][c]) ? '' : ` (${(100 * normalized[r][c]).toFixed(1)}% of the row)`;
      if (r === last) return `${n} × ${names[c]} detected on background${share}`;
      if (c === last) return `${n} × ${names[r]} missed${share}`;
      return r === c ? `${n} × ${names[r]} found${share}` : `${n} × ${names[r]} taken for ${names[c]}${share}`;
    };
    // background has far more counts than objects: its colours are relative to its own largest
    const largest = Math.max(...counts[last]);
    return {
      title: this.title,
      axes: ['truth', 'detection'],
      names,
      text: (r, c) => texts[given.normalize ? 1 : 0][r * size + c],
      weight: (r, c) => (r === last ? counts[r][c] / Math.max(1, largest) : normalized[r][c] || 0),
      hint,
      note: this.note,
    };
  }

  /** Counts and shares of all cells, row by row; empty where nothing is counted. */
  private texts(): [string[], string[]] {
    const { counts, normalized } = this;
    const flat = (text: (r: number, c: number) => string) =>
      counts.flatMap((row, r) => row.map((count, c) => (count === 0 ? '' : text(r, c))));
    return [flat((r, c) => counts[r][c].toLocaleString('en')), flat((r, c) => normalized[r][c].toFixed(2))];
  }

  /** Which images are kept: in turns one of every cell, those off the diagonal with most counts first. */
  private chosen(): { images: number[]; cells: Map<string, { row: number; column: number; kept: number[] }> } {
    const { imagesPerCell = 6, limit = 40 } = this.given;
    const last = this.classes.length;
    const order = this.counts
      .flatMap((row, r) =>
        row.map((count, c) => ({ r, c, count, rank: r === c ? 2 : r === last || c === last ? 1 : 0 })),
      )
      .filter(({ count }) => count > 0)
      .sort((a, b) => a.rank - b.rank || b.count - a.count);
    const images = new Set<number>();
    const cells = order.map(({ r, c }) => {
      const entries = this.confusion.entries(r, c);
      const scoreOf = ({ image, detection }: (typeof entries)[number]) =>
        detection < 0 ? 0 : this.results.images[image].detections.scores[detection];
      // images with the most counts of the cell, then the most confident
      const weights = new Map<number, number>();
      for (const entry of entries) weights.set(entry.image, (weights.get(entry.image) ?? 0) + 1 + scoreOf(entry));
      const candidates = [...weights].sort((a, b) => b[1] - a[1]).map(([image]) => image);
      return { r, c, candidates, kept: [] as number[] };
    });
    const exists = new Map<number, boolean>();
    const isThere = (image: number): boolean => {
      const known = exists.get(image) ?? existsSync(this.results.images[image].record.path);
      exists.set(image, known);
      return known;
    };
    const canBeKept = (image: number) => images.has(image) || (images.size < limit && isThere(image));
    for (let round = 0; round < imagesPerCell; round++)
      for (const { candidates, kept } of cells) {
        const left = candidates.filter((image) => !kept.includes(image));
        const image = left.find((i) => images.has(i)) ?? left.find(canBeKept);
        if (image === undefined) continue;
        images.add(image);
        kept.push(image);
      }
    return {
      images: [...images],
      cells: new Map(cells.map(({ r, c, kept }) => [`${r},${c}`, { row: r, column: c, kept }])),
    };
  }

  /** HTML with the images of the cells, for notebooks and pages. */
  async html(): Promise<string> {
    const { images, cells } = this.chosen();
    const iou = Math.max(0.05, this.confusion.options.iou);
    const rows = classifyErrors(errorInput(this.results), { iou, background: Math.min(0.1, iou / 2) });
    const shown = images.map((image) => evaluatedImage({ results: this.results, rows }, image));
    const live =
      shown.length === 0
        ? undefined
        : await new LiveImages(shown, {
            ...classColours(this.results.dataset),
            title: 'images of the confusion matrix',
            threshold: this.confusion.options.score,
            limit: shown.length,
          }).part();
    // only those that can be read are in the display
    const drawn = live?.images ?? [];
    const places = new Map(images.map((image, i) => [image, drawn.indexOf(shown[i])]));
    const cellData = Object.fromEntries(
      [...cells].map(([key, { row, column, kept }]) => [
        key,
        { count: this.counts[row][column], images: this.cellImages(rows, { row, column, kept }, places) },
      ]),
    );
    const kept = `${drawn.length} images are kept here, at most ${this.given.imagesPerCell ?? 6} of a cell`;
    const body =
      heatMapHtml(this.heatMap()) +
      '<label hidden style="display:inline-flex;gap:6px"><input type="checkbox" class="detlab-heat-shares">shares of the row</label>' +
      `<p class="detlab-heat-say" style="margin:6px 0;font-weight:600">Click on a cell to see its images. ${escapeHtml(kept)}</p>` +
      (live ? `<details class="detlab-heat-images"><summary>images</summary>${live.body}</details>` : '');
    const data = {
      names: this.names,
      texts: this.texts(),
      isNormalized: this.given.normalize === true,
      cells: cellData,
      images: live?.data ?? null,
    };
    return interactiveHtml({ body, data, scripts: [...(live?.scripts ?? []), 'heat-map'], entry: 'showHeatMap' });
  }

  /** Boxes of live images are the truths, then the detections that count, best first. */
  private cellImages(
    { detections, starts }: ErrorRows,
    { row, column, kept }: { row: number; column: number; kept: number[] },
    places: ReadonlyMap<number, number>,
  ): CellImages {
    const entries = this.confusion.entries(row, column);
    const readable = kept.filter((image) => places.get(image)! >= 0);
    return readable.map((image) => {
      const boxes = new Set<number>();
      const objects = starts.truths[image + 1] - starts.truths[image];
      const positions = new Map<number, number>();
      for (let at = starts.detections[image]; at < starts.detections[image + 1]; at++)
        positions.set(detections.index[at], objects + at - starts.detections[image]);
      for (const entry of entries) {
        if (entry.image !== image) continue;
        if (entry.truth >= 0) boxes.add(entry.truth);
        const box = positions.get(entry.detection);
        if (box !== undefined) boxes.add(box);
      }
      return [places.get(image)!, ...boxes];
    });
  }

  private get table(): Table {
    const { names, given } = this;
    const [counts, shares] = this.texts();
    const texts = given.normalize ? shares : counts;
    return {
      title: `${this.title}\nrows: truths, columns: detections`,
      columns: [{ title: '' }, ...names.map((title) => ({ title, align: 'right' as const }))],
      rows: names.map((name, r) => [name, ...names.map((_, c) => texts[r * names.length + c])]),
      note: [this.note, ...(this.pairs.length > 0 ? [`most confused: ${this.pairTexts(3).join('; ')}`] : [])].join(
        '. ',
      ),
    };
  }

  private pairTexts(count: number): string[] {
    return this.pairs
      .slice(0, count)
      .map(
        ({ truth, detection, count: n, share }) =>
          `${truth} taken for ${detection}: ${n} (${(100 * share).toFixed(1)}%)`,
      );
  }

  /** The pairs of classes confused most often. */
  pairsTable(limit = LISTED_PAIRS): Table {
    return {
      title: 'Classes confused most often',
      columns: [
        { title: 'truth' },
        { title: 'taken for' },
        { title: 'count', align: 'right' },
        { title: 'of the class', align: 'right' },
      ],
      rows: this.pairs
        .slice(0, limit)
        .map(({ truth, detection, count, share }) => [
          truth,
          detection,
          count.toLocaleString('en'),
          `${(100 * share).toFixed(1)}%`,
        ]),
      note: this.pairs.length === 0 ? 'no detection of one class overlaps an object of another' : undefined,
    };
  }

  protected formats(): Formats {
    const svg = () => heatMapSvg(this.heatMap());
    const { names } = this;
    return {
      html: () => this.html(),
      csv: () =>
        csvText(
          ['truth', ...names],
          this.counts.map((row, r) => [names[r], ...row]),
        ),
      json: () => ({
        data: this.results.dataset.name,
        ...this.confusion.options,
        names,
        counts: this.counts,
        pairs: this.pairs,
      }),
      svg,
      png: () => sheetBytes(svg(), 'png'),
      txt: () => `${this}\n`,
    };
  }

  protected async bundle(): Promise<MimeBundle> {
    return { 'text/html': await this.html(), 'text/plain': this.toString() };
  }

  toString(): string {
    return tableText(this.table);
  }
}
