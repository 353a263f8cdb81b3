// `data.statistics()`: the ground truth of a split in numbers and small charts.

import {
  type DatasetStatistics,
  type Distribution,
  datasetStatistics,
  type Histogram,
} from '../analysis/dataset-statistics';
import type { Dataset } from '../data';
import { type BarPanel, type HeatPanel, panelsSvg } from '../visualization/bar-panels';
import { chartHtml, drawingPng } from '../visualization/chart';
import type { MimeBundle } from '../visualization/display';
import { sheetBytes } from '../visualization/image-figure';
import { type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tableHtml, tablesBundle, tableText } from '../visualization/table';
import { tableCsv } from '../visualization/table-files';

/** Classes in the chart of class balance; the table has all. */
const CHARTED = 20;

/** Numbers and charts of a dataset: boxes by class, sizes, positions. */
export class DatasetStatisticsDisplay extends SavableDisplay {
  protected readonly what: string;

  constructor(
    readonly name: string,
    readonly statistics: DatasetStatistics,
  ) {
    super();
    this.what = `statistics of ${name}`;
  }

  /** One row for each class, and one of all. */
  get classTable(): Table {
    const { images, objects, ignored, classes, side, aspect } = this.statistics;
    const number = (n: number) => n.toLocaleString('en');
    const range = ({ count, q25, median, q75 }: Distribution, digits: number) =>
      count === 0 ? '' : `${median.toFixed(digits)} (${q25.toFixed(digits)} to ${q75.toFixed(digits)})`;
    const sum = (key: 'small' | 'medium' | 'large') => classes.reduce((total, one) => total + one[key], 0);
    return {
      title: `${this.name}: ${number(images)} images, ${number(objects)} objects${ignored > 0 ? `, ${number(ignored)} ignored ones left out` : ''}`,
      columns: [
        { title: 'class' },
        ...['images', 'objects', 'share', 'small', 'medium', 'large', 'side (quartiles)', 'width / height'].map(
          (title) => ({ title, align: 'right' as const }),
        ),
      ],
      rows: [
        ...classes.map((one) => [
          one.name,
          number(one.images),
          number(one.objects),
          `${(100 * one.share).toFixed(1)}%`,
          ...[one.small, one.medium, one.large].map(number),
          range(one.side, 0),
          range(one.aspect, 2),
        ]),
        [
          'all',
          number(images),
          number(objects),
          objects === 0 ? '' : '100.0%',
          ...[sum('small'), sum('medium'), sum('large')].map(number),
          range(side, 0),
          range(aspect, 2),
        ],
      ],
      strong: [classes.length],
      note: 'small, medium, large: by COCO, up to 32 and 96 pixels squared. Side: square root of width x height, pixels',
    };
  }

  /** Quantiles of what is measured. */
  get distributionTable(): Table {
    const { objectsPerImage, side, relativeSide, aspect, imageWidth, imageHeight } = this.statistics;
    const row = (title: string, d: Distribution, digits: number) => [
      title,
      ...[d.min, d.q25, d.median, d.q75, d.max, d.mean].map((value) =>
        Number.isNaN(value) ? '–' : value.toFixed(digits),
      ),
    ];
    return {
      columns: [
        { title: '' },
        ...['min', '25%', 'median', '75%', 'max', 'mean'].map((title) => ({ title, align: 'right' as const })),
      ],
      rows: [
        row('objects per image', objectsPerImage, 1),
        row('side of an object', side, 1),
        row('side, of the image', relativeSide, 3),
        row('width / height', aspect, 2),
        row('image width', imageWidth, 0),
        row('image height', imageHeight, 0),
      ],
    };
  }

  private get panels(): (BarPanel | HeatPanel)[] {
    const { classes, histograms, positions } = this.statistics;
    const charted = [...classes].sort((a, b) => b.objects - a.objects).slice(0, CHARTED);
    return [
      { title: 'objects by class', labels: charted.map(({ name }) => name), values: charted.map((c) => c.objects) },
      binned('side of objects, pixels', histograms.side),
      binned('width / height', histograms.aspect, (edge) => edge.toFixed(2).replace(/\.?0+$/, '')),
      binned('objects per image', histograms.objectsPerImage),
      { title: 'positions of centres', ...positions },
      binned('image size (square root of area), pixels', histograms.imageSide),
    ];
  }

  protected formats(): Formats {
    const svg = () => panelsSvg(this.panels, { colour: '#212529', background: 'white' });
    return {
      html: () => this.html(),
      svg,
      png: () => sheetBytes(svg(), 'png'),
      csv: () => tableCsv(this.classTable),
      json: () => ({ name: this.name, ...this.statistics }),
      txt: () => `${this}\n`,
    };
  }

  private async html(): Promise<string> {
    const tables = [this.classTable, this.distributionTable].map(tableHtml).join('\n');
    const charts = chartHtml(panelsSvg(this.panels), await this.smallPng(), this.what);
    return `<div style="max-height:32em;overflow:auto">${tables}</div>\n${charts}`;
  }

  /** For what shows no SVG in its HTML. */
  private smallPng(): Promise<Buffer> {
    return drawingPng(panelsSvg(this.panels, { colour: '#212529', background: 'white' }));
  }

  protected async bundle(): Promise<MimeBundle> {
    return {
      ...tablesBundle(this.classTable, this.distributionTable),
      'text/html': await this.html(),
      'image/png': (await this.smallPng()).toString('base64'),
    };
  }

  toString(): string {
    return [this.classTable, this.distributionTable].map(tableText).join('\n\n');
  }
}

function binned(title: string, { edges, counts }: Histogram, word = (edge: number) => String(edge)): BarPanel {
  const labels = counts.map((_, i) =>
    edges[i + 1] === Number.POSITIVE_INFINITY ? `${word(edges[i])}+` : word(edges[i]),
  );
  return { title, labels, values: counts };
}

export const statisticsOf = (data: Dataset): DatasetStatisticsDisplay =>
  new DatasetStatisticsDisplay(data.name, datasetStatistics(data.records, data.classes));
