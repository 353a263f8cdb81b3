// AutoAugment and RandAugment (MMDetection 3.x): some of a list of augmentations, in published strengths or at random.

import { z } from 'zod';
import { defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Random } from '../../random';
import { runSteps, type Transform } from './sample';

/** AutoAugment's policies v0: type, probability and level of two transforms each. */
const POLICIES_V0: readonly (readonly [string, number, number, string, number, number])[] = [
  ['Equalize', 0.8, 1, 'ShearY', 0.8, 4],
  ['Color', 0.4, 9, 'Equalize', 0.6, 3],
  ['Color', 0.4, 1, 'Rotate', 0.6, 8],
  ['Solarize', 0.8, 3, 'Equalize', 0.4, 7],
  ['Solarize', 0.4, 2, 'Solarize', 0.6, 2],
  ['Color', 0.2, 0, 'Equalize', 0.8, 8],
  ['Equalize', 0.4, 8, 'SolarizeAdd', 0.8, 3],
  ['ShearX', 0.2, 9, 'Rotate', 0.6, 8],
  ['Color', 0.6, 1, 'Equalize', 1, 2],
  ['Invert', 0.4, 9, 'Rotate', 0.6, 0],
  ['Equalize', 1, 9, 'ShearY', 0.6, 3],
  ['Color', 0.4, 7, 'Equalize', 0.6, 0],
  ['Posterize', 0.4, 6, 'AutoContrast', 0.4, 7],
  ['Solarize', 0.6, 8, 'Color', 0.6, 9],
  ['Solarize', 0.2, 4, 'Rotate', 0.8, 9],
  ['Rotate', 1, 7, 'TranslateY', 0.8, 9],
  ['ShearX', 0, 0, 'Solarize', 0.8, 4],
  ['ShearY', 0.8, 0, 'Color', 0.6, 4],
  ['Color', 1, 0, 'Rotate', 0.6, 2],
  ['Equalize', 0.8, 4, 'Equalize', 0, 8],
  ['Equalize', 1, 4, 'AutoContrast', 0.6, 2],
  ['ShearY', 0.4, 7, 'SolarizeAdd', 0.6, 7],
  ['Posterize', 0.8, 2, 'Solarize', 0.6, 10],
  ['Solarize', 0.6, 8, 'Equalize', 0.6, 1],
  ['Color', 0.8, 6, 'Rotate', 0.4, 5],
];

const policiesV0 = (): ModuleConfig[][] =>
  POLICIES_V0.map(([a, p, i, b, q, j]) => [
    { type: a, prob: p, level: i },
    { type: b, prob: q, level: j },
  ]);

const RANDAUG_TYPES = [
  'AutoContrast',
  'Equalize',
  'Invert',
  'Rotate',
  'Posterize',
  'Solarize',
  'SolarizeAdd',
  'Color',
  'Contrast',
  'Brightness',
  'Sharpness',
  'ShearX',
  'ShearY',
  'TranslateX',
  'TranslateY',
];

const probabilities = z.array(z.number().min(0).max(1)).nullish();
const step = moduleOption('transform');

export const AutoAugment = defineModule({
  kind: 'transform',
  type: 'AutoAugment',
  summary: 'Applies a random one of several lists of augmentations; default: the 25 policies of the paper',
  paper: 'Cubuk et al., AutoAugment: Learning Augmentation Policies from Data, CVPR 2019',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'AutoAugment' }",
  options: z.strictObject({
    policies: z
      .array(z.array(step).min(1))
      .min(1)
      .optional()
      .describe('Candidates: lists of transforms applied in order; default: policies v0'),
    prob: probabilities.describe('Probability of each; default: uniform'),
  }),
  build: ({ policies = policiesV0(), prob }, { registry, path }): Transform =>
    registry.build('transform', { type: 'RandomChoice', transforms: policies, prob }, { path }),
});

/** `count` different ones of n, with probabilities or alike. */
function drawSome(n: number, count: number, prob: readonly number[] | null | undefined, random: Random): number[] {
  if (!prob) return [...random.permutation(n, count)];
  const weights = [...prob];
  return Array.from({ length: count }, () => {
    let left = random.uniform() * weights.reduce((a, b) => a + b, 0);
    const found = weights.findIndex((weight) => weight > 0 && (left -= weight) < 0);
    const index = found < 0 ? weights.findLastIndex((weight) => weight > 0) : found;
    weights[index] = 0;
    return index;
  });
}

export const RandAugment = defineModule({
  kind: 'transform',
  type: 'RandAugment',
  summary: 'Applies a few different augmentations of a list, in random order',
  paper: 'Cubuk et al., RandAugment: Practical Automated Data Augmentation with a Reduced Search Space, CVPRW 2020',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'RandAugment', aug_num: 2 }",
  options: z.strictObject({
    aug_space: z
      .array(z.array(step).length(1))
      .min(1)
      .optional()
      .describe('The augmentations, each in a list of its own; default: the fifteen of colour and geometry'),
    aug_num: z.int().positive().default(2).describe('How many of them are applied'),
    prob: probabilities.describe('Probability of each; default: uniform'),
  }),
  build: ({ aug_space = RANDAUG_TYPES.map((type) => [{ type }]), aug_num, prob }, { registry, path }): Transform => {
    const n = aug_space.length;
    const possible = prob ? prob.filter((p) => p > 0).length : n;
    if (prob && prob.length !== n)
      throw new DetLabError(
        `Cannot build RandAugment at ${path}: expected ${n} values of prob, received ${prob.length}`,
      );
    if (aug_num > possible)
      throw new DetLabError(
        `Cannot build RandAugment at ${path}: expected aug_num of at most ${possible}, the augmentations that can be drawn, received ${aug_num}`,
      );
    const steps = aug_space.map(([config], i) =>
      registry.build('transform', config, { path: `${path}.aug_space.${i}.0` }),
    );
    return (sample, random) =>
      runSteps(
        drawSome(n, aug_num, prob, random).map((i) => steps[i]),
        sample,
        random,
      );
  },
});
