// The config of a pipeline with the clipping of boxes switched off in every transform that has it.

import type { ModuleConfig, Registry } from '../catalogue/registry';

const OPTIONS = ['bbox_clip_border', 'clip_object_border'];

/** @example withoutClipping([{ type: 'RandomCrop', crop_size: [64, 64] }], registry)[0].bbox_clip_border // false */
export function withoutClipping(config: readonly ModuleConfig[], registry: Registry): ModuleConfig[] {
  return config.map((step) => withoutClippingIn(step, registry) as ModuleConfig);
}

function withoutClippingIn(value: unknown, registry: Registry): unknown {
  if (Array.isArray(value)) return value.map((one) => withoutClippingIn(one, registry));
  if (typeof value !== 'object' || value === null) return value;
  const changed = Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, withoutClippingIn(one, registry)]),
  );
  const { type } = changed;
  const options = typeof type === 'string' ? registry.find('transform', type)?.options : undefined;
  const known: object = options && 'shape' in options ? options.shape : {};
  for (const option of OPTIONS) if (option in known) changed[option] = false;
  return changed;
}
