// Options that are given once per value: `--config-root a=x --config-root b=y FILE`. Commander's variadic options would take the
// FILE too. After an option of assignments more of them may follow, as MMDetection's tools take them: `--cfg-options a=1 b=2`.

import { Option } from 'commander';

/** `--name <value>`, whose values are collected to a list; what is no option stays an argument of the command. */
export class RepeatableOption extends Option {
  constructor(flags: string, description: string) {
    super(flags, description);
    this.argParser<string[]>((value, earlier = []) => [...earlier, value]);
  }
}

/** Overrides of a config's values, an option of every command that reads one. */
export const cfgOptions = (): RepeatableOption =>
  new RepeatableOption(
    '--cfg-options <key=value>',
    'override a value of the config: model.neck.num_outs=5; repeatable',
  );

const OF_ASSIGNMENTS = ['--cfg-options', '--config-root'];
const ASSIGNMENT = /^[^-=\s/\\][^=\s/\\]*=/;

/**
 * `--cfg-options a=1 b=2 FILE` with the option before each assignment that follows one.
 *
 * @example everyAssignment(['check', '--cfg-options', 'a=1', 'b=2', 'x.py'])
 * // ['check', '--cfg-options', 'a=1', '--cfg-options', 'b=2', 'x.py']
 */
export function everyAssignment(argv: readonly string[]): string[] {
  const spread: string[] = [];
  let option: string | undefined;
  let given = 0;
  for (const [i, word] of argv.entries()) {
    if (word === '--') return [...spread, ...argv.slice(i)];
    if (OF_ASSIGNMENTS.includes(word)) {
      option = word;
      given = 0;
    } else if (option !== undefined && given > 0 && ASSIGNMENT.test(word)) {
      spread.push(option);
    } else if (option !== undefined && given > 0) {
      option = undefined;
    }
    spread.push(word);
    if (word !== option) given++;
  }
  return spread;
}
