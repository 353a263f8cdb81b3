// `detlab profile CONFIG`: where the time of a prediction or a training step goes, by kernel, module and operator.

import { detector } from '../lab/detector';
import { EXIT, output, phase } from './outcome';
import { size } from './size';

export interface ProfileArguments {
  train?: boolean;
  amp?: boolean;
  batch?: number;
  input?: string;
  repeats?: number;
  out?: string;
  cfgOptions?: string[];
  json?: boolean;
}

export async function profileCommand(config: string, options: ProfileArguments): Promise<number> {
  const out = output(options.json === true);
  const { train, amp, batch, repeats } = options;
  const recipe = await phase(EXIT.usage, () => {
    const named = detector(config, { options: options.cfgOptions });
    if (options.input === undefined) return named;
    const [height, width] = size(options.input);
    return named.imageSize([width, height]);
  });
  const profile = await recipe.profile({
    mode: train ? 'train' : 'predict',
    ...(amp !== undefined && { amp }),
    ...(batch !== undefined && { batch }),
    ...(repeats !== undefined && { repeats }),
  });
  const { subject, milliseconds, unrecorded, javascript } = profile;
  out.event('profile', { name: subject.name, ...subject.facts, milliseconds, unrecorded, javascript });
  for (const row of profile.kernels) out.event('kernel', { ...row });
  for (const row of profile.modules) out.event('module', { ...row });
  for (const row of profile.operators) out.event('operator', { ...row });
  for (const row of profile.copies) out.event('copy', { ...row });
  out.print(profile.toString());
  if (options.out !== undefined) {
    const file = await profile.save(options.out);
    out.event('written', { file });
    out.print(`written: ${file}`);
  }
  return EXIT.ok;
}
