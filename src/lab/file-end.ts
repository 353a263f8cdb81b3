// Images by a part of their path: its last names, whole.

/**
 * Whether a path ends with a file name or with folders and a file name.
 * @example endsWithFile('/data/a/00012.jpg', 'a/00012.jpg') // true; of '12.jpg' false
 */
export const endsWithFile = (path: string, asked: string): boolean => {
  const end = withSlashes(asked).replace(/^(\.\/)+/, '');
  return end !== '' && `/${withSlashes(path)}`.endsWith(end.startsWith('/') ? end : `/${end}`);
};

const withSlashes = (path: string): string => path.replaceAll('\\', '/');
