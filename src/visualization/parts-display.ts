// A display of images with tables below, whose parts are kept as they were given and not listed by inspection: they hold pixels.

import { escapeHtml } from './escape';
import { type Formats, SavableDisplay } from './savable';
import { type Table, tableHtml, tableText } from './table';
import { tableCsv } from './table-files';

export interface DisplayParts {
  /** Name of the display, for errors and titles. */
  what: string;
  title: string;
  tables: readonly Table[];
  /** What `.save('x.json')` writes. */
  data: unknown;
}

export abstract class PartsDisplay<Parts extends DisplayParts> extends SavableDisplay {
  protected readonly what: string;
  protected readonly parts: Parts;

  constructor(parts: Parts) {
    super();
    this.what = parts.what;
    this.parts = parts;
    for (const name of ['parts', 'what']) Object.defineProperty(this, name, { enumerable: false });
  }

  /** The images of the page. */
  protected abstract imagesHtml(): Promise<string>;
  /** What the images alone can be written as. */
  protected abstract imageFormats(): Formats;

  /** Images first, then the tables. */
  async html(): Promise<string> {
    const { tables, title } = this.parts;
    const heading = `<p style="font-weight:600;margin:4px 0 8px">${escapeHtml(title)}</p>`;
    const below = tables.map((table) => `<div style="overflow-x:auto">${tableHtml(table)}</div>`).join('\n');
    return `<div>${heading}${await this.imagesHtml()}\n${below}</div>`;
  }

  protected formats(): Formats {
    const { data, tables } = this.parts;
    const [table] = tables;
    return {
      ...this.imageFormats(),
      html: () => this.html(),
      ...(table && { csv: () => tableCsv(table) }),
      json: () => data,
    };
  }

  toString(): string {
    const { tables, title } = this.parts;
    return [title, ...tables.map(tableText)].join('\n\n');
  }
}
