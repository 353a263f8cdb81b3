// How long the ranks wait for one another: `env_cfg.dist_cfg.timeout`, as in mmengine.

import type { ConfigObject } from '../../config';
import { objectAt } from '../config-access';

/** Seconds after which a rank that does not answer is given up; undefined where the config says nothing. */
export function configuredTimeout(config: ConfigObject): number | undefined {
  const { timeout } = objectAt(config, 'env_cfg.dist_cfg');
  return typeof timeout === 'number' && timeout > 0 ? timeout : undefined;
}
