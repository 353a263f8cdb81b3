// `recipe.plan(data)`: the learning rates and momentum of a run drawn before it, with its warm-up, epochs, evaluations,
// checkpoints and freezing; the numbers are those that `fit` with the same options uses.

import sharp from 'sharp';
import { type RatePlan, ratePlan } from '../training/rate-plan';
import { chartHtml, drawingPng } from '../visualization/chart';
import type { MimeBundle } from '../visualization/display';
import { escapeHtml } from '../visualization/escape';
import { type RateChart, rateChartSvg } from '../visualization/rate-chart';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tableHtml, tableText } from '../visualization/table';
import { buildModel, type RecipeSpec, resolveClasses } from './build-model';
import { catalogue } from './catalogue';
import { checkRun } from './check-run';
import { loadCustomImports } from './custom-imports';
import type { PreparedOptions } from './fit-options';
import type { LabDataset } from './lab-dataset';
import { planRun, type RunPlan } from './plan';
import { checkHooks } from './run-hooks';
import { batchesPerEpoch, trainingData } from './train-loader';
import { trainedImages } from './unlabelled-images';
import { fitWarmUp, warmUpIterations } from './warm-up';

/** The learning rates and momenta of a run before it starts. */
export class LearningPlan extends SavableDisplay {
  protected readonly what = 'learning plan';

  constructor(
    readonly name: string,
    readonly plan: RatePlan,
    /** Iterations of the warm-up. */
    readonly warmUp: number,
    /** Epochs (from 1) at which the transforms change, and what is worth knowing. */
    private readonly changes: readonly { epoch: number; text: string }[],
    readonly notices: readonly string[],
  ) {
    super();
    for (const key of ['what', 'plan', 'changes']) Object.defineProperty(this, key, { enumerable: false });
  }

  /** Iterations of the whole run. */
  get iterations(): number {
    return this.plan.series[0].lr.length;
  }

  /** Learning rate of an iteration (from 1), as the log shows it. */
  lrAt(iteration: number): number {
    return this.plan.series[0].lr[iteration - 1];
  }

  private chart(): RateChart {
    const { epochLength, events, series, unit } = this.plan;
    const moving = series.filter(({ momentum }) => momentum !== undefined);
    const row = (name: string, kind: string) => ({ name, marks: events.filter((event) => event.kind === kind) });
    const transforms = this.changes.map(({ epoch, text }) => ({ step: (epoch - 1) * epochLength, text }));
    const rows = [
      row('evaluated', 'evaluation'),
      row('saved', 'checkpoint'),
      row('freezing', 'freezing'),
      { name: 'transforms', marks: transforms },
    ];
    return {
      panels: [
        { title: 'learning rate', lines: series.map(({ name, lr }) => ({ name, values: lr })) },
        ...moving
          .slice(0, 1)
          .map(({ momentum = [] }) => ({ title: 'momentum', lines: [{ name: 'all', values: momentum }] })),
      ],
      rows: rows.filter(({ marks }) => marks.length > 0),
      spans: this.warmUp > 0 ? [{ from: 0, to: this.warmUp, text: `warm-up, ${this.warmUp} iterations` }] : [],
      total: this.iterations,
      ...(unit === 'epoch' && { epochLength }),
    };
  }

  private title(): string {
    const { epochLength, total, unit } = this.plan;
    const length = unit === 'epoch' ? `${total} epochs of ${epochLength} iterations` : `${total} iterations`;
    return `${this.name}: plan of ${length}`;
  }

  /** What happens when, rates included: every change of more than 40% between two iterations. */
  private table(): Table {
    const { events, epochLength, series, unit } = this.plan;
    const [{ lr }] = series;
    const number = (value: number) => String(Number(value.toPrecision(4)));
    const jumps = [...lr.keys()].flatMap((i) =>
      i > this.warmUp && Math.abs(lr[i] / lr[i - 1] - 1) > 0.4
        ? [{ step: i, text: `learning rate ${number(lr[i - 1])} → ${number(lr[i])}` }]
        : [],
    );
    const listed = jumps.length > 12 ? [] : jumps;
    const evaluations = events.filter(({ kind }) => kind === 'evaluation');
    const checkpoints = events.filter(({ kind }) => kind === 'checkpoint');
    const rows = [
      { step: 0, text: `learning rate starts at ${number(lr[0])}${this.warmUp > 0 ? ' (warm-up)' : ''}` },
      ...(this.warmUp > 0 && this.warmUp < lr.length
        ? [{ step: this.warmUp, text: `warm-up ends, learning rate ${number(lr[this.warmUp])}` }]
        : []),
      ...listed,
      ...events.filter(({ kind }) => kind === 'freezing'),
      ...this.changes.map(({ epoch, text }) => ({ step: (epoch - 1) * epochLength, text })),
      { step: lr.length, text: `the run ends, learning rate ${number(lr[lr.length - 1])}` },
    ].sort((a, b) => a.step - b.step);
    return {
      columns: [
        { title: 'iterations done', align: 'right' },
        ...(unit === 'epoch' ? [{ title: 'epochs done', align: 'right' as const }] : []),
        { title: 'what' },
      ],
      rows: rows.map(({ step, text }) => [
        step.toLocaleString('en'),
        ...(unit === 'epoch' ? [number(step / epochLength)] : []),
        text,
      ]),
      note: [
        `${evaluations.length} evaluations, ${checkpoints.length} checkpoints`,
        ...(this.plan.isComplete ? [] : ['a hook of default_hooks.param_scheduler may move the rates in other ways']),
        ...(this.plan.followsEvaluations ? ['drawn as if no evaluation lowered them (ReduceOnPlateau)'] : []),
        ...this.notices,
      ].join('. '),
    };
  }

