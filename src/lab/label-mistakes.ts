// `data.labelMistakes(model)`: labels that a model disagrees with, the most suspicious first, to be looked at and mended.

import path from 'node:path';
import { classifyErrors, type ErrorRows, errorInput } from '../analysis/error-kinds';
import { type LabelMistake, labelMistakes, MISTAKE_KINDS, type MistakeKind } from '../analysis/label-mistakes';
import { DetLabError, didYouMean } from '../errors';
import type { EvaluationResults } from '../evaluation';
import { bboxOverlaps } from '../geometry/boxes';
import { counted } from '../visualization/ap-table';
import type { MimeBundle } from '../visualization/display';
import type { DrawingOptions } from '../visualization/drawing-options';
import { interactiveHtml } from '../visualization/interactive';
import { LiveImages } from '../visualization/live-images';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tableHtml, tableMarkdown, tableText } from '../visualization/table';
import { classColours } from './class-colours';
import { evaluatedImage } from './evaluated-images';

export interface LabelMistakesOptions {
  /** Suspicion, 0 to 1, from which a label is listed. Default 0.5. */
  minimum?: number;
}

/** A report with its detections, or a model, which evaluates the data. */
export type MistakeSource<Data> = Evaluated | { evaluate(data: Data): Promise<Evaluated> };
interface Evaluated {
  readonly results: EvaluationResults | undefined;
}

/** A suspicious label, with names. */
export interface SuspiciousLabel {
  kind: MistakeKind;
  suspicion: number;
  file: string;
  imageId: number;
  /** Class of the detection, its score, and its box [x1, y1, x2, y2] in pixels. */
  detected: string;
  score: number;
  bbox: number[];
  /** Class and annotation id of the label that it disagrees with, and the IoU of both. */
  labelled?: string;
  annotationId?: number | string;
  iou?: number;
}

const LISTED = 20;

/** Annotations that a trained detector contradicts with confidence. */
export class LabelMistakes extends SavableDisplay {
  protected readonly what: string;

  private constructor(
    private readonly results: EvaluationResults,
    private readonly rows: ErrorRows,
    private readonly mistakes: readonly LabelMistake[],
  ) {
    super();
    this.what = `suspicious labels of ${results.dataset.name}`;
    for (const name of ['results', 'rows', 'mistakes', 'what'])
      Object.defineProperty(this, name, { enumerable: false });
  }

  /** @throws DetLabError for a minimum that is none */
  static of(results: EvaluationResults, { minimum = 0.5 }: LabelMistakesOptions = {}): LabelMistakes {
    if (!(minimum >= 0 && minimum <= 1))
      throw new DetLabError(`Cannot look for label mistakes: expected a minimum from 0 to 1, received ${minimum}`);
    const rows = classifyErrors(errorInput(results));
    const boxOf = (row: number) => {
      const { image, index } = rows.detections;
      const { bboxes } = results.images[image[row]].detections;
      return bboxes.subarray(4 * index[row], 4 * index[row] + 4);
    };
    const overlap = (a: number, b: number) => bboxOverlaps(boxOf(a), boxOf(b))[0];
    return new LabelMistakes(results, rows, labelMistakes(rows, minimum, overlap));
  }

  /** Most suspicious first. */
  get labels(): SuspiciousLabel[] {
    return this.mistakes.map((mistake) => this.named(mistake));
  }

  /**
   * Only one kind: `'missing label'`, `'wrong class'` or `'bad box'`.
   * @throws DetLabError for a kind that is none, with the nearest
   */
  filter(kind: MistakeKind): LabelMistakes {
    if (!MISTAKE_KINDS.includes(kind))
      throw new DetLabError(
        `Cannot filter label mistakes by "${kind}": expected ${MISTAKE_KINDS.join(', ')}.${didYouMean(kind, MISTAKE_KINDS)}`,
      );
    const mistakes = this.mistakes.filter((mistake) => mistake.kind === kind);
    return new LabelMistakes(this.results, this.rows, mistakes);
  }

