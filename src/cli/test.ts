// `detlab test CONFIG CHECKPOINT`: evaluates a trained model and prints its AP table.

import { testNotices } from '../lab/check-run';
import { configuredTestData } from '../lab/config-data';
import { detector } from '../lab/detector';
import { openData } from './data-option';
import { type InferenceArguments, inferenceOptions } from './inference-options';
import { EXIT, output, phase, untilInterrupted } from './outcome';

export interface TestArguments extends InferenceArguments {
  data?: string;
  batch?: number;
  cfgOptions?: string[];
  json?: boolean;
}

export async function testCommand(config: string, checkpoint: string, options: TestArguments): Promise<number> {
  const out = output(options.json === true);
  const model = await phase(EXIT.usage, () => detector(config, { options: options.cfgOptions }).load(checkpoint));
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
    return EXIT.ok;
  });
}
