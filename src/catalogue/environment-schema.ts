// Top-level keys of a config about processes, devices and logs: mmengine's Runner reads them from the config, some of them
// only in a distributed run.

import { z } from 'zod';
import { anyValue, ignoredOption } from './ignored-option';

const unwrapped =
  'the model of each process needs no wrapper, and parameters that a step does not use are found always';
const uncompiled = 'the engine runs the model as it is';

export const environmentKeys = {
  launcher: ignoredOption('a launcher is an option: `detlab train --launcher`, or fit(data, { processes: 2 })', {
    schema: z.string().nullish(),
    harmless: ['none'],
  }),
  sync_bn: z
    .union([z.enum(['torch', 'mmcv']), z.literal(false)])
    .nullish()
    .describe('in a run of several processes, batch norms see the batches of all: all are SyncBN'),
  model_wrapper_cfg: ignoredOption(unwrapped),
  find_unused_parameters: ignoredOption(unwrapped, { harmless: [false, true] }),
  detect_anomalous_params: ignoredOption(unwrapped, { harmless: [false] }),
  env_cfg: z
    .strictObject({
      cudnn_benchmark: ignoredOption('there is no cuDNN', { harmless: [false] }),
      mp_cfg: z
        .strictObject({
          mp_start_method: ignoredOption('workers are threads', { harmless: ['fork'] }),
          opencv_num_threads: ignoredOption('images are not read by OpenCV', { harmless: [0] }),
        })
        .nullish(),
      dist_cfg: z
        .strictObject({
          backend: ignoredOption(
            'processes talk by Gloo; by NCCL of the gradients of GPUs in an engine built with DETLAB_NCCL=1',
            { schema: z.enum(['nccl', 'gloo']).optional(), harmless: anyValue },
          ),
          timeout: z
            .number()
            .positive()
            .optional()
            .describe('seconds after which a process of a run of several that does not answer is given up (300)'),
          init_backend: ignoredOption('the processes meet as their launcher says', { harmless: ['torch'] }),
          port: ignoredOption('MASTER_PORT, or detlab dist-train --port, is the port', {
            schema: z.union([z.int(), z.string()]).nullish(),
          }),
        })
        .nullish(),
      resource_limit: ignoredOption('the limit of open files is that of the process', { harmless: [4096] }),
    })
    .nullish(),
  randomness: z
    .strictObject({
      seed: z.int().nullish().describe('seed of the run; 0 when absent'),
      deterministic: ignoredOption('a run with a seed can be repeated', {
        schema: z.boolean().optional(),
        harmless: anyValue,
      }),
      diff_rank_seed: ignoredOption('the processes of a run have random numbers of their own', {
        harmless: [false, true],
      }),
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
