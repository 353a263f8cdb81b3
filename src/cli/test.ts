// `detlab test [CONFIG] WEIGHTS`: evaluates a trained model and prints its AP table; --out writes its detections as COCO results
// or as MMDetection's results.pkl, --show-dir draws them, --show opens a page of them.

import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Dataset } from '../data';
import { DetLabError } from '../errors';
import { type EvaluationResults, resultsPickle, writeWhole } from '../evaluation';
import { testNotices } from '../lab/check-run';
import { chosenMetrics, metricWords } from '../lab/chosen-metrics';
import { configuredTestData } from '../lab/config-data';
import type { DetVisualizationHook } from '../lab/det-visualization-hook';
import { checkMethod } from '../lab/method-options';
import type { Model } from '../lab/model';
import { evaluatedPredictions } from '../lab/prediction/evaluated-predictions';
import { sayWithoutSegments } from '../lab/prediction/lost-segments';
import { saveCoco } from '../lab/prediction/save-predictions';
import type { PredictionList } from '../lab/prediction-list';
import { corruptedRuns } from '../lab/robustness';
import { configuredDrawings, drawTested } from '../lab/tested-drawings';
import { openData } from './data-option';
import { type InferenceArguments, inferenceOptions } from './inference-options';
import { openOnly } from './model-arguments';
import { hasDisplay, openPage } from './open-page';
import { EXIT, output, phase, untilInterrupted } from './outcome';

export interface TestArguments extends InferenceArguments {
  data?: string;
  batch?: number;
  out?: string;
  showDir?: string;
  show?: boolean;
  eval?: string[];
  slices?: string[];
  corruptions?: string[];
  severities?: string[];
  frostDir?: string;
  cfgOptions?: string[];
  json?: boolean;
}

export async function testCommand(given: string[], options: TestArguments): Promise<number> {
  const out = output(options.json === true);
  const { model, metric, parts } = await phase(EXIT.usage, async () => {
    requireResultsFile(options.out);
    const parts = partsOf(options);
    // MMDetection 2.x: `--eval bbox segm`
    const metrics = options.eval ? [...options.eval.flatMap((word) => word.split(',')), ...given.filter(isMetric)] : [];
    if (metrics.length > 0) chosenMetrics(metrics);
    const others = given.filter((word) => !(options.eval && isMetric(word)));
    const opened = await openOnly(others, options.cfgOptions, 'test');
    return { model: opened, metric: metrics.length > 0 ? metrics : undefined, parts };
  });
  const data = await phase(EXIT.data, () =>
    options.data === undefined
      ? configuredTestData(model.config, model.classes)
      : openData(options.data, model.classes),
  );
  for (const notice of data.notices) process.stderr.write(`${notice}\n`);
  for (const line of testNotices(model.config)) process.stderr.write(`${line}\n`);
  const drawings = await phase(EXIT.usage, () => configuredDrawings(model.config));
  const asked = options.show ? '--show' : drawings.some((hook) => hook.options.show) ? SHOW_SETTING : undefined;
  const shows = asked !== undefined && hasDisplay();
  if (asked !== undefined && !shows)
    process.stderr.write(
      `${asked}: there is no display here to open a page on; --show-dir DIR draws all images to a folder\n`,
    );
  return untilInterrupted(async (signal) => {
    const report = await model.evaluate(data, {
      batch: options.batch,
      part: 'test',
      ...(metric && { metric }),
      ...parts,
      ...inferenceOptions(options),
      signal,
    });
    const { metrics, perClass, images, truths, detections, problems, secondsPerImage } = report;
    out.event('report', {
      data: report.data,
      metrics,
      perClass,
      images,
      truths,
      detections,
      problems,
      secondsPerImage,
      ...(report.sliced && { slices: report.sliced.rows }),
      ...(report.robustness && {
        mPC: report.robustness.mPC,
        rPC: report.robustness.rPC,
        corrupted: report.robustness.corrupted,
      }),
    });
    out.print(report.toString());
    const { results } = report;
    if (results) {
      const found = evaluatedPredictions(results, model.threshold?.score);
      const { out: file, showDir } = options;
      const { classes } = data.evaluated.readsText ? data.evaluated : model;
      const saved = await phase(EXIT.data, async () => [
        ...(file === undefined ? [] : [await saveResults(results, found, classes, file, data.evaluated)]),
        ...(showDir === undefined ? [] : [await found.save(`${showDir}/`)]),
        ...(shows ? [await showPage(found)] : []),
        ...(await drawConfigured(drawings, results, model, shows, signal)),
      ]);
      for (const place of saved) {
        out.event('saved', { file: place });
        out.print(`saved: ${place}`);
      }
    }
    return EXIT.ok;
  });
}

