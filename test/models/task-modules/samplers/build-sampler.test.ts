import { expect, test } from 'vitest';
import { createRegistry } from '../../../../src/models/catalogue';
import { buildSampler, type SamplerOffer, taskModules } from '../../../../src/models/task-modules';

const registry = createRegistry();
const options = { num: 8, pos_fraction: 0.5 };
const offer: SamplerOffer = { head: 'RetinaHead', assigner: { gives: ['maxOverlaps'] } };
const build = (type: string, of: SamplerOffer) =>
  buildSampler({ type, ...options }, { registry, path: 'train_cfg.sampler' }, of);

test('a sampler that needs losses is for RoI heads', () => {
  expect(() => build('OHEMSampler', offer)).toThrow(
    'Cannot use OHEMSampler in RetinaHead at train_cfg.sampler: OHEMSampler needs the classification loss of each sample, which ' +
      'RoI heads compute (train_cfg.rcnn), RetinaHead gives none. Samplers that fit RetinaHead: RandomSampler, ' +
      'InstanceBalancedPosSampler, IoUBalancedNegSampler, PseudoSampler',
  );
  expect(build('OHEMSampler', { ...offer, perSampleLoss: true }).needs).toEqual(['perSampleLoss']);
});

test('a sampler by overlaps needs an assigner that gives them', () => {
  expect(build('IoUBalancedNegSampler', offer).needs).toEqual(['maxOverlaps']);
  expect(() => build('IoUBalancedNegSampler', { ...offer, assigner: { gives: [] } })).toThrow(
    /IoUBalancedNegSampler needs the overlaps of the assigner, RetinaHead gives none/,
  );
});

test('an RPN with OHEMSampler is refused when it is built', () => {
  const train_cfg = {
    assigner: { type: 'MaxIoUAssigner', pos_iou_thr: 0.7, neg_iou_thr: 0.3 },
    sampler: { type: 'OHEMSampler', ...options },
  };
  const inputs = [4, 8, 16, 32, 64].map((stride) => ({ stride, channels: 8 }));
  expect(() => registry.build('dense_head', { type: 'RPNHead', train_cfg }, { path: 'rpn_head', inputs })).toThrow(
    /Cannot use OHEMSampler in RPNHead at rpn_head.train_cfg.sampler/,
  );
});

test('what a definition declares is what it builds', () => {
  for (const definition of taskModules) {
    if (definition.kind !== 'sampler' || !definition.contract) continue;
    const config = definition.type.endsWith('PseudoSampler')
      ? { type: definition.type }
      : { type: definition.type, ...options };
    expect(definition.contract).toEqual({ needs: registry.build('sampler', config, { path: 'sampler' }).needs });
  }
});
