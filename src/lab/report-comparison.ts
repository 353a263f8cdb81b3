// Evaluated detectors side by side: how each differs from the first, whether the difference is more than chance, by class, and
// on which images. From `compare.reports({ a, b })`, or the runs of `compare({ ... }).fit(data)`.

import type { BootstrapOptions } from '../analysis/bootstrap';
import { type Difference, type PairedDifferences, pairedBootstrap } from '../analysis/paired-bootstrap';
import { type RankedMatches, rankMatches } from '../analysis/ranked-matches';
import { DetLabError, didYouMean } from '../errors';
import type { EvaluationResults } from '../evaluation';
import {
  type DifferenceTable,
  differenceHtml,
  differenceTable,
  differenceText,
  intervalText,
  signed,
} from '../visualization/difference-table';
import type { MimeBundle } from '../visualization/display';
import { escapeHtml } from '../visualization/escape';
import type { LiveImages } from '../visualization/live-images';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { tableMarkdown } from '../visualization/table';
import { comparedImages } from './compared-images';
import { checkMethod } from './method-options';
import { type Report, resultsOf } from './report';

/** How two reports are compared: the resampling of images. */
export interface CompareOptions extends BootstrapOptions {
  /** Name of the one that the others are compared with. Default: the first. */
  against?: string;
}

/** One detector, evaluated once for each of its seeds. */
interface Side {
  name: string;
  results: EvaluationResults[];
  matches: RankedMatches[];
}

/** Images in the display; `.images(n)` gives more. */
const SHOWN_IMAGES = 4;

/** Differences with their intervals and verdicts: displayed as tables and images; saved as .html, .csv, .json or .txt. */
export class ReportComparison extends SavableDisplay {
  protected readonly what = 'comparison';
  /** Of each other detector, minus the reference, by name. */
  readonly differences: Readonly<Record<string, PairedDifferences>>;

  constructor(
    private readonly sides: readonly Side[],
    private readonly options: BootstrapOptions,
  ) {
    super();
    const [reference, ...others] = sides;
    this.differences = Object.fromEntries(
      others.map(({ name, matches }) => [name, pairedBootstrap(reference.matches, matches, options)]),
    );
  }

  /** What the others are compared with. */
  get reference(): string {
    return this.sides[0].name;
  }

  /** One sentence for each: better, worse, or not told apart. */
  get verdicts(): string[] {
    return Object.entries(this.differences).map(([name, { metrics }]) => sentence(this.reference, name, metrics.AP));
  }

  /**
   * The images on which two of them differ most by AP, side by side; of several seeds, the first.
   * @param name the one beside the reference; default: the first of the others
   */
  images(count = 12, name = this.sides[1].name): LiveImages {
    const [reference, ...others] = this.sides;
    const other = others.find((side) => side.name === name);
    if (!other) {
      const names = others.map((side) => side.name);
      throw new DetLabError(
        `Cannot show images of "${name}": expected one of ${names.join(', ')}.${didYouMean(name, names)}`,
      );
    }
    const one = ({ name: label, results, matches }: Side) => ({
      name: label,
      results: results[0],
      matches: matches[0],
    });
    return comparedImages(one(reference), one(other), count);
  }

  private get tables(): DifferenceTable[] {
    const { resamples = 1000, seed = 0 } = this.options;
    const [reference, ...others] = this.sides;
    const isCoco = reference.results[0].metric.type === 'CocoMetric';
    const count = Math.max(...this.sides.map(({ results }) => results.length));
    const drawn = count > 1 ? 'images and of the runs of each' : 'images';
    const note =
      `${isCoco ? 'AP as in the report' : "COCO's AP"}; 95% of ${resamples} draws of the ${reference.matches[0].images} ${drawn}, the same for both (seed ${seed}). ` +
      'better, worse: the interval is on one side of 0; each row is judged by itself';
    const { classes } = reference.results[0].dataset;
    return others.map(({ name }) => {
      const { metrics, perClass } = this.differences[name];
      return {
        names: [reference.name, name] as const,
        metrics: Object.entries(metrics).map(([label, difference]) => ({ label, ...difference })),
        classes: perClass.map((difference, c) => ({ label: `AP ${classes[c]}`, ...difference })),
        note,
      };
    });
  }

  protected formats(): Formats {
    return {
      html: () => this.html(),
      csv: () => this.csv(),
      json: () => this.json(),
      txt: () => `${this}\n`,
    };
  }

