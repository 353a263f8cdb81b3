// `complete_request`: names in scope, members, option keys and string values that fit at the cursor.

import ts from 'typescript';
import type { Content } from '../protocol/wire-message';
import type { CellCompiler } from './compiler';
import { codePointOffset, utf16Offset } from './cursor-offset';
import { builtInOptions, moduleOptions, objectAt } from './object-options';
import { namedArgumentAt, nextNames, type SessionNames } from './session-names';

/** More than there are types of the catalogue, which `describe('` offers: none of them is to be missing. */
const MAX_MATCHES = 2000;
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

interface Found {
  candidates: Candidate[];
  /** What is replaced. */
  start: number;
  end: number;
}

const WORD = '[\\p{ID_Continue}$\\u200c\\u200d]*';
const BEFORE = new RegExp(`${WORD}$`, 'u');
const AFTER = new RegExp(`^${WORD}`, 'u');

/** What TypeScript knows to fit at the cursor. */
function fromTypes({ full, earlier }: CellCompiler, code: string, cursor: number): Found & { cell: ts.SourceFile } {
  const { program, cell } = full.show(earlier, code);
  const start = cursor - BEFORE.exec(code.slice(0, cursor))![0].length;
  const end = cursor + AFTER.exec(code.slice(cursor))![0].length;
  const literal = /['"`]/.test(code[start - 1] ?? '') ? undefined : objectAt(cell, cursor);
  const options = literal && moduleOptions(program.getTypeChecker(), literal, cursor);
  // TypeScript would offer the options of every module that the place accepts, after a longer search
  if (options) return { ...optionsFound([...options], code.slice(start, cursor)), start, end, cell };
  const found = fromService(full, cell, cursor, { start, end });
  const others = literal
    ? optionsFound(builtInOptions(program, literal, cursor), code.slice(found.start, cursor))
    : undefined;
  return { ...found, candidates: [...(others?.candidates ?? []), ...found.candidates], cell };
}

/** Options of a module as candidates, before names in scope. */
const optionsFound = (names: readonly string[], typed: string): Pick<Found, 'candidates'> => ({
  candidates: names.flatMap((text, i): Candidate[] => {
    const match = matchRank(text, typed);
    const isChange = text.startsWith('_'); // _delete_
    return match === undefined
      ? []
      : [{ text, type: 'property', rank: `${match}${isChange ? 'z' : ''}0${String(i).padStart(4, '0')}` }];
  }),
});

/** What is read from folders at each request. */
const OF_FOLDERS = new Set<ts.ScriptElementKind>([
  ts.ScriptElementKind.scriptElement,
  ts.ScriptElementKind.directory,
  ts.ScriptElementKind.externalModuleName,
]);

/** What was found last in a cell. As long as nothing that it sees has changed, the cell stays the same object. */
const latest = new WeakMap<ts.SourceFile, { cursor: number; completions: ts.CompletionInfo }>();

function completionsAt({ service, cellPath }: CellCompiler['full'], cell: ts.SourceFile, cursor: number) {
  const known = latest.get(cell);
  if (known?.cursor === cursor) return known.completions;
  const completions = service.getCompletionsAtPosition(cellPath, cursor, PREFERENCES);
  if (completions?.entries.length && !completions.entries.some(({ kind }) => OF_FOLDERS.has(kind)))
    latest.set(cell, { cursor, completions });
  return completions;
}

/** What TypeScript's language service finds, by default for the word at the cursor. */
function fromService(
  full: CellCompiler['full'],
  cell: ts.SourceFile,
  cursor: number,
  word: { start: number; end: number },
): Found {
  const completions = completionsAt(full, cell, cursor);
  const entries = completions?.entries ?? [];
  let { start, end } = word;
  // Inside a string the whole literal is replaced, which may be more than a word: 'on_input', './file'.
  const span =
    entries.find(({ replacementSpan }) => replacementSpan)?.replacementSpan ?? completions?.optionalReplacementSpan;
  if (span && span.start <= cursor && cursor <= span.start + span.length) {
    start = span.start;
    end = span.start + span.length;
  }
  const typed = cell.text.slice(start, cursor);
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
  return { candidates, start, end };
}

/** What the session knows to fit: paths of the recipe that a method is called on. */
async function fromSession(
  cell: ts.SourceFile,
  cursor: number,
  session: SessionNames | undefined,
): Promise<Found | undefined> {
  const argument = session && namedArgumentAt(cell, cursor);
  if (!argument) return undefined;
  const { from: start, to: end } = argument;
  const typed = cell.text.slice(start, cursor);
  const candidates = nextNames(await session.ask(argument), typed).flatMap((text, i): Candidate[] => {
    const match = matchRank(text, typed);
    return match === undefined ? [] : [{ text, type: 'value', rank: `${match}${String(i).padStart(6, '0')}` }];
  });
  return candidates.length > 0 ? { candidates, start, end } : undefined;
}

/** @param session asks the session's variables, where there is one */
export async function complete(compiler: CellCompiler, content: Content, session?: SessionNames): Promise<Content> {
  const code = String(content.code ?? '');
  const cursor = utf16Offset(code, Number(content.cursor_pos ?? code.length));
  const known = fromTypes(compiler, code, cursor);
  const { candidates, start, end } = (await fromSession(known.cell, cursor, session)) ?? known;
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
