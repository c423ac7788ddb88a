// Addresses and CIDR ranges, IPv4 and IPv6, in their one usual form: what other readers would take for another address
// (`010.0.0.1`, `127.1`, `1`, a zone, IPv4 written as IPv6) is none.

import ipaddr from 'ipaddr.js';

function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text)) return ipaddr.IPv6.parse(text);
  return undefined;
}

/** Whether `address` is in one of the ranges. IPv4 written as IPv6 counts as IPv4. What is no address is in none. */
export function isInRanges(address: string, ranges: readonly string[]): boolean {
  if (!parse(address)) return false;
  const parsed = ipaddr.process(address);
  return ranges.some((range) => {
    const [base, bits] = ipaddr.parseCIDR(
      range.includes('/') ? range : `${range}/${range.includes(':') ? 128 : 32}`,
    );
    return parsed.kind() === base.kind() && parsed.match(base, bits);
  });
}

/** Whether it holds more addresses than a range of these bits. */
export function isWider(range: string, { v4, v6 }: { v4: number; v6: number }): boolean {
  const [address = '', bits] = range.split('/');
  return bits !== undefined && Number(bits) < (address.includes(':') ? v6 : v4);
}

/** Why a text is no range, and what it may have meant. */
export type RangeProblem =
  | { kind: 'address' }
  /** IPv4 written as IPv6 would never be met. */
  | { kind: 'mapped'; instead: string }
  /** `most`: bits of an address of its kind. */
  | { kind: 'width'; most: number }
  /** It does not begin with its own first address. */
  | { kind: 'host'; instead: string };

/** undefined for an address, or a range that begins with its own first address. */
export function rangeProblem(text: string): RangeProblem | undefined {
  const [address = '', bits, more] = text.split('/');
  const parsed = parse(address);
  if (!parsed || more !== undefined) return { kind: 'address' };
  if (parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress())
    return { kind: 'mapped', instead: parsed.toIPv4Address().toString() };
  if (bits === undefined) return undefined;
  const isV4 = parsed.kind() === 'ipv4';
  const most = isV4 ? 32 : 128;
  if (!/^(0|[1-9]\d{0,2})$/.test(bits) || Number(bits) > most) return { kind: 'width', most };
  const first = (isV4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(text).toString();
  return first === parsed.toString() ? undefined : { kind: 'host', instead: `${first}/${bits}` };
}

export const isRange = (text: string): boolean => rangeProblem(text) === undefined;
