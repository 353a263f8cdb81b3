// The folders among what was dropped on a page. A page on disk may read them by handles alone, which not every browser has.

interface DemoFolderImage {
  name: string;
  file(): Promise<File>;
}

interface DemoFolder {
  name: string;
  /** Its files, not those of folders in it. */
  images(): Promise<DemoFolderImage[]>;
}

/** Of Chromium. */
interface DemoHandle {
  kind: 'file' | 'directory';
  name: string;
  values(): AsyncIterable<DemoHandle>;
  getFile(): Promise<File>;
}
type DemoItem = DataTransferItem & { getAsFileSystemHandle?(): Promise<DemoHandle | null> };

/** To be called in the event itself. */
function demoFolders(items: readonly DemoItem[]): DemoFolder[] {
  return items.flatMap((item) => {
    const entry = item.webkitGetAsEntry();
    if (!entry?.isDirectory) return [];
    const handle = item.getAsFileSystemHandle?.();
    const images = async () => {
      const folder = await handle?.catch(() => null);
      return folder ? demoHandleFiles(folder) : demoEntryFiles(entry as FileSystemDirectoryEntry);
    };
    return [{ name: entry.name, images }];
  });
}

async function demoHandleFiles(folder: DemoHandle): Promise<DemoFolderImage[]> {
  const found: DemoFolderImage[] = [];
  for await (const one of folder.values())
    if (one.kind === 'file') found.push({ name: one.name, file: () => one.getFile() });
  return found;
}

async function demoEntryFiles(folder: FileSystemDirectoryEntry): Promise<DemoFolderImage[]> {
  const reader = folder.createReader();
  const found: FileSystemEntry[] = [];
  try {
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) break;
      found.push(...some);
    }
  } catch (error) {
    const why = (error as Error).message;
    throw new Error(
      `Cannot read the folder "${folder.name}": this browser gives a page on disk no folders (${why}). Drop its images instead`,
    );
  }
  return found
    .filter(({ isFile }) => isFile)
    .map((entry) => ({
      name: entry.name,
      file: () => new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
    }));
}
