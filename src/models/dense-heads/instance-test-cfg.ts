// `test_cfg` of detectors with a dense head and a mask head: the detector passes all of it to both.

import { z } from 'zod';
import { denseTestCfg } from './decode-detections';

export const maskThrOption = z
  .number()
  .default(0.5)
  .describe('Probability above which a pixel is in a mask, of the mask_head');

/** Of CondInst and BoxInst. */
export const instanceTestCfg = denseTestCfg.extend({ mask_thr: maskThrOption });
export type InstanceTestCfg = z.output<typeof instanceTestCfg>;
