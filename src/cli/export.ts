// `detlab export [CONFIG] WEIGHTS FILE`: a trained detector as an ONNX file, or as a page that detects in a browser.

import { statSync } from 'node:fs';
import path from 'node:path';
import { DetLabError } from '../errors';
import { isPageFile, weightsBeside } from '../lab/demo';
import { isOnnxFile } from '../lab/onnx/save-onnx';
import { openModel } from './model-arguments';
import { EXIT, output, phase } from './outcome';
import { size } from './size';

export interface ExportArguments {
  nms?: boolean;
  input?: string;
  batch?: number;
  dynamic?: 'size' | 'batch' | true;
  precision?: 'float32' | 'float16';
  tracker?: boolean;
  force?: boolean;
  cfgOptions?: string[];
  json?: boolean;
}

export async function exportCommand(given: string[], options: ExportArguments): Promise<number> {
  const out = output(options.json === true);
  const { nms, batch, dynamic, precision, tracker } = options;
  const file = given.at(-1)!;
  const written = await phase(EXIT.usage, async () => {
    if (given.length < 2 || !(isOnnxFile(file) || isPageFile(file)))
      throw new DetLabError(
        `Cannot export: expected [CONFIG] WEIGHTS FILE.onnx or FILE.html, received ${given.join(' ')}`,
      );
    if (statSync(file, { throwIfNoEntry: false })?.isFile() && !options.force)
      throw new DetLabError(`Cannot write "${file}": the file exists. Use --force to overwrite it`);
    const { model, rest } = await openModel(given.slice(0, -1), options.cfgOptions);
    if (rest.length > 0)
      throw new DetLabError(`Cannot export: expected one weights file, received ${rest.join(' ')} too`);
    const input = options.input === undefined ? {} : { size: size(options.input) };
    return model.save(file, {
      ...input,
      ...(nms === false && { nms }),
      ...(batch !== undefined && { batch }),
      ...(dynamic !== undefined && { dynamic }),
      ...(precision !== undefined && { precision }),
      ...(tracker === false && { tracker }),
    });
  });
  const bytes = statSync(written).size;
  const weights = isPageFile(file) ? weightsBeside(written) : undefined;
  out.event('exported', { file: written, bytes, ...(weights && { weights }) });
  out.print(`${file} (${(bytes / 1e6).toFixed(1)} MB)`);
  if (weights)
    out.print(
      `${path.join(path.dirname(file), path.basename(weights))}${path.sep}: its weights, which must stay beside the page`,
    );
  return EXIT.ok;
}
