// The table of configs: family, size of the network, cost of one image, and the AP that MMDetection publishes for it.

import { inspect } from 'node:util';
import { Display, type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../../visualization/display';
import { interactiveHtml } from '../../visualization/interactive';
import { csvText, saveAs } from '../../visualization/savable';
import { type Table, tableHtml, tableMarkdown, tableText } from '../../visualization/table';

/** A config of the list: its size and published results. */
export interface ConfigRow {
  name: string;
  /** Folder of the config: retinanet, faster_rcnn. */
  family: string;
  /** Height and width of the test images, to which `flops` refers. */
  input?: [number, number];
  parameters?: number;
  /** Multiply-adds of one image, as `recipe.necks()` and MMDetection's get_flops count them; 1000 proposals. */
  flops?: number;
  /** AP in percent on COCO val2017 that MMDetection or MMYOLO publishes for this config. */
  boxAP?: number;
  maskAP?: number;
  /** Where the AP is from: `MMDetection 3.3.0`. */
  source?: string;
  /** Address of the weights that MMDetection or MMYOLO publishes for this config. */
  weights?: string;
}

const COLUMNS = ['config', 'family', 'parameters', 'multiply-adds', 'input', 'box AP', 'mask AP'] as const;
const NUMBERS: readonly string[] = ['parameters', 'multiply-adds', 'box AP', 'mask AP'];

/** Numbers of a row as text, in the order of the columns after the family; empty where they are not known. */
export const configCells = ({ input, parameters, flops, boxAP, maskAP }: ConfigRow): string[] => [
  parameters === undefined ? '' : `${(parameters / 1e6).toFixed(2)} M`,
  flops === undefined ? '' : `${(flops / 1e9).toFixed(1)} G`,
  input === undefined ? '' : input.join(' × '),
  boxAP === undefined ? '' : boxAP.toFixed(1),
  maskAP === undefined ? '' : maskAP.toFixed(1),
];

/** `about 167 MB`: float32 parameters; empty where they are not known. */
export const weightsSize = ({ parameters }: ConfigRow): string =>
  parameters === undefined ? '' : `about ${Math.max(1, Math.round((parameters * 4) / 1e6))} MB`;

/**
 * Config names with their files, a Map in the order of the names, which displays itself as a table: sortable in a notebook by a
 * click on a column.
 *
 * @example [...listConfigs('retinanet').keys()]
 */
export class ConfigTable extends Map<string, string[]> implements Displayable {
  /** @param title what the table lists */
  constructor(
    files: Iterable<[string, string[]]>,
    readonly rows: readonly ConfigRow[],
    private readonly title: string,
  ) {
    super(files);
  }

  /** Maps made of this one are plain. */
  static override get [Symbol.species](): MapConstructor {
    return Map;
  }

  get names(): string[] {
    return [...this.keys()];
  }

  /**
   * The published weights of these configs: size, AP and address, which `loadFrom`, `load` and the commands accept.
   *
   * @example listConfigs('retinanet r50').weights
   */
  get weights(): Display {
    const rows = this.rows.filter(({ weights }) => weights !== undefined);
    const table: Table = {
      title: `published weights of ${rows.length} configs`,
      columns: ['config', 'size', 'box AP', 'mask AP', 'address'].map((title) => ({
        title,
        align: title === 'config' || title === 'address' ? 'left' : 'right',
      })),
      rows: rows.map((row) => [row.name, weightsSize(row), ...configCells(row).slice(3), row.weights ?? '']),
      note: 'float32, by the number of parameters; AP on COCO val2017 in percent, as published',
    };
    return new Display({
      'text/html': `<div style="max-height:32em;overflow:auto">${tableHtml(table)}</div>`,
      'text/markdown': tableMarkdown(table),
      'text/plain': tableText(table),
    });
  }

  private get table(): Table {
    const sources = [...new Set(this.rows.map(({ source }) => source).filter((source) => source !== undefined))];
    return {
      title: this.title,
      columns: COLUMNS.map((title) => ({ title, align: NUMBERS.includes(title) ? 'right' : 'left' })),
      rows: this.rows.map((row) => [row.name, row.family, ...configCells(row)]),
      note: sources.length > 0 ? `AP on COCO val2017 in percent, published by ${sources.join(' and ')}` : undefined,
    };
  }

  private get html(): string {
    const table = tableHtml(this.table).replace('<table ', '<table class="detlab-sortable" ');
    const body = `<div style="max-height:32em;overflow:auto">${table}</div>`;
    return interactiveHtml({ body, data: null, scripts: ['sortable'], entry: 'makeTablesSortable' });
  }

  /** Writes the table as .html, .csv, .json or .txt. Returns the absolute path. */
  save(file: string): Promise<string> {
    const { rows } = this;
    const header = [
      'name',
      'family',
      'height',
      'width',
      'parameters',
      'flops',
      'box AP',
      'mask AP',
      'source',
      'weights',
    ];
    const cells = ({ name, family, input, parameters, flops, boxAP, maskAP, source, weights }: ConfigRow) =>
      [name, family, input?.[0], input?.[1], parameters, flops, boxAP, maskAP, source, weights].map(
        (cell) => cell ?? '',
      );
    const formats = {
      html: () => this.html,
      csv: () => csvText(header, rows.map(cells)),
      json: () => rows,
      txt: () => `${this}\n`,
    };
    return saveAs('the configs', formats, file);
  }

  [JUPYTER_DISPLAY](): MimeBundle {
    return { 'text/html': this.html, 'text/markdown': tableMarkdown(this.table), 'text/plain': this.toString() };
  }

  override toString(): string {
    return tableText(this.table);
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