  private async html(): Promise<string> {
    const title = `<p style="font-weight:600;margin:4px 0">${escapeHtml(this.title())}</p>`;
    const chart = chartHtml(rateChartSvg(this.chart()), await this.smallPng(), this.title());
    return `<div>${title}${chart}\n${tableHtml(this.table())}</div>`;
  }

  /** For what shows no SVG in its HTML. */
  private smallPng(): Promise<Buffer> {
    return drawingPng(rateChartSvg(this.chart(), '#222'));
  }

  protected formats(): Formats {
    const { series, events, ...plan } = this.plan;
    return {
      png: () => this.png(),
      svg: () => rateChartSvg(this.chart(), '#222'),
      html: () => this.html(),
      csv: () => {
        const columns = [
          'iteration',
          ...series.flatMap(({ name, momentum }) => [`lr ${name}`, ...(momentum ? [`momentum ${name}`] : [])]),
        ];
        const rows = Array.from({ length: this.iterations }, (_, i) => [
          i + 1,
          ...series.flatMap(({ lr, momentum }) => [lr[i], ...(momentum ? [momentum[i]] : [])]),
        ]);
        return csvText(columns, rows);
      },
      json: () => ({
        name: this.name,
        ...plan,
        warmUp: this.warmUp,
        events: [...events, ...this.changes],
        series: series.map(({ lr, momentum, ...one }) => ({
          ...one,
          lr: [...lr],
          ...(momentum && { momentum: [...momentum] }),
        })),
      }),
    };
  }

  private png(): Promise<Buffer> {
    const svg = Buffer.from(rateChartSvg(this.chart(), '#222'));
    return sharp(svg, { density: 144 }).flatten({ background: 'white' }).png().toBuffer();
  }

  protected async bundle(): Promise<MimeBundle> {
    return {
      'text/html': await this.html(),
      'image/png': (await this.smallPng()).toString('base64'),
      'text/plain': this.toString(),
    };
  }

  toString(): string {
    return `${this.title()}\n\n${tableText(this.table())}`;
  }
}

/** The plan of `fit` with these options. */
export async function learningPlan(
  spec: RecipeSpec,
  data: LabDataset,
  options: PreparedOptions = {},
): Promise<LearningPlan> {
  await loadCustomImports(spec.config, spec.folders ?? [], () => {});
  if (options.hooks !== undefined) checkHooks(options.hooks);
  checkRun(spec.config);
  const planned = planRun(spec.config, options);
  const epochLength = batchesPerEpoch(trainingData(trainedImages(data, spec.config), spec.config, planned));
  const warmed = fitWarmUp(planned, epochLength);
  const run: RunPlan = { ...planned, ...warmed };
  const detector = await buildModel(spec, resolveClasses(spec, data), undefined, () => {}, { withoutEngine: true });
  try {
    const { freezing } = spec;
    const evaluates = data.val !== undefined;
    const plan = ratePlan({ ...run, detector, epochLength, freezing, evaluates, registry: catalogue });
    const notices = [...planned.notices.filter((line) => !/ from epoch \d+ on /.test(line)), ...warmed.notices];
    return new LearningPlan(spec.name, plan, warmUpIterations(run, epochLength), transformChanges(run), notices);
  } finally {
    detector.dispose();
  }
}

const transformChanges = ({ loop, pipelineChanges }: RunPlan) =>
  pipelineChanges
    .filter(({ from }) => from < loop.total)
    .map((change) => ({
      epoch: change.from + 1,
      text:
        change.kind === 'skip'
          ? `without ${change.types.join(', ')} from epoch ${change.from + 1} on`
          : `other transforms from epoch ${change.from + 1} on`,
    }));
