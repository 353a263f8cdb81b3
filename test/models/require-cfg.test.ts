// What a head without train_cfg or test_cfg reports.

import { expect, test } from 'vitest';
import { requireCfg } from '../../src/models/require-cfg';

test('a config that is there is handed back', () => {
  const cfg = { score_thr: 0.5 };
  expect(requireCfg(cfg, 'RetinaHead', 'test_cfg')).toBe(cfg);
});

test('a missing one is reported with its owner and an example', () => {
  expect(() => requireCfg(null, 'RetinaHead', 'train_cfg')).toThrow(
    /Cannot compute the losses of RetinaHead: it was built without train_cfg. Give train_cfg, for example { assigner: /,
  );
  expect(() => requireCfg(undefined, 'RPNHead', 'test_cfg', '{ max_per_img: 10 }')).toThrow(
    'Cannot predict with RPNHead: it was built without test_cfg. Give test_cfg, for example { max_per_img: 10 }',
  );
});
