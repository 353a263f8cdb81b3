// `detlab summary CONFIG`: stages, shapes, strides, parameters, and which are frozen.

import { detector } from '../lab/detector';
import { EXIT, output, phase } from './outcome';
import { size } from './size';

export interface SummaryArguments {
  input?: string;
  cfgOptions?: string[];
  json?: boolean;
}

export async function summaryCommand(config: string, options: SummaryArguments): Promise<number> {
  const out = output(options.json === true);
  const display = await phase(EXIT.usage, () => {
    const recipe = detector(config, { options: options.cfgOptions });
    return recipe.summary({ input: options.input === undefined ? undefined : size(options.input) });
  });
  out.event('summary', { ...display.summary });
  out.print(display.toString());
  return EXIT.ok;
}
