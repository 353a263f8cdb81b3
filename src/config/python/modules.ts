// Python's standard modules: the few members that a config may use, and the names of all, since an import of any other
// module marks a new-style config.

import { parameters } from './arguments';
import { chargeText } from './budget';
import { BUILTINS } from './builtins';
import { deepCopy } from './config-dict';
import { shallowCopy } from './methods';
import { numeric, toFloat, whole } from './numbers';
import { Callable, Dict, kindOf, Namespace, PythonError, SetOf, Tuple, type Value } from './values';

/** Top-level modules of Python's standard library. */
const STANDARD = new Set(
  (
    'abc aifc antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii bisect ' +
    'builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys compileall ' +
    'concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm ' +
    'decimal difflib dis distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp ' +
    'fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip ' +
    'hashlib heapq hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools json keyword ' +
    'lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt ' +
    'multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev pathlib ' +
    'pdb pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd ' +
    'py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy ' +
    'sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd ' +
    'sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau ' +
    'symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this threading time timeit ' +
    'tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing unicodedata ' +
    'unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp ' +
    'zipfile zipimport zlib zoneinfo'
  ).split(' '),
);

/** Whether mmengine treats `path` as a standard module, which it imports eagerly. */
export const isStandardModule = (path: string): boolean =>
  STANDARD.has(path.split('.')[0]) || path === 'mmengine.config' || path.startsWith('mmengine.config.');

const define = (name: string, names: readonly string[], work: (...values: Value[]) => Value): [string, Callable] => [
  name,
  new Callable(name, (args) => work(...(parameters(name, args, names) as Value[]))),
];

const real = (name: string, work: (x: number) => number) =>
  define(name, ['x'], (value) => {
    const x = toFloat(numeric(value));
    const result = work(x);
    if (Number.isNaN(result) && !Number.isNaN(x)) throw new PythonError(`${name}(${x}) is not a real number`);
    return result;
  });

const towards = (name: string, work: (x: number) => number) =>
  define(name, ['x'], (value) => {
    const number = numeric(value);
    if (typeof number === 'bigint') return number;
    if (!Number.isFinite(number)) throw new PythonError(`the float ${number} is not an integer`);
    return BigInt(work(number));
  });

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y) [x, y] = [y, x % y];
  return x;
}

const MATH: [string, Value][] = [
  ['pi', Math.PI],
  ['e', Math.E],
  ['tau', 2 * Math.PI],
  ['inf', Number.POSITIVE_INFINITY],
  ['nan', Number.NaN],
  towards('ceil', Math.ceil),
  towards('floor', Math.floor),
  towards('trunc', Math.trunc),
  real('sqrt', Math.sqrt),
  real('exp', Math.exp),
  real('log2', Math.log2),
  real('log10', Math.log10),
  real('sin', Math.sin),
  real('cos', Math.cos),
  real('tan', Math.tan),
  real('fabs', Math.abs),
  real('radians', (x) => (x * Math.PI) / 180),
  real('degrees', (x) => (x * 180) / Math.PI),
  define('log', ['x', 'base?'], (value, base) => {
    const [x, b] = [toFloat(numeric(value)), base === undefined ? Math.E : toFloat(numeric(base))];
    if (x <= 0 || b <= 0) throw new PythonError('expected positive numbers for the logarithm');
    return base === undefined ? Math.log(x) : Math.log(x) / Math.log(b);
  }),
  define('pow', ['x', 'y'], (x, y) => toFloat(numeric(x)) ** toFloat(numeric(y))),
  define('gcd', ['a', 'b'], (a, b) => gcd(whole(a), whole(b))),
  define('isnan', ['x'], (x) => Number.isNaN(toFloat(numeric(x)))),
  define('isinf', ['x'], (x) => Math.abs(toFloat(numeric(x))) === Number.POSITIVE_INFINITY),
  define('isfinite', ['x'], (x) => Number.isFinite(toFloat(numeric(x)))),
];

function pathText(value: Value): string {
  if (typeof value === 'string') return value;
  throw new PythonError(`expected a string as path, received ${kindOf(value)}`);
}

/** os.path.join on POSIX. */
function joinPath(parts: readonly string[]): string {
  let path = parts[0];
  for (const part of parts.slice(1))
    path = part.startsWith('/') ? part : path === '' || path.endsWith('/') ? path + part : `${path}/${part}`;
  chargeText(path.length);
  return path;
}

const splitPath = (path: string): [string, string] => {
  const at = path.lastIndexOf('/') + 1;
  const head = path.slice(0, at);
  return [/^\/*$/.test(head) ? head : head.replace(/\/+$/, ''), path.slice(at)];
};

function splitExtension(path: string): [string, string] {
  const [, name] = splitPath(path);
  const at = name.lastIndexOf('.');
  if (at <= 0 || /^\.*$/.test(name.slice(0, at))) return [path, ''];
  return [path.slice(0, path.length - name.length + at), name.slice(at)];
}

function normalPath(path: string): string {
  const parts: string[] = [];
  const root = path.startsWith('/');
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..' || (!root && (parts.length === 0 || parts[parts.length - 1] === '..'))) parts.push(part);
    else parts.pop();
  }
  return (root ? '/' : '') + parts.join('/') || '.';
}

const PATH: [string, Value][] = [
  ['sep', '/'],
  [
    'join',
    new Callable('join', ({ positional }) => {
      if (!positional.length) throw new PythonError('join() expects at least one path');
      return joinPath(positional.map(pathText));
    }),
  ],
  define('basename', ['p'], (path) => splitPath(pathText(path))[1]),
  define('dirname', ['p'], (path) => splitPath(pathText(path))[0]),
  define('split', ['p'], (path) => tuple(splitPath(pathText(path)))),
  define('splitext', ['p'], (path) => tuple(splitExtension(pathText(path)))),
  define('normpath', ['path'], (path) => normalPath(pathText(path))),
  define('isabs', ['s'], (path) => pathText(path).startsWith('/')),
];

const tuple = (items: Value[]): Value => new Tuple(items);

const COPY: [string, Value][] = [
  define('deepcopy', ['x'], (value) => deepCopy(value)),
  define('copy', ['x'], (value) => {
    if (Array.isArray(value)) return [...value];
    if (value instanceof Dict) return shallowCopy(value);
    return value instanceof SetOf ? new SetOf(value.items.values()) : value;
  }),
];

const path = new Namespace('os.path', new Map(PATH));
const MODULES = new Map<string, Namespace>([
  ['math', new Namespace('math', new Map(MATH))],
  [
    'os',
    new Namespace(
      'os',
      new Map<string, Value>([
        ['path', path],
        ['sep', '/'],
      ]),
    ),
  ],
  ['os.path', path],
  ['copy', new Namespace('copy', new Map(COPY))],
  ['collections', new Namespace('collections', new Map([['OrderedDict', BUILTINS.get('dict') as Value]]))],
]);

/** A standard module; one that configs do not use has no members. */
export const standardModule = (name: string): Namespace => MODULES.get(name) ?? new Namespace(name, new Map());

export const MODULE_NAMES = [...MODULES.keys()];
