// What a page has of a model that a teacher taught: the detector that predicts, as a browser builds it of its part of the config.

import { expect, test } from 'vitest';
import { detector, Model } from '../../src';
import { isObject } from '../../src/config';
import { objectAt, withoutClassCounts } from '../../src/lab/config-access';
import { loadStrictly } from '../../src/lab/load-strictly';
import { predictingAlone } from '../../src/lab/predicting-alone';
import { buildDetector } from '../../src/models/build';
import { createRegistry } from '../../src/models/catalogue';
import { encodeState } from '../../src/nn/stored-tensor';
import { NAMES, narrowed } from '../web/narrow';
import { scenePng } from '../web/web-page';

test.each([
  ['soft-teacher_faster-rcnn_r50-caffe_fpn_180k_semi-0.1-coco', 'FasterRCNN', 0.5, 'teacher.'],
  ['kd_tiny_rtmdet_s_neck_300e_coco', 'YOLODetector', 0.8, 'architecture.'],
  ['ld_r18-gflv1-r101_fpn_1x_coco', 'SingleStageDetector', 1, ''],
])('%s', async (name, type, part, inside) => {
  const config = narrowed(detector(name).config);
  const parts = objectAt(config, 'model');
  delete parts.teacher_ckpt;
  if (isObject(parts.test_cfg)) parts.test_cfg.score_thr = 0;
  // R18's channels, which are those of all narrow backbones
  if (isObject(parts.neck)) delete parts.neck.in_channels;
  if (parts.teacher_config) parts.teacher_config = narrowed(detector('gfl_r50_fpn_1x_coco').config);
  const model = await detector(config).classes(NAMES).build({ seed: 1 });
  const alone = predictingAlone(model);
  expect(objectAt(alone.config, 'model').type).toBe(type);
  expect(JSON.stringify(alone.config.model)).not.toMatch(/teacher_(config|ckpt|backbone)/);
  expect(alone.detector.parameterCount()).toBeLessThanOrEqual(part * model.detector.parameterCount());
  // as `loadModel` of detlab/web
  const built = buildDetector(withoutClassCounts(objectAt(alone.config, 'model')) as never, {
    registry: createRegistry(),
    numClasses: NAMES.length,
  });
  const state = encodeState(alone.detector.stateDict());
  loadStrictly(built, { format: 'safetensors', tensors: state, source: name, key: '', skipped: [] } as never);
  built.eval();
  const expected = await model.predict(scenePng());
  const found = await new Model(built, model.classes, name, alone.config).predict(scenePng());
  expect([...found].map(({ score, bbox }) => [score, bbox])).toEqual(
    [...expected].map(({ score, bbox }) => [score, bbox]),
  );
  expect(found.length).toBeGreaterThan(0);
  const layers = new Set((await model.features(scenePng())).levels.map(({ layer }) => layer));
  expect([...layers]).toEqual([`${inside}backbone`, `${inside}neck`]);
  model.dispose();
  built.dispose();
});
