// `detlab necks [CONFIG]`: requirements, outputs and cost of every neck on a detector.

import { detector } from '../lab/detector';
import { EXIT, output, phase } from './outcome';
import { size } from './size';

export interface NecksArguments {
  input?: string;
  flops?: boolean;
  cfgOptions?: string[];
  json?: boolean;
}

export async function necksCommand(config: string | undefined, options: NecksArguments): Promise<number> {
  const out = output(options.json === true);
  const display = await phase(EXIT.usage, () =>
    detector(config ?? 'faster-rcnn_r50_fpn_1x_coco', { options: options.cfgOptions }).necks({
      input: options.input === undefined ? undefined : size(options.input),
      flops: options.flops !== false,
      onRow: (row) => {
        if (process.stderr.isTTY) process.stderr.write(`${row.type}\n`);
      },
    }),
  );
  const { table } = display;
  for (const row of table.necks) out.event('neck', { detector: table.detector, input: table.input, ...row });
  out.print(display.toString());
  return EXIT.ok;
}
