// Class weights as `class_weight` of the classification losses that have one.

import { expect, test } from 'vitest';
import { detector } from '../../src';
import { type ClassWeights, withClassWeights } from '../../src/lab/class-weights';
import { valueAt } from '../../src/lab/config-access';

/** 6, 2 and 0 objects. */
const labels = Int32Array.of(0, 0, 0, 1, 0, 0, 1, 0);
const record = {
  ...{ id: 1, path: 'a.jpg', width: 10, height: 10, annotationIds: [...labels.keys()] },
  areas: new Float32Array(8).fill(4),
  truths: { bboxes: new Float32Array(32).fill(1), labels, ignored: new Uint8Array(8) },
};
const data = { name: 'cells', classes: ['red', 'white', 'plate'], records: [record], problems: [] };
const weighed = (name: Parameters<typeof detector>[0], given: ClassWeights) =>
  withClassWeights(detector(name).classes(data.classes).config, data, given);

test('a softmax has the weight of the background too; a cascade has a head of each stage', () => {
  const { config, line } = weighed('faster-rcnn_r50_fpn_1x_coco', 'balanced');
  expect(valueAt(config, 'model.roi_head.bbox_head.loss_cls.class_weight')).toEqual([0.666667, 2, 1, 1]);
  expect(valueAt(config, 'model.rpn_head.loss_cls.class_weight')).toBeUndefined();
  expect(line).toBe('class weights (balanced, of the objects of "cells"): red 0.666667, white 2, plate 1');
  const cascade = weighed('cascade-rcnn_r50_fpn_1x_coco', { white: 3 }).config;
  for (const stage of [0, 1, 2])
    expect(valueAt(cascade, `model.roi_head.bbox_head.${stage}.loss_cls.class_weight`)).toEqual([1, 3, 1, 1]);
});

test('sigmoids and detection transformers have one weight per class, and keep the background', () => {
  const yolox = weighed('yolox_s_8xb8-300e_coco', [1, 2, 4]).config;
  expect(valueAt(yolox, 'model.bbox_head.loss_cls.class_weight')).toEqual([1, 2, 4]);
  const detr = weighed('detr_r50_8xb2-150e_coco', [1, 2, 4]).config;
  expect(valueAt(detr, 'model.bbox_head.loss_cls')).toMatchObject({ bg_cls_weight: 0.1, class_weight: [1, 2, 4] });
});

test('what has no class weights, and classes that there are not', () => {
  expect(() => weighed('retinanet_r50_fpn_1x_coco', 'sqrt')).toThrow(
    /classWeights with RetinaHead: its classification loss, FocalLoss, has no class weights. Use repeatFactors/,
  );
  expect(() => weighed('ssd300_coco', 'sqrt')).toThrow(/SSDHead/);
  expect(() => weighed('rpn_r50_fpn_1x_coco', 'sqrt')).toThrow(/with RPN: expected a bbox_head/);
  expect(() => weighed('faster-rcnn_r50_fpn_1x_coco', [1, 2])).toThrow(/expected 3 numbers .*received 2/);
  expect(() => weighed('faster-rcnn_r50_fpn_1x_coco', { wite: 2 })).toThrow(/no class "wite".*Did you mean "white"/);
  expect(() => weighed('faster-rcnn_r50_fpn_1x_coco', { white: 0 })).toThrow(
    /a number above 0 as the weight of "white"/,
  );
  expect(() => weighed('faster-rcnn_r50_fpn_1x_coco', 'even' as never)).toThrow(/received the string "even"/);
});
