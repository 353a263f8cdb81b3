// The homography that each step leaves behind against MMDetection's `homography_matrix`, of single steps and of a chain, and the way back
// (generate/semi_data.py).

import { expect, test } from 'vitest';
import type { ModuleConfig } from '../../src/catalogue/registry';
import { runSteps } from '../../src/data/transforms/sample';
import { inverted, multiply, projectBoxes } from '../../src/geometry/projective-map';
import { Random } from '../../src/random';
import { expectClose, goldenJson } from '../golden-data';
import { build, plain } from './transforms/small-sample';

interface Case {
  steps: ModuleConfig[];
  img_shape: [number, number];
  homography: number[][];
}
const { size, homographies } = goldenJson<{ size: [number, number]; homographies: Case[] }>('semi_data');
const META_KEYS = ['homography_matrix'];

/** Crops 3 pixels from the top and 5 from the left, as the recorded ones. */
function random(): Random {
  const drawn = Random.seeded(1);
  const offsets = [3, 5];
  drawn.integer = () => offsets.shift()!;
  return drawn;
}

const packed = async (steps: readonly ModuleConfig[], given = random()) => {
  const built = [...steps, { type: 'PackDetInputs', meta_keys: META_KEYS }].map(build);
  return (await runSteps(built, plain(size), given))!.packed!;
};

test.each(homographies.map((c) => [c.steps.map(({ type }) => type).join(', '), c] as const))(
  '%s',
  async (_, { steps, img_shape, homography: expected }) => {
    const { meta } = await packed(steps);
    expect(meta.imgShape).toEqual(img_shape);
    expectClose([...meta.homography!], expected.flat(), 1e-4, 'homography');
    const boxes = Float32Array.of(4, 5, 22, 20);
    const identity = multiply(meta.homography!, inverted(meta.homography!));
    expectClose([...projectBoxes(identity, boxes)], [...boxes], 1e-3, 'there and back');
  },
);

test('without steps it is the identity, only where it is asked for, and unknown after a step without a matrix', async () => {
  expect([...(await packed([])).meta.homography!]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  const silent = await runSteps([build({ type: 'PackDetInputs' })], plain(size), random());
  expect(silent!.packed!.meta.homography).toBeUndefined();
  const cropped = await packed(
    [
      {
        type: 'RandomCenterCropPad',
        crop_size: [32, 32],
        ratios: [1],
        test_mode: false,
        mean: [0, 0, 0],
        std: [1, 1, 1],
        to_rgb: false,
        test_pad_mode: null,
      },
      { type: 'Resize', scale: [16, 16] },
    ],
    Random.seeded(4),
  );
  expect(cropped.meta.homography).toBeNull();
});
