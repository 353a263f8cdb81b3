// A display of images without boxes in rows, with tables below: feature maps.

import type { MimeBundle } from './display';
import { escapeHtml } from './escape';
import { figuresHtml, type ImageFigure, sheetBytes, sheetFallback, sheetSvg } from './image-figure';
import { PartsDisplay } from './parts-display';
import { csvText, type Formats } from './savable';
import { type Table, tableHtml, tableText } from './table';

export interface FiguresParts {
  /** Name of the display, for errors and titles. */
  what: string;
  title: string;
  /** In rows of `columns`; undefined leaves a place empty. */
  figures: readonly (ImageFigure | undefined)[];
  columns: number;
  tables: readonly Table[];
  /** What `.save('x.json')` writes. */
  data: unknown;
}

export class FiguresDisplay extends PartsDisplay<FiguresParts> {
  /** Images first, then the tables. */
  async html(): Promise<string> {
    const { columns, figures, tables, title } = this.parts;
    const images = await figuresHtml(figures, columns);
    const below = tables.map((table) => `<div style="overflow-x:auto">${tableHtml(table)}</div>`).join('\n');
    return `<div><p style="font-weight:600;margin:4px 0 8px">${escapeHtml(title)}</p>${images}\n${below}</div>`;
  }

  private svg(): Promise<string> {
    return sheetSvg(this.parts.figures, this.parts.columns);
  }

  protected formats(): Formats {
    const [table] = this.parts.tables;
    return {
      png: async () => sheetBytes(await this.svg(), 'png'),
      jpg: async () => sheetBytes(await this.svg(), 'jpeg'),
      svg: () => this.svg(),
      html: () => this.html(),
      ...(table && {
        csv: () =>
          csvText(
            table.columns.map((column) => column.title),
            table.rows,
          ),
      }),
      json: () => this.parts.data,
    };
  }

  protected async bundle(): Promise<MimeBundle> {
    return {
      'text/html': await this.html(),
      'image/png': await sheetFallback(await this.svg()),
      'text/plain': this.toString(),
    };
  }

  toString(): string {
    const { tables, title } = this.parts;
    return [title, ...tables.map(tableText)].join('\n\n');
  }
}
