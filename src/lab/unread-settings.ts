// What a config file sets and nothing reads: keys that are not part of a config, and variables whose former value other parts
// of the config keep.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ConfigNotice } from '../catalogue/config-notices';
import type { OptionProblem } from '../catalogue/option-problems';
import { unreadKeys, unreadVariables } from '../catalogue/unread-keys';
import { configRoot, type LoadedConfig } from '../config';

/**
 * An error in a TypeScript config, which has constants for its variables; in a Python config, as MMDetection runs it, a notice.
 * DetLab's configs are MMDetection's, variables included.
 */
export function unreadSettings({ config, files, inherited }: LoadedConfig): {
  problems: OptionProblem[];
  notices: ConfigNotice[];
} {
  const keys = Object.keys(config);
  const file = files.at(-1) ?? '';
  if (file.startsWith(configRoot() + path.sep)) return { problems: [], notices: [] };
  if (file.endsWith('.ts')) {
    const changed = keys.filter((key) => !(key in inherited));
    const problems = [...unreadKeys(changed, config), ...unreadVariables(keys, config, inherited)];
    return { problems: [...new Map(problems.map((problem) => [problem.path, problem])).values()], notices: [] };
  }
  const source = readFileSync(file, 'utf8');
  const notices = unreadVariables(
    keys.filter((key) => key in inherited && !isReadIn(source, key)),
    config,
    inherited,
  );
  return { problems: [], notices: notices.map(({ path: key, message }) => ({ paths: [key], message, lost: true })) };
}

/** Whether a Python file uses a variable besides setting it: as a name that no single `=` follows. */
function isReadIn(source: string, name: string): boolean {
  const code = source.replace(/#.*$/gm, '');
  return new RegExp(`(?<![\\w.'"])${name}(?![\\w'"])(?!\\s*=(?!=))`).test(code);
}