  /** Sentences, tables and images. */
  async html(): Promise<string> {
    const sentences = this.verdicts.map((line) => `<p style="margin:4px 8px;font-weight:600">${escapeHtml(line)}</p>`);
    const images = this.images(SHOWN_IMAGES);
    const gallery = images.images.length === 0 ? [] : [await images.html()];
    const caption = `<p style="margin:8px;font-weight:600">Images on which ${escapeHtml(this.sides[0].name)} and ${escapeHtml(this.sides[1].name)} differ most</p>`;
    return [...sentences, ...this.tables.map(differenceHtml), ...gallery.map((html) => `${caption}\n${html}`)].join(
      '\n',
    );
  }

  private csv(): string {
    const columns = ['reference', 'other', 'row', 'reference_value', 'value', 'difference', 'low', 'high', 'verdict'];
    return csvText(
      columns,
      this.tables.flatMap(({ names, metrics, classes }) =>
        [...metrics, ...classes].map(({ label, values, difference, interval, verdict }) => {
          const ends = [interval?.low ?? '', interval?.high ?? ''];
          return [...names, label, ...values, Number.isNaN(difference) ? '' : difference, ...ends, verdict];
        }),
      ),
    );
  }

  json(): unknown {
    const { reference, verdicts, tables } = this;
    return {
      reference,
      verdicts,
      comparisons: tables.map(({ names, metrics, classes, note }) => ({ other: names[1], metrics, classes, note })),
    };
  }

  protected async bundle(): Promise<MimeBundle> {
    const tables = this.tables.map(differenceTable);
    return {
      'text/html': await this.html(),
      'text/markdown': [...this.verdicts, ...tables.map(tableMarkdown)].join('\n\n'),
      'text/plain': this.toString(),
    };
  }

  toString(): string {
    return [...this.verdicts, '', ...this.tables.map(differenceText)].join('\n');
  }
}

function sentence(reference: string, name: string, { difference, interval, verdict }: Difference): string {
  const numbers = `AP ${signed(difference)} (95% interval ${intervalText(interval)})`;
  if (verdict === 'not told apart') return `${name} and ${reference} are not told apart: ${numbers}`;
  return `${name} is ${verdict} than ${reference}: ${numbers}`;
}

/**
 * Compares evaluations on the same images.
 * @throws DetLabError when their images or classes differ, naming one
 */
export function compareReports(
  reports: Readonly<Record<string, Report | readonly Report[]>>,
  given: CompareOptions = {},
): ReportComparison {
  checkMethod('compare.reports', given);
  const { against, ...options } = given;
  const names = Object.keys(reports);
  if (names.length < 2)
    throw new DetLabError(
      `Cannot compare: expected two reports by name or more, { a: reportA, b: reportB }, received ${names.length}`,
    );
  const reference = against ?? names[0];
  if (!names.includes(reference))
    throw new DetLabError(
      `Cannot compare against "${reference}": expected one of ${names.join(', ')}.${didYouMean(reference, names)}`,
    );
  const results = (name: string) =>
    [reports[name]].flat().map((one) => resultsOf(one, `compare "${name}" on the images`));
  const [base] = results(reference);
  const sides = [reference, ...names.filter((name) => name !== reference)].map((name): Side => {
    const aligned = results(name).map((one) => sameImages(base, one, reference, name));
    return { name, results: aligned, matches: aligned.map((one) => rankMatches({ ...one, metric: base.metric })) };
  });
  return new ReportComparison(sides, options);
}

/** The results with the images in the order of `base`. */
function sameImages(base: EvaluationResults, other: EvaluationResults, a: string, b: string): EvaluationResults {
  const fail = (what: string): never => {
    throw new DetLabError(
      `Cannot compare "${b}" with "${a}": ${what}. Evaluate both on the same data: await model.evaluate(data)`,
    );
  };
  const { classes } = base.dataset;
  if (other.dataset.classes.join('\n') !== classes.join('\n'))
    fail(`the classes are ${other.dataset.classes.join(', ')}, and ${classes.join(', ')}`);
  if (other.images.length !== base.images.length)
    fail(`it was evaluated on ${other.images.length} images, and not on ${base.images.length}`);
  const places = new Map(other.images.map((image) => [image.imageId, image]));
  const images = base.images.map(({ imageId, record }) => {
    const image = places.get(imageId);
    if (!image) return fail(`it was not evaluated on image ${imageId} ("${record.path}")`);
    if (image.record.truths.bboxes.join() !== record.truths.bboxes.join())
      fail(`the boxes of image ${imageId} ("${record.path}") differ`);
    return image;
  });
  return { ...other, images };
}
