// TwoStageDetector: how its parts fit, and what does not.

import { beforeAll, describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { plainBackend } from '../../../src/engine';
import { buildDetector } from '../../../src/models/build';
import { torchShape } from '../../../src/nn';
import { goldenJson } from '../../golden-data';
import { modelConfig } from './whole-models';

beforeAll(plainBackend);

describe('fitting the parts', () => {
  const base = () => modelConfig('config_faster_r50_fpn_1x') as ModuleConfig & Record<string, Record<string, unknown>>;

  test('a config without channels, strides and classes builds the same model', () => {
    const config = base();
    delete config.neck.in_channels;
    delete config.rpn_head.in_channels;
    delete (config.rpn_head.anchor_generator as Record<string, unknown>).strides;
    const roi = config.roi_head as Record<string, Record<string, unknown>>;
    delete roi.bbox_roi_extractor.out_channels;
    delete roi.bbox_roi_extractor.featmap_strides;
    delete roi.bbox_head.in_channels;
    delete roi.bbox_head.roi_feat_size;
    const model = buildDetector(config, { numClasses: 80 });
    const { state_dict_order } = goldenJson<{ state_dict_order: [string, number[]][] }>('params_faster_r50_fpn');
    expect([...model.named()].map(([key, p]) => [key, torchShape(p)])).toEqual(state_dict_order);
    model.dispose();
  });

  test('what does not fit is refused, naming both sides and the place', () => {
    const change = (f: (config: ReturnType<typeof base>) => void, message: RegExp) => {
      const config = base();
      f(config);
      expect(() => buildDetector(config, { numClasses: 3 })).toThrow(message);
    };
    change(
      (c) => Object.assign(c.neck, { out_channels: 128 }),
      /RPNHead at model.rpn_head: its in_channels is 256, but .* 128/,
    );
    change((c) => Object.assign(c.neck, { num_outs: 4 }), /5 strides \[4, 8, 16, 32, 64\].* 4 levels/);
    change(
      (c) => Object.assign(c.roi_head.bbox_head as object, { num_classes: 80 }),
      /num_classes is 80, but the data set has 3/,
    );
    change(
      (c) => Object.assign(c.roi_head.bbox_head as object, { roi_feat_size: 14 }),
      /14 x 14, but RoIs are pooled to 7 x 7/,
    );
    change(
      (c) => Object.assign(c.roi_head, { bbox_head: { type: 'Shared2FCBBoxhead' } }),
      /Did you mean "Shared2FCBBoxHead"/,
    );
    change((c) => Object.assign(c, { rpn_heads: {} }), /unknown option "rpn_heads"/);
    expect(() => buildDetector(base())).toThrow(/num_classes is neither given nor known/);
  });
});

describe('a first stage', () => {
  const withFirstStage = (rpn_head: ModuleConfig) => ({ ...modelConfig('config_faster_r50_fpn_1x'), rpn_head });

  test('that cannot propose is refused when the model is built, naming both sides', () => {
    const queries = { type: 'DETRHead', num_classes: 1 };
    const config = { ...withFirstStage(queries), train_cfg: null, test_cfg: null };
    expect(() => buildDetector(config, { numClasses: 3 })).toThrow(
      /model.rpn_head must be a dense head that proposes regions, received "DETRHead": it reads the queries/,
    );
  });
});
