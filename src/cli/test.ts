// `detlab test [CONFIG] WEIGHTS`: evaluates a trained model and prints its AP table; --out writes its detections as COCO results,
// --show-dir draws them.

import { DetLabError, didYouMean } from '../errors';
import { testNotices } from '../lab/check-run';
import { configuredTestData } from '../lab/config-data';
import { evaluatedPredictions } from '../lab/prediction/evaluated-predictions';
import { saveCoco } from '../lab/prediction/save-predictions';
import { openData } from './data-option';
import { type InferenceArguments, inferenceOptions } from './inference-options';
import { openModel } from './model-arguments';
import { CommandFailure, EXIT, output, phase, untilInterrupted } from './outcome';

export interface TestArguments extends InferenceArguments {
  data?: string;
  batch?: number;
  out?: string;
  showDir?: string;
  eval?: string[];
  cfgOptions?: string[];
  json?: boolean;
}

const METRICS = ['bbox', 'segm', 'proposal', 'proposal_fast'];

export async function testCommand(given: string[], options: TestArguments): Promise<number> {
  const out = output(options.json === true);
  const { model, rest } = await phase(EXIT.usage, () => {
    requireJson(options.out);
    // MMDetection 2.x: `--eval bbox segm`
    const metrics = options.eval ? [...options.eval.flatMap((word) => word.split(',')), ...given.filter(isMetric)] : [];
    const unknown = metrics.find((word) => !isMetric(word));
    if (unknown !== undefined)
      throw new DetLabError(
        `Cannot evaluate "${unknown}": expected --eval of ${METRICS.join(', ')}.${didYouMean(unknown, METRICS)}`,
      );
    const chosen = metrics.length > 0 ? [`test_evaluator.metric=${JSON.stringify(metrics)}`] : [];
    const cfgOptions = [...(options.cfgOptions ?? []), ...chosen];
    return openModel(
      given.filter((word) => !(options.eval && isMetric(word))),
      cfgOptions.length > 0 ? cfgOptions : undefined,
    );
  });
  if (rest.length > 0)
    throw new CommandFailure(
      EXIT.usage,
      new DetLabError(`Cannot test: expected [CONFIG] WEIGHTS, received "${rest[0]}" too`),
    );
  const data = await phase(EXIT.data, () =>
    options.data === undefined
      ? configuredTestData(model.config, model.classes)
      : openData(options.data, model.classes),
  );
  for (const notice of data.notices) process.stderr.write(`${notice}\n`);
  for (const line of testNotices(model.config)) process.stderr.write(`${line}\n`);
  return untilInterrupted(async (signal) => {
    const report = await model.evaluate(data, {
      batch: options.batch,
      part: 'test',
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
    });
    out.print(report.toString());
    if (report.results) {
      const found = evaluatedPredictions(report.results, model.threshold?.score);
      const { out: file, showDir } = options;
      const saved = await phase(EXIT.data, async () => [
        ...(file === undefined ? [] : [await saveCoco(found, model.classes, file, data.evaluated)]),
        ...(showDir === undefined ? [] : [await found.save(`${showDir}/`)]),
      ]);
      for (const place of saved) {
        out.event('saved', { file: place });
        out.print(`saved: ${place}`);
      }
    }
    return EXIT.ok;
  });
}

const isMetric = (word: string): boolean => METRICS.includes(word);

/** MMDetection's results.pkl is a pickle, which executes what is in it. */
function requireJson(file: string | undefined): void {
  if (file === undefined || file.toLowerCase().endsWith('.json')) return;
  throw new DetLabError(
    `Cannot write the results "${file}": expected a COCO results file, "${file.replace(/\.\w+$/, '')}.json"`,
  );
}
