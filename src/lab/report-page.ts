// `report.page()`: one page that says where a model errs: kinds of error and what they cost, the worst images, the confusion matrix,
// curves and thresholds. Saved as HTML, it needs nothing else.

import { counted } from '../visualization/ap-table';
import type { MimeBundle } from '../visualization/display';
import { escapeHtml } from '../visualization/escape';
import type { LiveImage, LiveImages } from '../visualization/live-images';
import { type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tableHtml, tableText } from '../visualization/table';
import type { ConfusionMatrix } from './confusion-matrix';
import type { ReportCurves } from './report-curves';
import type { ReportThreshold } from './report-threshold';

export interface ReportPageParts {
  /** Name of the data. */
  data: string;
  /** AP and recall by class, where the numbers of the report are at hand. */
  ap?: Table;
  kinds: Table;
  /** The kind that costs most, in words. */
  costliest: string;
  /** The worst images. */
  gallery: LiveImages;
  confusion: ConfusionMatrix;
  curves: ReportCurves;
  thresholds: readonly ReportThreshold[];
}

export class ReportPage extends SavableDisplay {
  protected readonly what: string;

  constructor(private readonly parts: ReportPageParts) {
    super();
    this.what = `Errors on ${parts.data}`;
    Object.defineProperty(this, 'parts', { enumerable: false });
  }

  /** What a reader looks for first, a sentence each. */
  get findings(): string[] {
    const { costliest, confusion, gallery, thresholds } = this.parts;
    const [pair] = confusion.pairs;
    return [
      costliest,
      pair
        ? `Confused most often: ${pair.truth}, taken for ${pair.detection} ${pair.count.toLocaleString('en')} times ` +
          `(${(100 * pair.share).toFixed(1)}% of the class's row)`
        : 'No class is taken for another',
      ...thresholds.map(thresholdText),
      ...(gallery.images.length > 0 ? [worstText(gallery.images[0])] : []),
    ];
  }

  async html(): Promise<string> {
    const { ap, kinds, gallery, confusion, curves, thresholds } = this.parts;
    const list = this.findings.map((line) => `<li>${escapeHtml(line)}</li>`).join('');
    const wide = (content: string) => `<div style="overflow-x:auto">${content}</div>`;
    const section = (title: string, content: string) => `<section><h2>${escapeHtml(title)}</h2>${content}</section>`;
    return [
      `<h1>${escapeHtml(this.what)}</h1><ul>${list}</ul>`,
      section('Kinds of error', wide(tableHtml(kinds))),
      section(
        `The ${counted(gallery.images.length, 'worst image')}, truths left, predictions right`,
        await gallery.html(),
      ),
      section('Confusion matrix', (await confusion.html()) + wide(tableHtml(confusion.pairsTable()))),
      section('Thresholds', thresholds.map(({ table }) => wide(tableHtml(table))).join('\n')),
      section('Curves', curves.html()),
      ...(ap ? [section('Average precision', wide(tableHtml(ap)))] : []),
    ].join('\n');
  }

  protected formats(): Formats {
    const { kinds, confusion, thresholds } = this.parts;
    return {
      html: () => this.html(),
      json: () => ({
        data: this.parts.data,
        findings: this.findings,
        kinds: kinds.rows,
        pairs: confusion.pairs,
        thresholds: thresholds.map(({ goal, iou, all }) => ({ goal, iou, ...all })),
      }),
      txt: () => `${this}\n`,
    };
  }

  protected async bundle(): Promise<MimeBundle> {
    return { 'text/html': await this.html(), 'text/plain': this.toString() };
  }

  toString(): string {
    const { kinds, confusion, thresholds } = this.parts;
    const tables = [kinds, confusion.pairsTable(), ...thresholds.map(({ table }) => table)];
    return [
      this.what,
      ...this.findings.map((line) => `- ${line}`),
      '',
      ...tables.map((table) => `${tableText(table)}\n`),
    ].join('\n');
  }
}

function thresholdText({ goal, all: { point, unreached } }: ReportThreshold): string {
  const what =
    goal === 'best'
      ? 'Threshold of the highest F1'
      : typeof goal === 'number'
        ? `At a score of ${goal}`
        : `Threshold for ${Number((100 * goal.precision).toFixed(2))}% precision`;
  if (!point) return `${what}: none; ${unreached}`;
  return `${what}: ${point.score.toFixed(3)} (precision ${point.precision.toFixed(3)}, recall ${point.recall.toFixed(3)})`;
}

function worstText({ source, caption = '', values }: LiveImage): string {
  const ap = values?.AP ?? Number.NaN;
  return `Worst image: ${source}, AP ${Number.isNaN(ap) ? '–' : ap.toFixed(3)} (${caption.slice(caption.indexOf(': ') + 2)})`;
}
