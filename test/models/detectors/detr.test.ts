// DETR against MMDetection's: a small model with its states, losses and detections, and the parameters of the real
// ones.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import type { Detections, PackedSample } from '../../../src/data/types';
import { startEngine } from '../../../src/engine';
import { buildDetector } from '../../../src/models/build';
import type { DETR } from '../../../src/models/detectors';
import type { DetBatch, Detector } from '../../../src/models/types';
import { torchShape } from '../../../src/nn/module';
import { Random } from '../../../src/random';
import { expectClose, fillByFormula, golden, goldenJson, image, nchw, nhwc } from '../../golden-data';

beforeAll(async () => void (await startEngine()));

function predict(model: Detector, batch: DetBatch): Detections[] {
  let found: Detections[] = [];
  tf.tidy(() => {
    found = model.predict(batch);
  });
  return found;
}

interface Meta {
  img_shape: [number, number];
  ori_shape: [number, number];
  scale_factor: [number, number];
}

describe('a small DETR', () => {
  const { tensors, metadata } = golden('detr_small');
  const data = (name: string) => tensors.get(name)!.data as Float32Array;
  const metas = JSON.parse(metadata.metas) as Meta[];
  const build = () => {
    const model = buildDetector(JSON.parse(metadata.cfg) as ModuleConfig) as DETR;
    fillByFormula(model, '', JSON.parse(metadata.extra_rules));
    return model.eval();
  };
  const batch = (): DetBatch => ({
    inputs: nhwc(tensors.get('in0')!),
    batchShape: [64, 96],
    samples: metas.map(
      (meta, i): PackedSample => ({
        image: { data: new Uint8Array(), width: meta.img_shape[1], height: meta.img_shape[0], order: 'bgr' },
        meta: {
          imgId: i,
          imgPath: `image ${i}`,
          oriShape: meta.ori_shape,
          imgShape: meta.img_shape,
          scaleFactor: meta.scale_factor,
          flip: false,
        },
        truths: { bboxes: data(`gt${i}`), labels: Int32Array.of(0, 2, 1), ignored: new Uint8Array(3) },
      }),
    ),
  });

  test('parameters in order', () => {
    const model = build();
    expect(Object.fromEntries([...model.named()].map(([n, p]) => [n, torchShape(p)]))).toEqual(
      JSON.parse(metadata.params),
    );
    expect([...model.named()].map(([n]) => n)).toEqual(Object.keys(JSON.parse(metadata.params)));
    model.dispose();
  });

  test('features, states and predictions of every layer', () => {
    const model = build();
    const given = batch();
    tf.tidy(() => {
      expectClose(nchw(model.extractFeatures(given.inputs)[0]), data('feat'), 1e-4, 'feature');
      const states = model.states(model.extractFeatures(given.inputs), given);
      expectClose(tf.stack(states).dataSync(), data('hidden_states'), 1e-4, 'states');
      const layers = model.bboxHead.forward(states);
      expectClose(tf.stack(layers.map((l) => l.scores)).dataSync(), data('cls'), 1e-4, 'scores');
      expectClose(tf.stack(layers.map((l) => l.boxes)).dataSync(), data('box'), 2e-5, 'boxes');
    });
    given.inputs.dispose();
    model.dispose();
  });

  test('losses of every layer', () => {
    const model = build();
    const given = batch();
    const expected = JSON.parse(metadata.losses) as Record<string, number>;
    const found = tf.tidy(() =>
      Object.entries(model.loss(given, { random: Random.seeded(0), epoch: 0, iteration: 0 })).map(
        ([name, v]): [string, number] => [name, (v as tf.Scalar).dataSync()[0]],
      ),
    );
    expect(found.map(([name]) => name)).toEqual(Object.keys(expected));
    for (const [name, value] of found) expect(Math.abs(value - expected[name]), name).toBeLessThan(1e-4);
    given.inputs.dispose();
    model.dispose();
  });

  test('detections', () => {
    const model = build();
    const given = batch();
    const found = predict(model, given);
    for (const [i, { bboxes, scores, labels }] of found.entries()) {
      expectClose(scores, data(`pred${i}.scores`), 1e-5, 'scores');
      // scores that tie to rounding may change places: every box must be among the expected
      const expected = data(`pred${i}.bboxes`);
      const wanted = tensors.get(`pred${i}.labels`)!.data;
      for (let k = 0; k < labels.length; k++) {
        const near = [...labels.keys()].some(
          (j) =>
            wanted[j] === labels[k] &&
            bboxes.subarray(4 * k, 4 * k + 4).every((v, c) => Math.abs(v - expected[4 * j + c]) < 2e-3),
        );
        expect(near, `box ${k} of image ${i}`).toBe(true);
      }
    }
    given.inputs.dispose();
    model.dispose();
  });
});

