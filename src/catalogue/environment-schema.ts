// Top-level keys of a config about processes, devices and logs: mmengine's Runner reads them from the config, some of them
// only in a distributed run.

import { z } from 'zod';
import { ignoredOption } from './ignored-option';

const oneProcess = 'a run is one process';
const uncompiled = 'the engine runs the model as it is';

export const environmentKeys = {
  launcher: ignoredOption(oneProcess, { schema: z.string().nullish(), harmless: ['none'] }),
  sync_bn: ignoredOption(`${oneProcess}, whose batch norms see its whole batch`, { harmless: [false] }),
  model_wrapper_cfg: ignoredOption(`${oneProcess}, whose model needs no wrapper`),
  find_unused_parameters: ignoredOption(`${oneProcess}, whose model needs no wrapper`, { harmless: [false] }),
  detect_anomalous_params: ignoredOption(`${oneProcess}, whose model needs no wrapper`, { harmless: [false] }),
  env_cfg: z
    .strictObject({
      cudnn_benchmark: ignoredOption('there is no cuDNN', { harmless: [false] }),
      mp_cfg: z
        .strictObject({
          mp_start_method: ignoredOption('workers are threads', { harmless: ['fork'] }),
          opencv_num_threads: ignoredOption('images are not read by OpenCV', { harmless: [0] }),
        })
        .nullish(),
      dist_cfg: ignoredOption(oneProcess, {
        schema: z.looseObject({}).nullish(),
        harmless: [{}, { backend: 'nccl' }],
      }),
      resource_limit: ignoredOption('the limit of open files is that of the process', { harmless: [4096] }),
    })
    .nullish(),
  randomness: z
    .strictObject({
      seed: z.int().nullish().describe('seed of the run; 0 when absent'),
      deterministic: z.boolean().optional().describe('accepted: a run with a seed can be repeated'),
      diff_rank_seed: ignoredOption(oneProcess, { harmless: [false] }),
    })
    .nullish(),
  log_level: ignoredOption('the log has all its lines', {
    schema: z.union([z.string(), z.int()]).nullish(),
    harmless: ['INFO', 20],
  }),
  experiment_name: ignoredOption('a run is named by its config, or with .named()', { schema: z.string().nullish() }),
  compile: ignoredOption(uncompiled, { harmless: [false] }),
  activation_checkpointing: ignoredOption('activations are kept for the backward pass', { harmless: [[]] }),
  efficient_conv_bn_eval: ignoredOption(uncompiled, { harmless: [[], false] }),
};
