// A text that a regular expression matches: its first alternatives, each as often as it has to be. Pure. What it does not
// know (look-around, back references) it takes for nothing: whoever asks looks whether the text fits.

const CLASSES: Readonly<Record<string, string>> = { d: '1', w: 'a', s: ' ', D: 'a', W: '-', S: 'a' };
const CONTROLS: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '', B: '' };
/** What is tried for a class of characters. */
const SIGNS = [...'a1A_-. /:@', ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)), 'é'];
const MAX_CHARS = 10_000;

class Reader {
  private readonly source: string;
  private at = 0;

  constructor(source: string) {
    this.source = source;
  }

  /** Up to the end, or the bracket that closes it. */
  alternatives(): string {
    const first = this.sequence();
    while (this.takes('|')) this.sequence();
    return first;
  }

  private takes(sign: string): boolean {
    if (!this.source.startsWith(sign, this.at)) return false;
    this.at += sign.length;
    return true;
  }

  private sequence(): string {
    let text = '';
    while (this.at < this.source.length && !/[|)]/.test(this.source[this.at] ?? '')) {
      const part = this.part();
      const times = this.times();
      if (text.length + part.length * times > MAX_CHARS) throw new RangeError('too long');
      text += part.repeat(times);
    }
    return text;
  }

  private part(): string {
    if (this.takes('(')) return this.group();
    if (this.takes('[')) return this.oneOf();
    if (this.takes('\\')) return this.escaped();
    if (this.takes('^') || this.takes('$')) return '';
    if (this.takes('.')) return 'a';
    return this.source[this.at++] ?? '';
  }

  private group(): string {
    const isLook = ['?=', '?!', '?<=', '?<!'].some((look) => this.takes(look));
    if (!isLook && !this.takes('?:') && this.takes('?<')) this.at = this.source.indexOf('>', this.at) + 1;
    const text = this.alternatives();
    this.takes(')');
    return isLook ? '' : text;
  }

  private escaped(): string {
    const sign = this.source[this.at++] ?? '';
    if (sign === 'p' || sign === 'P') {
      this.at = this.source.indexOf('}', this.at) + 1;
      return 'a';
    }
    return CLASSES[sign] ?? CONTROLS[sign] ?? (/[1-9k]/.test(sign) ? '' : sign);
  }

  /** Whichever sign the class itself takes. */
  private oneOf(): string {
    const start = this.at;
    for (let isFirst = true; isFirst || this.source[this.at] !== ']'; isFirst = false) {
      if (this.at >= this.source.length) return '';
      this.at += this.source[this.at] === '\\' ? 2 : 1;
    }
    const body = this.source.slice(start, this.at);
    this.at += 1;
    const is = new RegExp(`^[${body}]$`);
    return SIGNS.find((sign) => is.test(sign)) ?? '';
  }

  private times(): number {
    const least = this.takes('?') || this.takes('*') ? 0 : this.takes('+') ? 1 : this.counted();
    this.takes('?');
    return least;
  }

  private counted(): number {
    const [whole, least] = /^\{(\d+)(?:,\d*)?\}/.exec(this.source.slice(this.at, this.at + 20)) ?? [];
    this.at += whole?.length ?? 0;
    return least === undefined ? 1 : Number(least);
  }
}

/** Undefined where none is found: an expression that is none, too. */
export function textFor(pattern: string): string | undefined {
  try {
    const text = new Reader(pattern).alternatives();
    return new RegExp(pattern, 'u').test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
