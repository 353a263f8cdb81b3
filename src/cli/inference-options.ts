// How objects are detected in an image: the options that the commands share which predict.

import type { Command } from 'commander';
import { DetLabError } from '../errors';
import type { InferenceOptions } from '../lab/prediction/image-detector';
import type { ViewWord } from '../lab/prediction/test-time-views';

export interface InferenceArguments {
  amp?: boolean;
  tta?: boolean;
  ttaViews?: string;
  tiles?: number;
  tileOverlap?: number;
}

type Parser = (text: string) => number;

/** Adds the options to a command. */
export function addInferenceOptions(command: Command, { count, share }: Record<'count' | 'share', Parser>): Command {
  return command
    .option('--amp', 'mixed precision (bfloat16)')
    .option('--tta', "test-time augmentation: the config's tta_pipeline, or each image and its mirror image")
    .option('--tta-views <list>', 'the views instead: flips and scales, such as flip,0.8,1,1.25')
    .option('--tiles <pixels>', 'detect in overlapping tiles of this side, and in the whole image', count)
    .option('--tile-overlap <share>', 'share of a tile that the next one covers too (0.2)', share);
}

/** The options of `model.predict` and `model.evaluate`. */
export function inferenceOptions(given: InferenceArguments): InferenceOptions {
  const { amp, tta, ttaViews, tiles, tileOverlap } = given;
  if (tileOverlap !== undefined && tiles === undefined)
    throw new DetLabError('Cannot use --tile-overlap: it is of --tiles <pixels>, which is not given');
  const word = (text: string) =>
    (Number.isNaN(Number(text)) || text.trim() === '' ? text.trim() : Number(text)) as ViewWord;
  const views = ttaViews?.split(',').map(word);
  return {
    ...(amp && { precision: 'bfloat16' as const }),
    ...(views ? { tta: views } : tta ? { tta: true as const } : {}),
    ...(tiles !== undefined && { tiles: tileOverlap === undefined ? tiles : { size: tiles, overlap: tileOverlap } }),
  };
}
