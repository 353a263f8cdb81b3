// Weights fitted to models: what is loaded, what is not and why, and names that differ by a prefix.

import { beforeAll, expect, test } from 'vitest';
import { loadWeights, reportLines, type Weights } from '../../src/checkpoints';
import { startEngine } from '../../src/engine';
import { buildDetector } from '../../src/models/build';
import type { Detector } from '../../src/models/types';
import { encodeState, type StoredState } from '../../src/nn/stored-tensor';
import { Random } from '../../src/random';
import { small } from '../lab/small';

beforeAll(() => startEngine());

function build(changes: Record<string, never | number | string> = {}, numClasses = 3): Detector {
  const recipe = small()
    .classes(Array.from({ length: numClasses }, (_, i) => `c${i}`))
    .set(changes);
  const detector = buildDetector(recipe.config.model as never, { numClasses });
  detector.initWeights(Random.seeded(1));
  return detector;
}
const weights = (tensors: StoredState): Weights => ({ source: 'w.pth', format: 'zip', tensors, key: '', skipped: [] });
const stateOf = (detector: Detector) => encodeState(detector.stateDict());
const renamed = (state: StoredState, rename: (name: string) => string | undefined) =>
  new Map([...state].flatMap(([name, tensor]) => (rename(name) === undefined ? [] : [[rename(name)!, tensor]])));

test('other classes, another depth, another neck are told in words', () => {
  const source = build();
  const state = stateOf(source);
  const target = build({}, 5);
  const { mismatched, missing, unexpected, causes } = loadWeights(target, weights(state));
  expect([missing, unexpected, mismatched.length]).toEqual([[], [], 4]);
  expect(causes).toEqual([
    'a different number of classes: the file was trained on 3, the model has 5; these layers keep their initial weights',
  ]);
  const deep = build({ 'model.backbone.depth': 34 });
  expect(loadWeights(deep, weights(state)).causes).toEqual([
    "a backbone of different depth: the model's layer1 goes up to block 2, the file's does not",
  ]);
  expect(loadWeights(source, weights(stateOf(deep))).causes[0]).toMatch(/the file's layer1 goes up to block 2/);
  const pafpn = build({ 'model.neck.type': 'PAFPN' });
  expect(loadWeights(pafpn, weights(state)).causes).toEqual([
    'a neck that the file does not or only partly have: neck.downsample_convs.0.conv.weight',
  ]);
  expect(loadWeights(source, weights(stateOf(pafpn))).causes[0]).toMatch(
    /a neck that the model does not have: neck.downsample/,
  );
  const wide = build({ 'model.backbone.base_channels': 16 });
  expect(loadWeights(wide, weights(state)).causes.join()).toMatch(
    /backbone of different width.*conv1.weight is \[8, 3, 7, 7\]/,
  );
  for (const model of [source, target, deep, pafpn, wide]) model.dispose();
});

test('prefixes: of training wrappers, of one side only, and as asked for', () => {
  const model = build();
  const state = stateOf(model);
  const count = state.size;
  expect(loadWeights(model, weights(renamed(state, (n) => `module.${n}`))).loaded).toHaveLength(count);
  const outer = loadWeights(model, weights(renamed(state, (n) => `detector.${n}`)));
  expect([outer.loaded.length, outer.notes]).toEqual([count, ['prefix "detector." removed from the file\'s names']]);

  // torchvision's ResNet: the backbone alone, and its classifier
  const inside = renamed(state, (n) => (n.startsWith('backbone.') ? n.slice(9) : undefined));
  inside.set('fc.weight', { shape: [1], dtype: 'F32', bytes: new Uint8Array(4) });
  const alone = loadWeights(model, weights(inside));
  expect(alone.loaded).toHaveLength(inside.size - 1);
  expect(alone.notes).toEqual(['prefix "backbone." added to the file\'s names']);
  expect(alone.unexpected).toEqual(['backbone.fc.weight']);
  const part = loadWeights(model, weights(inside), { part: 'backbone' });
  expect([part.missing, part.loaded[0]]).toEqual([[], 'backbone.conv1.weight']);
  const both = loadWeights(model, weights(state), { part: 'neck', prefix: 'neck.' });
  expect([both.missing, both.unexpected]).toEqual([[], []]);

  expect(() => loadWeights(model, weights(state), { prefix: 'nek' })).toThrow(
    /begins with "nek\.".*"backbone\.", "neck\."/,
  );
  expect(() => loadWeights(model, weights(state), { part: 'nek' })).toThrow(/no such module. Its modules: "backbone"/);
  expect(() => loadWeights(model, weights(new Map([['a.b', inside.get('fc.weight')!]])))).toThrow(
    /no tensor matches the model in name and shape.*The file has a\.b; the model has backbone\.conv1\.weight/,
  );
  model.dispose();
});

test('averaged copies, batch counters and refused parts do not count as misfits', () => {
  const model = build();
  const state = renamed(stateOf(model), (n) => (n.endsWith('num_batches_tracked') ? undefined : n));
  state.set('ema_backbone_conv1_weight', { shape: [1], dtype: 'F32', bytes: new Uint8Array(4) });
  const report = loadWeights(model, { ...weights(state), skipped: ['message_hub (refused: x.HistoryBuffer)'] });
  expect([report.missing, report.unexpected, report.causes]).toEqual([[], [], []]);
  expect(reportLines(report)).toEqual([
    `${state.size - 1} tensors loaded from w.pth`,
    '  not loaded: message_hub (refused: x.HistoryBuffer), ema_backbone_conv1_weight',
  ]);
  model.dispose();
});