const words = (given: readonly string[]): string[] => given.flatMap((word) => word.split(','));

/** Slices and corruptions, checked as far as they can be without data. */
function partsOf({ slices, corruptions, severities, frostDir }: TestArguments) {
  const parts = {
    ...(slices && { slices: words(slices) }),
    ...(corruptions && { corruptions: words(corruptions) }),
    ...(severities && { severities: words(severities).map(Number) }),
    ...(frostDir !== undefined && { frostDir }),
  };
  checkMethod('Model.evaluate', parts);
  if (corruptions || severities || frostDir !== undefined) corruptedRuns(parts.corruptions, parts.severities, frostDir);
  return parts;
}

/** Where a config asks for what `--show` does. */
const SHOW_SETTING = 'default_hooks.visualization.show';

/** What the DetVisualizationHooks of the config draw; those that show their images write none. */
async function drawConfigured(
  hooks: readonly DetVisualizationHook[],
  results: EvaluationResults,
  model: Model,
  shows: boolean,
  signal: AbortSignal,
): Promise<string[]> {
  const folders: string[] = [];
  for (const hook of hooks) {
    if (hook.options.show && shows) continue;
    const { folder, drawn } = await drawTested(hook, results, model, { signal });
    const total = results.images.length;
    process.stderr.write(
      `DetVisualizationHook: ${drawn === total ? 'all' : `${drawn} of`} ${total} images are drawn` +
        `${drawn < total && !signal.aborted ? '; test_out_dir names a folder for all' : ''}\n`,
    );
    folders.push(folder);
  }
  return folders;
}

/** As many as a browser scrolls through with ease; each is in the page. */
const SHOWN = 100;

/** Opens a page of the first images in place of MMDetection's windows; returns its file. */
async function showPage(found: PredictionList): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'detlab-show-'));
  const file = await found.slice(0, SHOWN).save(path.join(folder, 'detections.html'));
  if (found.length > SHOWN)
    process.stderr.write(
      `--show: the first ${SHOWN} of ${found.length} images; --show-dir DIR draws all to a folder\n`,
    );
  if (!(await openPage(file)))
    process.stderr.write(`--show: no program opens HTML files here; open ${file} yourself\n`);
  return file;
}

const isMetric = (word: string): boolean => metricWords().includes(word);

const PICKLES = ['.pkl', '.pickle'];
const extensionOf = (file: string): string => path.extname(file).toLowerCase();

function requireResultsFile(file: string | undefined): void {
  if (file === undefined || ['.json', ...PICKLES].includes(extensionOf(file))) return;
  throw new DetLabError(
    `Cannot write the results "${file}": expected COCO results, "${file.replace(/\.\w+$/, '')}.json", or MMDetection's .pkl`,
  );
}

/** The detections of all images as COCO results, or as MMDetection's tools read them. */
async function saveResults(
  { images }: EvaluationResults,
  found: PredictionList,
  classes: readonly string[],
  file: string,
  data: Dataset,
): Promise<string> {
  if (!PICKLES.includes(extensionOf(file))) return saveCoco(found, classes, file, data);
  sayWithoutSegments(found, 'the results', file, 'results files');
  const target = path.resolve(file);
  await mkdir(path.dirname(target), { recursive: true });
  const results = images.map(({ imageId: id, record: { path: source, height, width }, detections }) => ({
    ...{ id, path: source, height, width },
    detections,
  }));
  await writeWhole(target, resultsPickle(results));
  return target;
}
