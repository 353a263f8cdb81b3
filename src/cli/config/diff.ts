// `detlab config diff A B`: the differences of two configs, path by path.

import { diffConfigs } from '../../config';
import { EXIT, output } from '../outcome';
import { type ConfigArguments, loadChecked, loadSettings } from './arguments';
import { configPhase } from './phase';

export function diffCommand(a: string, b: string, options: ConfigArguments): number {
  const out = output(options.json === true);
  const settings = loadSettings(options);
  const differences = configPhase(() => diffConfigs(loadChecked(a, settings).dict, loadChecked(b, settings).dict));
  const value = (text: string | undefined) => (text === undefined ? undefined : JSON.parse(text));
  for (const { path, first, second } of differences) {
    out.event('difference', { path, first: value(first), second: value(second) });
    const lines = [
      first === undefined ? [] : [`- ${path} = ${first}`],
      second === undefined ? [] : [`+ ${path} = ${second}`],
    ];
    out.print(lines.flat().join('\n'));
  }
  if (!differences.length) out.print('The two configs are equal');
  return EXIT.ok;
}
