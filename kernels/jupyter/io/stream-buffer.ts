// Gathers console output for a few milliseconds into one `stream` message, so that 100,000 lines are some hundred
// messages.

const GATHER_MS = 20;
const GATHER_BYTES = 256 * 1024;

interface Gathered {
  name: string;
  parent: number;
  texts: string[];
  bytes: number;
}

export class StreamBuffer {
  private gathered: Gathered | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** @param publish sends one text of a stream */
  constructor(private readonly publish: (name: string, text: string, parent: number, bytes: number) => void) {}

  write(name: string, text: string, parent: number): void {
    if (this.gathered && (this.gathered.name !== name || this.gathered.parent !== parent)) this.flush();
    this.gathered ??= { name, parent, texts: [], bytes: 0 };
    this.gathered.texts.push(text);
    this.gathered.bytes += text.length;
    if (this.gathered.bytes > GATHER_BYTES) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.gathered) return;
    const { name, parent, texts, bytes } = this.gathered;
    this.gathered = undefined;
    this.publish(name, texts.join(''), parent, bytes);
  }
}
