// `detlab cross-validate CONFIG --folds 5`: `recipe.crossValidate(data)` from the command line.

import type { ImageRecord } from '../data';
import { DetLabError, didYouMean } from '../errors';
import type { KFoldOptions } from '../lab/k-fold';
import type { LabDataset } from '../lab/lab-dataset';
import { type FitArguments, fitOptions } from './fit-options';
import { EXIT, output, phase, untilInterrupted } from './outcome';
import { openRecipe } from './recipe-data';
import { saveResult } from './saved-result';

export interface CrossValidateArguments extends FitArguments {
  folds?: number;
  stratified?: boolean;
  groups?: string;
  save?: string;
}

export async function crossValidateCommand(config: string, options: CrossValidateArguments): Promise<number> {
  const out = output(options.json === true);
  const { recipe, data } = await openRecipe(config, options);
  const folds = await phase(EXIT.usage, () => {
    const { stratified, groups, seed } = options;
    return data.kFold(options.folds ?? 5, {
      ...(stratified !== undefined && { stratified }),
      ...(groups !== undefined && { groups: groupsOf(groups, data) }),
      ...(seed !== undefined && { seed }),
    });
  });
  return untilInterrupted(async (signal) => {
    const done = await recipe.crossValidate(data, { ...fitOptions(options), folds, signal });
    for (const [i, { epoch, interrupted, report, workDir }] of done.runs.entries())
      out.event('fold', { fold: i + 1, epoch, interrupted, workDir, metrics: report?.metrics });
    const { interrupted, metrics, perClass } = done;
    out.event('end', { interrupted, folds: folds.length, metrics, perClass });
    out.print(done.toString());
    await saveResult(done, options.save, out);
    return interrupted ? EXIT.interrupted : EXIT.ok;
  });
}

/** A field's name, or a pattern of paths between slashes. */
function groupsOf(given: string, { train }: LabDataset): NonNullable<KFoldOptions['groups']> {
  const pattern = /^\/(.+)\/(i?)$/.exec(given);
  if (pattern)
    try {
      return new RegExp(pattern[1], pattern[2]);
    } catch (error) {
      throw new DetLabError(`Cannot use --groups "${given}": ${(error as Error).message}`);
    }
  const known = [...new Set(train.records.flatMap(({ fields }) => Object.keys(fields ?? {})))];
  if (!known.includes(given))
    throw new DetLabError(
      `Cannot use --groups "${given}": expected a field of the images in the annotation file (${known.join(', ') || 'they have none'}) ` +
        `or a pattern of their paths between slashes, /scene(\\d+)/.${didYouMean(given, known)}`,
    );
  return ({ fields, id, path }: ImageRecord) => {
    const value = fields?.[given];
    if (typeof value === 'number' || typeof value === 'string') return value;
    throw new DetLabError(
      `Cannot use --groups "${given}": expected a word or number for each image, received ${JSON.stringify(value) ?? 'none'} of image ${id}, "${path}"`,
    );
  };
}
