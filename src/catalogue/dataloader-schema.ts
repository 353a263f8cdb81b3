// `train_dataloader`, `val_dataloader`, `test_dataloader`: mmengine's keys and those that torch's DataLoader takes.

import { z } from 'zod';
import { anyValue, ignoredOption } from './ignored-option';
import { moduleOption } from './registry';

const COLLATES = ['pseudo_collate', 'default_collate', 'yolov5_collate'];

/** Whether a function makes the batch that the data preprocessor makes. */
function isPlainCollate(value: unknown): boolean {
  const { type, ...options } = value as { type: string };
  return COLLATES.includes(type.slice(type.lastIndexOf('.') + 1)) && Object.values(options).every((one) => !one);
}

export const dataloaderSchema = z
  .strictObject({
    dataset: moduleOption('dataset').describe('dataset to read'),
    batch_size: z.int().positive().default(1).describe('images per batch'),
    sampler: moduleOption('data_sampler').nullish().describe('order in which images are read'),
    batch_sampler: moduleOption('data_sampler').nullish().describe('groups images into batches'),
    drop_last: z.boolean().default(false).describe('drop the last batch if it is incomplete'),
    num_batch_per_epoch: z.int().positive().nullish().describe('use only the images of so many batches'),
    num_workers: z
      .int()
      .nonnegative()
      .default(0)
      .describe('most worker threads that load images: one processor is left to training; 0: none'),
    persistent_workers: ignoredOption('workers always persist', {
      schema: z.boolean().default(false),
      harmless: anyValue,
    }),
    collate_fn: ignoredOption('the data preprocessor collates batches', {
      schema: z.looseObject({ type: z.string() }).nullish(),
      harmless: isPlainCollate,
      lost: true,
    }),
    pin_memory: ignoredOption('there is no memory to pin, tensors are on the CPU', { harmless: [false] }),
    pin_memory_device: ignoredOption('there is no memory to pin, tensors are on the CPU', { harmless: [''] }),
    prefetch_factor: ignoredOption('the loader decides how far to prefetch', { schema: z.int().nullish() }),
    timeout: ignoredOption('the loader waits for its workers', { schema: z.number().default(0) }),
    worker_init_fn: ignoredOption('random numbers of an image come from seed, epoch and its place', {
      harmless: [{ type: 'worker_init_fn' }],
    }),
    multiprocessing_context: ignoredOption('workers are threads'),
    generator: ignoredOption('the order comes from the seed of the run'),
    disable_subprocess_warning: ignoredOption('there is no such warning', {
      schema: z.boolean().optional(),
      harmless: anyValue,
    }),
  })
  .nullish();
