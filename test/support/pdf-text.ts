// The text of a PDF that pdf-lib wrote: its pages, and what its properties say.

import { inflateSync } from 'node:zlib';

const inflated = (bytes: Buffer): string => {
  try {
    return inflateSync(bytes).toString('latin1');
  } catch {
    return bytes.toString('latin1');
  }
};

/** Of a hexadecimal string: UTF-16 where it says so, otherwise Windows-1252. */
function decoded(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return bytes.subarray(2).swap16().toString('utf16le');
  return new TextDecoder('windows-1252').decode(bytes);
}

export function pdfText(file: Buffer): string {
  const raw = file.toString('latin1');
  const streams = [...raw.matchAll(/stream\n([\s\S]*?)\nendstream/g)].map(([, body = '']) =>
    inflated(Buffer.from(body, 'latin1')),
  );
  return streams
    .flatMap((each) => [...each.matchAll(/<([0-9A-Fa-f]{2,})>/g)].map(([, hex = '']) => decoded(hex)))
    .join('\n');
}