interface Parameters {
  total: number;
  state_dict_order: [string, number[]][];
}

const r50 = () =>
  structuredClone(goldenJson<{ merged: { model: ModuleConfig } }>('config_detr_r50').merged.model) as ModuleConfig & {
    backbone: Record<string, unknown>;
    neck: Record<string, unknown>;
    bbox_head: Record<string, unknown>;
  };

function expectParameters(config: ModuleConfig, name: string) {
  const model = buildDetector(config);
  const expected = goldenJson<Parameters>(name);
  expect([...model.named()].map(([key, p]) => [key, torchShape(p)])).toEqual(expected.state_dict_order);
  expect(model.parameterCount()).toBe(expected.total);
  model.dispose();
}

test('DETR R50 has the parameters of the reference', () => expectParameters(r50(), 'params_detr_r50'));

test('DETR on DeiT-tiny has the parameters of the reference', () => {
  const config = r50();
  config.backbone = {
    type: 'mmpretrain.VisionTransformer',
    arch: 'deit-tiny',
    img_size: 224,
    patch_size: 16,
    out_type: 'featmap',
  };
  config.neck.in_channels = [192];
  expectParameters(config, 'params_detr_deit_tiny');
});

interface EndToEnd {
  extra_rules: [string, number][];
  detections: { bbox: number[]; score: number; label: number }[];
  neck: { mean: number; std: number; first8: number[] }[];
}

test('DETR R50 on the formula image', () => {
  const expected = goldenJson<EndToEnd>('e2e_model_detr_r50');
  const config = r50();
  config.bbox_head.num_classes = 3;
  const model = buildDetector(config) as DETR;
  fillByFormula(model, '', expected.extra_rules);
  model.eval();
  const [height, width] = [128, 160];
  const meta = { imgId: 1, imgPath: 'formula', flip: false, scaleFactor: [1, 1] as [number, number] };
  const size: [number, number] = [height, width];
  const batch = model.preprocess([
    {
      image: { data: image(height, width), width, height, order: 'bgr' },
      meta: { ...meta, oriShape: size, imgShape: size },
      truths: { bboxes: new Float32Array(), labels: new Int32Array(), ignored: new Uint8Array() },
    },
  ]);
  tf.tidy(() => {
    const [feature] = model.extractFeatures(batch.inputs).slice(-1);
    expectClose(nchw(feature).subarray(0, 8), expected.neck[0].first8, 1e-3, 'feature');
    const [{ bboxes, scores, labels }] = model.predict(batch);
    expect(scores.length).toBe(expected.detections.length);
    expectClose(
      scores,
      expected.detections.map((d) => d.score),
      1e-4,
      'scores',
    );
    for (let k = 0; k < labels.length; k++) {
      const near = expected.detections.some(
        ({ bbox, label }) =>
          label === labels[k] && bboxes.subarray(4 * k, 4 * k + 4).every((v, c) => Math.abs(v - bbox[c]) < 2e-2),
      );
      expect(near, `detection ${k}`).toBe(true);
    }
  });
  batch.inputs.dispose();
  model.dispose();
});
