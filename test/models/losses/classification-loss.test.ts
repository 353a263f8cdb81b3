// The losses that heads classify with are checked when they are built.

import { expect, test } from 'vitest';
import { createRegistry } from '../../../src/models/catalogue';
import { buildClassificationLoss, hasQualityTargets, requireQualityLoss } from '../../../src/models/losses';

const where = { registry: createRegistry(), path: 'bbox_head.loss_cls' };

test('a loss of class scores passes, any other is refused by name and place', () => {
  expect(buildClassificationLoss({ type: 'FocalLoss' }, where).useSigmoid).toBe(true);
  expect(buildClassificationLoss({ type: 'CrossEntropyLoss' }, where).useSigmoid).toBe(false);
  expect(() => buildClassificationLoss({ type: 'L1Loss' }, where)).toThrow(
    /Cannot use L1Loss at bbox_head.loss_cls: expected a classification loss.*Use one such as FocalLoss/,
  );
});

test('only QualityFocalLoss compares with the quality of boxes', () => {
  const quality = { type: 'QualityFocalLoss' };
  const loss = buildClassificationLoss(quality, where);
  expect(hasQualityTargets(loss)).toBe(true);
  expect(requireQualityLoss(loss, quality, where.path)).toBe(loss);
  const focal = { type: 'FocalLoss' };
  expect(() => requireQualityLoss(buildClassificationLoss(focal, where), focal, where.path)).toThrow(
    /Cannot use FocalLoss at bbox_head.loss_cls: .*quality of boxes.*Use QualityFocalLoss/,
  );
});
