// `recipe.lostTruths(data)`: what each step of the training pipeline loses of the ground truth, over the whole set.

import { type BySize, SIZES, type StepLosses, sizeOf, TruthLosses, total } from '../analysis/truth-losses';
import { type DataProblem, problemLines, type SampleTrace, type TracedStep } from '../data';
import { Random } from '../random';
import type { MimeBundle } from '../visualization/display';
import { notebook } from '../visualization/display';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tableHtml, tableMarkdown, tableText } from '../visualization/table';
import type { RecipeSpec } from './build-model';
import type { LabDataset } from './lab-dataset';
import { tracerOf, visibleShares } from './pipeline-steps';
import { progressView } from './progress-view';
import { type InputOptions, trainingInput } from './training-input';

/** How many images, and the random numbers of which epoch, `recipe.lostTruths` looks at. */
export interface LostTruthsOptions extends InputOptions {
  /** Images that are sampled at random; Infinity: all. Default 500. */
  images?: number;
  /** The epoch whose pipeline and random numbers are used; the first is 1. */
  epoch?: number;
  /** Ends it early, with what was counted so far. */
  signal?: AbortSignal;
}

/** What the transforms of a pipeline lose of the ground truth. */
export class LostTruths extends SavableDisplay {
  protected readonly what = 'lost truths';

  constructor(
    readonly name: string,
    /** By step of the pipeline, in order. */
    readonly steps: readonly StepLosses[],
    /** Images counted, of so many. */
    readonly images: number,
    readonly of: number,
    readonly problems: readonly DataProblem[] = [],
  ) {
    super();
    for (const key of ['what', 'problems']) Object.defineProperty(this, key, { enumerable: false });
  }

  /** Sentences about the steps that lose something, worst first. */
  get findings(): string[] {
    const lines = this.steps.flatMap((step) =>
      SIZES.flatMap((size, s) => {
        const [lost, entered] = [step.lost[s], step.entered[s]];
        return lost > 0
          ? [{ share: lost / entered, text: `${step.type}: ${percent(lost, entered)} of ${size} truths` }]
          : [];
      }),
    );
    return lines.sort((a, b) => b.share - a.share).map(({ text }) => text);
  }

  private table(): Table {
    const { images, of, name, problems, steps } = this;
    const right = (title: string) => ({ title, align: 'right' as const });
    const sample = images === of ? `all ${images}` : `${images} of ${of}`;
    const found = this.findings;
    return {
      title: `${name}: truths that the training pipeline loses, ${sample} images`,
      columns: [
        right('step'),
        { title: 'transform' },
        right('truths in'),
        right('lost'),
        ...SIZES.map((size) => right(`lost ${size}`)),
        right('added'),
        right('less than half left'),
        right('images discarded'),
      ],
      rows: steps.map((step) => [
        String(step.index + 1),
        step.type,
        total(step.entered).toLocaleString('en'),
        lossText(total(step.lost), total(step.entered)),
        ...SIZES.map((_, s) => lossText(step.lost[s], step.entered[s])),
        blank(total(step.added)),
        lossText(total(step.halved), total(step.entered) - total(step.lost) + total(step.added)),
        lossText(step.discarded, step.images),
      ]),
      note: [
        found.length > 0 ? found.slice(0, 4).join('; ') : 'no step loses a truth',
        "sizes are COCO's, by the area in the original image",
        ...problemLines([...problems]),
      ].join('. '),
    };
  }

  protected formats(): Formats {
    return {
      html: () => tableHtml(this.table()),
      csv: () => this.csv(),
      json: () => ({ name: this.name, images: this.images, of: this.of, steps: this.steps }),
      txt: () => `${this.toString()}\n`,
    };
  }

  private csv(): string {
    const kinds = ['entered', 'lost', 'added', 'halved'] as const;
    const columns = [
      'step',
      'transform',
      'images',
      'discarded',
      ...kinds.flatMap((k) => SIZES.map((s) => `${k} ${s}`)),
    ];
    const rows = this.steps.map((step) => [
      step.index + 1,
      step.type,
      step.images,
      step.discarded,
      ...kinds.flatMap((kind): BySize => step[kind]),
    ]);
    return csvText(columns, rows);
  }

  protected bundle(): MimeBundle {
    const table = this.table();
    return { 'text/html': tableHtml(table), 'text/markdown': tableMarkdown(table), 'text/plain': tableText(table) };
  }

  toString(): string {
    return tableText(this.table());
  }
}

const percent = (part: number, whole: number): string => `${((100 * part) / Math.max(whole, 1)).toFixed(1)}%`;
const blank = (count: number): string => (count === 0 ? '' : count.toLocaleString('en'));
const lossText = (lost: number, of: number): string =>
  lost === 0 ? '' : `${lost.toLocaleString('en')} (${percent(lost, of)})`;

/** Counts what the pipeline of an epoch loses of the truths of images that are drawn with the seed. */
export async function lostTruths(
  spec: RecipeSpec,
  data: LabDataset,
  { images = 500, epoch = 1, signal = notebook()?.signal, ...options }: LostTruthsOptions = {},
): Promise<LostTruths> {
  const at = epoch - 1;
  const { plan, training } = await trainingInput(spec, data, options);
  const { records } = training.dataset;
  const tracer = tracerOf(training, at);
  const count = Math.min(images, records.length);
  const drawn = [...Random.seeded(plan.seed).permutation(records.length, count)].sort((a, b) => a - b);
  const sizes = new Uint8Array(tracer.objects.count);
  for (const [i, { areas }] of records.entries())
    for (const [k, area] of areas.entries()) sizes[tracer.objects.firsts[i] + k] = sizeOf(area);
  const { pipeline } = training.stages.findLast(({ from }) => from <= at) ?? training.stages[0];
  const counter = new TruthLosses(
    pipeline.config.map(({ type }) => type),
    (object) => sizes[object],
  );
  const problems: DataProblem[] = [];
  const view = progressView(`augmenting images of ${data.name}`);
  let done = 0;
  for (const index of drawn) {
    if (signal?.aborted) break;
    const trace = await tracer.trace(index, at);
    if (trace.problem) problems.push(trace.problem);
    else counter.add(trace.steps.map((step) => objectsOf(step, trace)));
    view.update(++done, count);
  }
  view.close();
  return new LostTruths(spec.name, counter.steps, done - problems.length, records.length, problems);
}

/** The objects that count before and after a step: ignored ones are no targets. */
function objectsOf({ before, after, unclipped }: TracedStep, { record }: SampleTrace) {
  const given = before.truths ?? record.truths;
  const truths = after?.truths;
  // a step before LoadAnnotations has not lost what was not loaded
  const kept = truths ?? (after ? given : undefined);
  const used = ({ instanceIds = new Int32Array(0), ignored }: typeof given) =>
    [...instanceIds.keys()].filter((k) => ignored[k] !== 1);
  const shares = truths && unclipped ? visibleShares(truths, unclipped) : undefined;
  const ids = (of: typeof given) => used(of).map((k) => of.instanceIds?.[k] ?? -1);
  return {
    before: ids(given),
    after: kept && ids(kept),
    shares: kept && shares ? used(kept).map((k) => shares[k]) : undefined,
  };
}
