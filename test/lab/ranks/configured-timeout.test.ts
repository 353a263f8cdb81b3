// The time-out of the ranks, of a config and of its name.

import { expect, test } from 'vitest';
import { rankTimeout } from '../../../src/cli/train';
import { configuredTimeout } from '../../../src/lab/ranks/configured-timeout';

test('seconds of env_cfg.dist_cfg', () => {
  expect(configuredTimeout({ env_cfg: { dist_cfg: { backend: 'nccl', timeout: 7200 } } })).toBe(7200);
  expect(configuredTimeout({ env_cfg: { dist_cfg: { backend: 'nccl' } } })).toBeUndefined();
  expect(configuredTimeout({})).toBeUndefined();
});

test('of a config by name, with the options of the command line; a config that is not there says so later', () => {
  const config = 'faster-rcnn_r18_fpn_toytown';
  expect(rankTimeout(config, ['env_cfg.dist_cfg.timeout=60'])).toBe(60);
  expect(rankTimeout(config)).toBeUndefined();
  expect(rankTimeout('no-such-config')).toBeUndefined();
});
