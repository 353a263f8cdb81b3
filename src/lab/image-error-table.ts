// Errors image by image: a table that is sorted by a click on a column.

import { ERROR_KINDS } from '../analysis/error-kinds';
import type { ImageErrors } from '../analysis/image-errors';
import type { MimeBundle } from '../visualization/display';
import { escapeHtml } from '../visualization/escape';
import { sheetBytes } from '../visualization/image-figure';
import { interactiveHtml } from '../visualization/interactive';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tableText } from '../visualization/table';
import { tableSvg } from '../visualization/table-svg';

/** An image of the table of errors. */
export interface ImageErrorRow extends ImageErrors {
  /** File name. */
  name: string;
  id: number;
  /** NaN without objects. */
  ap: number;
  loss?: number;
}

const SHOWN = { html: 500, text: 20, image: 30 };

/** Errors of every image, those of the lowest AP first. */
export class ImageErrorTable extends SavableDisplay {
  protected readonly what = 'errors by image';

  constructor(
    readonly images: readonly ImageErrorRow[],
    private readonly title: string,
    readonly iou: number,
  ) {
    super();
    Object.defineProperty(this, 'images', { enumerable: false });
  }

  private get columns(): string[] {
    const hasLoss = this.images.some(({ loss }) => loss !== undefined);
    return ['image', 'AP', ...(hasLoss ? ['loss'] : []), 'truths', 'detections', 'true positive', ...ERROR_KINDS];
  }

  private values(row: ImageErrorRow): (string | number)[] {
    const hasLoss = this.columns.includes('loss');
    const kinds = ERROR_KINDS.map((kind) => row.kinds[kind]);
    const { name, ap, loss, truths, detections, truePositives } = row;
    return [name, ap, ...(hasLoss ? [loss ?? Number.NaN] : []), truths, detections, truePositives, ...kinds];
  }

  private cells(row: ImageErrorRow): string[] {
    const { columns } = this;
    return this.values(row).map((value, i) => cellText(value, ['AP', 'loss'].includes(columns[i]) ? 3 : 0));
  }

  /** The images of lowest AP. */
  table(limit: number): Table {
    const { images, columns } = this;
    return {
      title: `${this.title}, by image`,
      columns: columns.map((title, i) => ({ title, align: i === 0 ? ('left' as const) : ('right' as const) })),
      rows: images.slice(0, limit).map((row) => this.cells(row)),
      note: this.note(limit),
    };
  }

  private note(limit: number): string {
    const { length } = this.images;
    const rest = length > limit ? `the ${limit} of lowest AP of ${length} images; .save('images.csv') has all. ` : '';
    return `${rest}AP is the metric's of the image alone, – without objects; errors of any score at IoU ${this.iou}`;
  }

  private html(): string {
    const { columns, images } = this;
    const style = (i: number) => `text-align:${i === 0 ? 'left' : 'right'};padding:3px 8px;white-space:nowrap`;
    const head = columns.map((name, i) => `<th style="${style(i)}">${escapeHtml(name)}</th>`).join('');
    const rows = images.slice(0, SHOWN.html).map((row) => {
      const texts = this.cells(row);
      const cells = this.values(row).map((value, i) => {
        const sorted = typeof value === 'number' ? ` data-value="${value}"` : '';
        return `<td style="${style(i)}"${sorted}>${escapeHtml(texts[i])}</td>`;
      });
      return `<tr>${cells.join('')}</tr>`;
    });
    const table =
      `<table class="detlab-sortable" style="border-collapse:collapse;font-variant-numeric:tabular-nums">` +
      `<caption style="caption-side:top;text-align:left;font-weight:600;padding:4px 8px">${escapeHtml(this.title)}, by image</caption>` +
      `<thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
    const body =
      `<div style="max-height:480px;overflow:auto;margin:4px 0">${table}</div>` +
      `<p style="margin:2px 8px;opacity:.75">${escapeHtml(this.note(SHOWN.html))}</p>`;
    return interactiveHtml({ body, data: null, scripts: ['sortable'], entry: 'makeTablesSortable' });
  }

  protected formats(): Formats {
    const svg = () => tableSvg(this.table(SHOWN.image));
    return {
      html: () => this.html(),
      csv: () =>
        csvText(
          ['id', ...this.columns],
          this.images.map((row) => [row.id, ...this.values(row).map(emptyNaN)]),
        ),
      json: () => this.images.map(({ image: _, ap, ...row }) => ({ ...row, ap: Number.isNaN(ap) ? null : ap })),
      svg,
      png: () => sheetBytes(svg(), 'png'),
      txt: () => `${tableText(this.table(Number.POSITIVE_INFINITY))}\n`,
    };
  }

  protected bundle(): MimeBundle {
    return { 'text/html': this.html(), 'text/plain': this.toString() };
  }

  toString(): string {
    return tableText(this.table(SHOWN.text));
  }
}

const cellText = (value: string | number, digits: number): string =>
  typeof value === 'string' ? value : Number.isNaN(value) ? '–' : value.toFixed(digits);

const emptyNaN = (value: string | number): string | number => (Number.isNaN(value) ? '' : value);
