// `detlab pseudo-label [CONFIG] WEIGHTS [IMAGES...]`: `model.pseudoLabel(images)` from the command line. The file of --save is for a
// review, which --review reads; --labels has what was accepted.

import { DetLabError, didYouMean } from '../errors';
import type { Model } from '../lab/model';
import { thresholdsOf } from '../lab/pseudo-boxes';
import type { PseudoLabelOptions, PseudoLabels } from '../lab/pseudo-labels';
import { formatOf } from '../visualization/savable';
import { openData } from './data-option';
import { openModel } from './model-arguments';
import { EXIT, output, phase, untilInterrupted } from './outcome';
import { saveResult } from './saved-result';

export interface PseudoLabelArguments {
  data?: string;
  threshold?: string[];
  ignore?: number;
  batch?: number;
  amp?: boolean;
  review?: string;
  save?: string[];
  labels?: string;
  cfgOptions?: string[];
  json?: boolean;
}

const FORMATS = ['json', 'csv', 'html', 'png', 'txt'];

export async function pseudoLabelCommand(given: string[], options: PseudoLabelArguments): Promise<number> {
  const out = output(options.json === true);
  const { model, rest, threshold } = await phase(EXIT.usage, async () => {
    for (const file of options.save ?? []) formatOf('the pseudo-labels', FORMATS, file);
    const opened = await openModel(given, options.cfgOptions);
    requireImages(opened.rest, options.data);
    const threshold = thresholdOf(options.threshold, opened.model);
    thresholdsOf(opened.model.classes, threshold);
    return { ...opened, threshold };
  });
  const { data } = options;
  const source = data === undefined ? rest : await phase(EXIT.data, () => openData(data));
  return untilInterrupted(async (signal) => {
    const labelOptions: PseudoLabelOptions = {
      ...(threshold !== undefined && { threshold }),
      ...(options.ignore !== undefined && { ignore: options.ignore }),
      ...(options.batch !== undefined && { batch: options.batch }),
      ...(options.amp && { precision: 'bfloat16' as const }),
      signal,
    };
    const found = await phase(EXIT.failed, () => model.pseudoLabel(source, labelOptions));
    const { review } = options;
    const pseudo = review === undefined ? found : await phase(EXIT.data, () => found.review(review));
    out.event('labels', { name: pseudo.name, images: pseudo.train.records.length, ...countsOf(pseudo) });
    for (const box of options.json ? pseudo.boxes : []) out.event('box', { ...box });
    out.print(pseudo.toString());
    for (const file of options.save ?? []) await saveResult(pseudo, file, out);
    await writeLabels(pseudo, options.labels, out);
    return signal.aborted ? EXIT.interrupted : EXIT.ok;
  });
}

function requireImages(rest: readonly string[], data: string | undefined): void {
  if (rest.length > 0 !== (data !== undefined)) return;
  throw new DetLabError(
    rest.length > 0
      ? `Cannot label --data and "${rest[0]}" at once: leave one of them out`
      : 'Cannot label images: expected files, folders or patterns after the weights, or --data',
  );
}

const countsOf = ({ boxes }: PseudoLabels) =>
  Object.fromEntries(
    (['accepted', 'unsure', 'rejected'] as const).map((name) => [
      name,
      boxes.filter(({ status }) => status === name).length,
    ]),
  );

/** `0.8`, or `car=0.6` for each of some classes. */
function thresholdOf(texts: readonly string[] | undefined, { classes }: Model): PseudoLabelOptions['threshold'] {
  if (texts === undefined) return undefined;
  const scoreOf = (text: string, value: string): number => {
    const score = Number(value);
    if (value.trim() !== '' && score >= 0 && score <= 1) return score;
    throw new DetLabError(`Cannot use --threshold ${text}: expected a score from 0 to 1, or CLASS=SCORE`);
  };
  const byClass = texts.filter((text) => text.includes('='));
  if (byClass.length === 0 && texts.length === 1) return scoreOf(texts[0], texts[0]);
  if (byClass.length < texts.length)
    throw new DetLabError('Cannot use --threshold: expected one score of all classes, or CLASS=SCORE for each of some');
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.lastIndexOf('=');
      const name = text.slice(0, equals);
      if (!classes.includes(name))
        throw new DetLabError(
          `Cannot use --threshold ${text}: the classes are ${classes.join(', ')}.${didYouMean(name, [...classes])}`,
        );
      return [name, scoreOf(text, text.slice(equals + 1))];
    }),
  );
}

async function writeLabels(
  pseudo: PseudoLabels,
  folder: string | undefined,
  out: ReturnType<typeof output>,
): Promise<void> {
  if (folder === undefined) return;
  const onNotice = (line: string) => void process.stderr.write(`${line}\n`);
  const done = await phase(EXIT.usage, () => pseudo.data.export('coco', folder, { onNotice }));
  out.event('written', { ...done });
  out.print(`written: ${done.folder} (coco, ${done.images} images)`);
}
