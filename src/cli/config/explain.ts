// `detlab config explain FILE PATH`: the file and line that set a value, and the values it overrides.

import path from 'node:path';
import { type Explanation, explainValue } from '../../config';
import { EXIT, output } from '../outcome';
import { type ConfigArguments, loadChecked, loadSettings } from './arguments';
import { configPhase } from './phase';

export function explainCommand(file: string, valuePath: string, options: ConfigArguments): number {
  const out = output(options.json === true);
  const explanation = configPhase(() => {
    const { dict } = loadChecked(file, { ...loadSettings(options), explain: true });
    return explainValue(dict, valuePath);
  });
  const { value, set, overrode, parts } = explanation;
  const parsed = (setting: { file: string; line: number; value: string }) => ({
    ...setting,
    value: JSON.parse(setting.value),
  });
  out.event('explanation', {
    path: valuePath,
    value: JSON.parse(value),
    set: set && { file: set.file, line: set.line },
    overrode: overrode.map(parsed),
    parts,
  });
  out.print(explanationText(explanation));
  return EXIT.ok;
}

function explanationText({ path: valuePath, value, set, overrode, parts }: Explanation): string {
  const location = ({ file, line }: { file: string; line: number }) => `${path.relative(process.cwd(), file)}:${line}`;
  return [
    `${valuePath} = ${shortened(value)}`,
    set ? `  set in       ${location(set)}` : '  set by       the options',
    ...overrode.map((past) => `  overrides    ${shortened(past.value)} (${location(past)})`),
    ...parts.map((part) => `  merged with  ${shortened(part.value)} (${location(part)})`),
  ].join('\n');
}

const shortened = (text: string) => (text.length > 200 ? `${text.slice(0, 197)}...` : text);
