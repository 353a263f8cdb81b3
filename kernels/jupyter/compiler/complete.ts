// `complete_request`: names in scope, members, option keys and string values that fit at the cursor.

import ts from 'typescript';
import type { Content } from '../protocol/wire-message';
import type { CellCompiler } from './compiler';
import { codePointOffset, utf16Offset } from './cursor-offset';

const MAX_MATCHES = 500;
const PREFERENCES: ts.UserPreferences = {
  includeCompletionsWithInsertText: true,
  includeCompletionsForModuleExports: false,
  includeAutomaticOptionalChainCompletions: true,
};

/** JupyterLab's names for kinds of completion, which select its icons. */
const TYPES = new Map<ts.ScriptElementKind, string>([
  [ts.ScriptElementKind.functionElement, 'function'],
  [ts.ScriptElementKind.localFunctionElement, 'function'],
  [ts.ScriptElementKind.memberFunctionElement, 'method'],
  [ts.ScriptElementKind.classElement, 'class'],
  [ts.ScriptElementKind.interfaceElement, 'interface'],
  [ts.ScriptElementKind.typeElement, 'type'],
  [ts.ScriptElementKind.enumElement, 'enum'],
  [ts.ScriptElementKind.moduleElement, 'module'],
  [ts.ScriptElementKind.keyword, 'keyword'],
  [ts.ScriptElementKind.memberVariableElement, 'property'],
  [ts.ScriptElementKind.memberGetAccessorElement, 'property'],
  [ts.ScriptElementKind.string, 'value'],
]);

interface Candidate {
  text: string;
  type: string;
  rank: string;
}

/**
 * Rank of a match with the typed text: 0 a prefix, 1 a prefix in another case, 2 contained; undefined without a match.
 */
function matchRank(name: string, typed: string): number | undefined {
  if (name.startsWith(typed)) return 0;
  const [lowerName, lowerTyped] = [name.toLowerCase(), typed.toLowerCase()];
  if (lowerName.startsWith(lowerTyped)) return 1;
  return lowerName.includes(lowerTyped) ? 2 : undefined;
}

export function complete(compiler: CellCompiler, content: Content): Content {
  const code = String(content.code ?? '');
  const cursor = utf16Offset(code, Number(content.cursor_pos ?? code.length));
  const { service, cellPath } = compiler.full;
  compiler.full.open(compiler.earlier, code);
  const completions = service.getCompletionsAtPosition(cellPath, cursor, PREFERENCES);
  const word = /[\p{ID_Continue}$\u200c\u200d]*$/u.exec(code.slice(0, cursor))![0];
  const after = /^[\p{ID_Continue}$\u200c\u200d]*/u.exec(code.slice(cursor))![0];
  let start = cursor - word.length;
  let end = cursor + after.length;
  const entries = completions?.entries ?? [];
  // Inside a string the whole literal is replaced, which may be more than a word: 'on_input', './file'.
  const span =
    entries.find(({ replacementSpan }) => replacementSpan)?.replacementSpan ?? completions?.optionalReplacementSpan;
  if (span && span.start <= cursor && cursor <= span.start + span.length) {
    start = span.start;
    end = span.start + span.length;
  }
  const typed = code.slice(start, cursor);
  const candidates: Candidate[] = [];
  for (const { name, kind, sortText, insertText } of entries) {
    const match = matchRank(name, typed);
    // names like __resume__ are the kernel's
    if (match === undefined || /^__\w+__$/.test(name)) continue;
    candidates.push({
      text: insertText ?? name,
      type: TYPES.get(kind) ?? 'instance',
      rank: `${match}${name.startsWith('_') ? 'z' : ''}${sortText}`,
    });
  }
  candidates.sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0));
  const shown = candidates.slice(0, MAX_MATCHES);
  const [from, to] = [codePointOffset(code, start), codePointOffset(code, end)];
  return {
    status: 'ok',
    matches: shown.map(({ text }) => text),
    cursor_start: from,
    cursor_end: to,
    metadata: {
      _jupyter_types_experimental: shown.map(({ text, type }) => ({ text, type, start: from, end: to })),
    },
  };
}