  private named({ kind, image, detection, truth, suspicion }: LabelMistake): SuspiciousLabel {
    const { record, imageId, detections: found } = this.results.images[image];
    const { detections, truths } = this.rows;
    const { classes } = this.results.dataset;
    const index = detections.index[detection];
    const base: SuspiciousLabel = {
      kind,
      suspicion,
      file: record.path,
      imageId,
      detected: classes[found.labels[index]],
      score: found.scores[index],
      bbox: [...found.bboxes.subarray(4 * index, 4 * index + 4)],
    };
    if (truth < 0) return base;
    const object = truths.index[truth];
    return {
      ...base,
      labelled: classes[record.truths.labels[object]],
      annotationId: record.annotationIds[object],
      iou: detections.iou[detection],
    };
  }

  /** An image for each suspicious label, with the truths and this detection alone. */
  show({ limit = LISTED, ...drawing }: DrawingOptions = {}): LiveImages {
    const { results, rows } = this;
    const images = this.mistakes.slice(0, limit).map(({ image, detection, suspicion }, i) => {
      const selected = { detection: (row: number) => row === detection, truth: () => true };
      const label = this.named(this.mistakes[i]);
      return {
        ...evaluatedImage({ results, rows, selected }, image),
        caption: `${i + 1}. ${label.kind}, ${suspicion.toFixed(2)}: ${wordsOf(label)}`,
      };
    });
    return new LiveImages(images, {
      ...classColours(results.dataset),
      title: this.what,
      limit: Math.max(1, images.length),
      threshold: 0,
      ...drawing,
    });
  }

  get table(): Table {
    const { labels } = this;
    const counts = MISTAKE_KINDS.map((kind) => ({ kind, n: labels.filter((label) => label.kind === kind).length }));
    const parts = counts.filter(({ n }) => n > 0).map(({ kind, n }) => `${n.toLocaleString('en')} ${kind}`);
    const hidden = labels.length - LISTED;
    return {
      title: `${this.what}: ${parts.join(', ') || 'none'}`,
      columns: [
        ...['', 'suspicion'].map((title) => ({ title, align: 'right' as const })),
        ...['kind', 'image', 'the model says', 'the label says'].map((title) => ({ title })),
      ],
      rows: labels
        .slice(0, LISTED)
        .map((label, i) => [
          String(i + 1),
          label.suspicion.toFixed(3),
          label.kind,
          path.basename(label.file),
          `${label.detected} ${label.score.toFixed(2)} at ${label.bbox.map(Math.round).join(', ')}`,
          label.labelled === undefined
            ? 'nothing'
            : `${label.labelled} (annotation ${label.annotationId}), IoU ${label.iou?.toFixed(2)}`,
        ]),
      note: hidden > 0 ? `${counted(hidden, 'further label')}: see .labels, or save as .csv` : undefined,
    };
  }

  protected formats(): Formats {
    const cells = (label: SuspiciousLabel, i: number) => [
      i + 1,
      label.suspicion,
      label.kind,
      label.file,
      label.imageId,
      label.detected,
      label.score,
      ...label.bbox,
      label.labelled ?? '',
      label.annotationId ?? '',
      label.iou ?? '',
    ];
    const columns = 'rank,suspicion,kind,file,image id,detected,score,x1,y1,x2,y2,labelled,annotation id,iou'.split(
      ',',
    );
    return {
      html: () => this.html(),
      csv: () => csvText(columns, this.labels.map(cells)),
      json: () => this.labels,
      txt: () => `${this}\n`,
    };
  }

  private async html(): Promise<string> {
    const { body, data, scripts } = await this.show().part();
    const table = `<div style="overflow-x:auto">${tableHtml(this.table)}</div>`;
    if (this.mistakes.length === 0) return table;
    return `${table}\n${interactiveHtml({ body, data, scripts, entry: 'showLiveImages' })}`;
  }

  protected async bundle(): Promise<MimeBundle> {
    return {
      'text/html': await this.html(),
      'text/markdown': tableMarkdown(this.table),
      'text/plain': this.toString(),
    };
  }

  toString(): string {
    return tableText(this.table);
  }
}

const wordsOf = ({ detected, score, labelled }: SuspiciousLabel): string =>
  `${detected} ${score.toFixed(2)}, ${labelled === undefined ? 'no label' : `labelled ${labelled}`}`;
