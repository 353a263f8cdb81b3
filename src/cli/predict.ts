// `detlab predict CONFIG CHECKPOINT IMAGE...`: boxes as a table or JSON, and pictures with --out.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { detector } from '../lab/detector';
import { EXIT, output, phase } from './outcome';

export interface PredictArguments {
  out?: string;
  threshold?: number;
  amp?: boolean;
  cfgOptions?: string[];
  json?: boolean;
}

export async function predictCommand(
  config: string,
  checkpoint: string,
  images: string[],
  options: PredictArguments,
): Promise<number> {
  const out = output(options.json === true);
  const { threshold = 0.3 } = options;
  const model = await phase(EXIT.usage, () => detector(config, { options: options.cfgOptions }).load(checkpoint));
  if (options.out !== undefined) mkdirSync(options.out, { recursive: true });
  let broken = 0;
  for (const image of images) {
    try {
      const found = await model.predict(image, { threshold, precision: options.amp ? 'bfloat16' : undefined });
      let picture: string | undefined;
      if (options.out !== undefined) {
        picture = path.join(options.out, `${path.basename(image, path.extname(image))}.png`);
        writeFileSync(picture, await found.draw());
      }
      out.event('predictions', { image, picture, predictions: found.confident });
      out.print(`${found}${picture ? `\npicture: ${picture}` : ''}`);
    } catch (error) {
      // one bad image does not end the others
      broken++;
      out.event('error', { image, message: (error as Error).message });
      process.stderr.write(`${(error as Error).message}\n`);
    }
  }
  return broken > 0 ? EXIT.data : EXIT.ok;
}
