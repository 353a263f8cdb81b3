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

/** Everything of a report in one page that works without a kernel. */
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
      ...(gallery.images.length > 0 ? [worstText(gallery.images)] : []),
    ];
  }

  async html(): Promise<string> {
    const { ap, kinds, gallery, confusion, curves, thresholds } = this.parts;
    const places = [
      'kinds',
      'confusion',
      ...thresholds.map(() => 'thresholds'),
      ...(gallery.images.length > 0 ? ['worst'] : []),
    ];
    const id = `p${crypto.randomUUID().slice(0, 8)}`;
    // what is before the colon leads to its section
    const linked = (line: string, place: string) => {
      const [, lead, rest] = /^([^:]*)(.*)$/s.exec(line) ?? [];
      return `<li><a style="color:inherit" href="#${id}-${place}">${escapeHtml(lead)}</a>${escapeHtml(rest)}</li>`;
    };
    const list = this.findings.map((line, i) => linked(line, places[i])).join('');
    const wide = (content: string) => `<div style="overflow-x:auto">${content}</div>`;
    const section = (title: string, content: string, place: string) =>
      `<section id="${id}-${place}"><h2>${escapeHtml(title)}</h2>${content}</section>`;
    return [
      `<h1>${escapeHtml(this.what)}</h1><ul>${list}</ul>`,
      section('Kinds of error', wide(tableHtml(kinds)), 'kinds'),
      section(
        `The ${counted(gallery.images.length, 'worst image')}, truths left, predictions right`,
        (await gallery.html()) +
          '<p style="opacity:.75">Errors in captions are of any score; the slider shows detections from a score on</p>',
        'worst',
      ),
      section('Confusion matrix', (await confusion.html()) + wide(tableHtml(confusion.pairsTable())), 'confusion'),
      section('Thresholds', thresholds.map(({ table }) => wide(tableHtml(table))).join('\n'), 'thresholds'),
      section('Curves', await curves.html(), 'curves'),
      ...(ap ? [section('Average precision', wide(tableHtml(ap)), 'ap')] : []),
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

function worstText(images: readonly LiveImage[]): string {
  const ap = (value = Number.NaN) => (Number.isNaN(value) ? '–' : value.toFixed(3));
  const names = images.map(({ source, values }) => `${source} (${ap(values?.AP)})`);
  return `Worst images, with their AP: ${names.join(', ')}`;
}
