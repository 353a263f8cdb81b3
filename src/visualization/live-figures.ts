// A display of live images with tables below: what views of the training data and of the inside of a model share.

import type { MimeBundle } from './display';
import type { DrawingOptions } from './drawing-options';
import { escapeHtml } from './escape';
import type { LiveImages } from './live-images';
import { PartsDisplay } from './parts-display';
import { csvText, type Formats } from './savable';
import { type Table, tableHtml, tableText } from './table';

export interface LiveFiguresParts {
  /** Name of the display, for errors and titles. */
  what: string;
  title: string;
  images: LiveImages;
  tables: readonly Table[];
  /** What `.save('x.json')` writes. */
  data: unknown;
}

export class LiveFigures extends PartsDisplay<LiveFiguresParts> {
  /**
   * The same with other drawing options: colours, labels, widths, columns.
   *
   * @example (await recipe.batches(data)).show({ palette: { car: '#ff8800' }, labels: false, columns: 2 })
   * @throws DetLabError for an unknown option, with the nearest
   */
  show(drawing: DrawingOptions): LiveFigures {
    return new LiveFigures({ ...this.parts, images: this.parts.images.with(drawing) });
  }

  /** Images first, then the tables. */
  async html(): Promise<string> {
    const { images, tables, title } = this.parts;
    const below = tables.map((table) => `<div style="overflow-x:auto">${tableHtml(table)}</div>`).join('\n');
    const heading = `<p style="font-weight:600;margin:4px 0 8px">${escapeHtml(title)}</p>`;
    return `<div>${heading}${await images.html()}\n${below}</div>`;
  }

  protected formats(): Formats {
    const { images, tables, data } = this.parts;
    const [table] = tables;
    return {
      png: () => images.bytes('png'),
      jpg: () => images.bytes('jpeg'),
      svg: () => images.svg(),
      html: () => this.html(),
      ...(table && {
        csv: () =>
          csvText(
            table.columns.map((column) => column.title),
            table.rows,
          ),
      }),
      json: () => data,
    };
  }

  protected async bundle(): Promise<MimeBundle> {
    return {
      'text/html': await this.html(),
      ...(await this.parts.images.fallback()),
      'text/plain': this.toString(),
    };
  }

  toString(): string {
    const { tables, title } = this.parts;
    return [title, ...tables.map(tableText)].join('\n\n');
  }
}
