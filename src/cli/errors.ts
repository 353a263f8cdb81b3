// `detlab errors [CONFIG] WEIGHTS`: kinds of error with what they cost, the pairs of classes confused most, the worst images; with
// --out the whole page. With --results, of a COCO results file, without a model.

import { DetLabError } from '../errors';
import { testNotices } from '../lab/check-run';
import { configuredTestData } from '../lab/config-data';
import type { Report } from '../lab/report';
import { tableText } from '../visualization/table';
import { openData, requireCoco } from './data-option';
import { openOnly } from './model-arguments';
import { EXIT, output, phase, untilInterrupted } from './outcome';

export interface ErrorsArguments {
  data?: string;
  results?: string;
  out?: string;
  iou?: number;
  score?: number;
  precision?: number;
  worst?: number;
  masks?: boolean;
  losses?: boolean;
  amp?: boolean;
  batch?: number;
  cfgOptions?: string[];
  json?: boolean;
}

const WORST = 10;
const PAIRS = 10;

export async function errorsCommand(given: string[], options: ErrorsArguments): Promise<number> {
  const out = output(options.json === true);
  return untilInterrupted(async (signal) => {
    const { report, losses } =
      options.results === undefined
        ? await evaluated(given, options, signal)
        : { report: await ofResults(given, options), losses: undefined };
    const { iou, masks, score = 0.3, worst = WORST, precision = 0.9 } = options;
    const errors = await phase(EXIT.usage, () => report.errors({ iou, masks, losses }));
    const confusion = report.confusion({ iou, score });
    const page = errors.page({ worst, precision, score });
    const saved = options.out === undefined ? undefined : await phase(EXIT.usage, () => page.save(options.out!));
    const images = errors.perImage().images.slice(0, worst);
    out.event('errors', {
      data: report.data,
      metrics: report.metrics,
      iou: errors.iou,
      kinds: errors.kinds,
      ap: errors.costs.ap,
      falsePositives: errors.costs.falsePositives,
      falseNegatives: errors.costs.falseNegatives,
      truePositives: errors.truePositives,
      pairs: confusion.pairs.slice(0, PAIRS),
      worst: images.map(({ name, id, ap, loss, kinds }) => ({
        image: name,
        id,
        ap: Number.isNaN(ap) ? null : ap,
        loss,
        kinds,
      })),
      findings: page.findings,
      out: saved,
    });
    const tables = [errors.table, confusion.pairsTable(PAIRS), errors.perImage().table(worst)].map(tableText);
    const findings = page.findings.map((line) => `- ${line}`).join('\n');
    out.print([...tables, findings, ...(saved ? [`page: ${saved}`] : [])].join('\n\n'));
    return EXIT.ok;
  });
}

type Evaluated = { report: Report; losses?: ReadonlyMap<number, number> };

async function evaluated(given: readonly string[], options: ErrorsArguments, signal: AbortSignal): Promise<Evaluated> {
  const model = await phase(EXIT.usage, async () => {
    if (given.length === 0)
      throw new DetLabError('Cannot list errors: expected [CONFIG] WEIGHTS, or --results FILE with --data coco:...');
    return openOnly(given, options.cfgOptions, 'list errors');
  });
  const data = await phase(EXIT.data, () =>
    options.data === undefined
      ? configuredTestData(model.config, model.classes)
      : openData(options.data, model.classes),
  );
  for (const line of [...data.notices, ...testNotices(model.config)]) process.stderr.write(`${line}\n`);
  const precision = options.amp ? ('bfloat16' as const) : undefined;
  const report = await model.evaluate(data, { batch: options.batch, part: 'test', precision, signal });
  return { report, losses: options.losses ? await model.imageLosses(data, { precision, signal }) : undefined };
}

async function ofResults(given: readonly string[], options: ErrorsArguments): Promise<Report> {
  await phase(EXIT.usage, () => {
    if (given.length > 0 || options.losses)
      throw new DetLabError('Cannot list errors: --results needs no CONFIG, WEIGHTS or --losses, only --data coco:...');
    requireCoco(options.data);
  });
  return phase(EXIT.data, async () => {
    const data = await openData(options.data!);
    for (const line of data.notices) process.stderr.write(`${line}\n`);
    return data.evaluate(options.results!);
  });
}
